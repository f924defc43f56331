/* SPDX-License-Identifier: MIT */
/* insights.h - what the tests of counters and dumps share.
 *
 * - Sums are exact where the program decides them; everything else is brought about by gates, and looked at until it is
 *   there: what never comes is a hang, which the time limit ends.
 */
#ifndef WEFT_TESTS_INSIGHTS_H
#define WEFT_TESTS_INSIGHTS_H

#define WEFT_COUNT_FORKS
#include "sem.h"
#include <ctype.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static UNUSED weft_counters counted(weft_pool *pool, int index)
{
    weft_counters c = WEFT_COUNTERS_INIT;
    int err = weft_pool_counters(pool, index, &c);
    cr_assert_eq(err, 0, "counters: %s", weft_strerror(err));
    return c;
}

static UNUSED char text[60000];

/* What the dump says just now. */
static UNUSED void dump(weft_pool *pool)
{
    int fds[2];
    size_t all = 0;
    ssize_t n;
    cr_assert_eq(pipe(fds), 0);
    int err = weft_dump(pool, fds[1]);
    cr_assert_eq(err, 0, "dump: %s", weft_strerror(err));
    close(fds[1]);
    while ((n = read(fds[0], text + all, sizeof text - 1 - all)) > 0)
        all += (size_t)n;
    text[all] = 0;
    close(fds[0]);
}

static UNUSED int lines_with(const char *start, const char *part)
{
    int found = 0;
    for (char *line = text, *end; *line && (end = strchr(line, '\n')); *end = '\n', line = end + 1) {
        *end = 0;
        found += strncmp(line, start, strlen(start)) == 0 && strstr(line, part);
    }
    return found;
}

/* Dumps until so many lines of that start have that part. */
static UNUSED void await_lines(weft_pool *pool, int count, const char *start, const char *part)
{
    for (dump(pool); lines_with(start, part) != count; dump(pool))
        sched_yield();
}

static UNUSED int step(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static UNUSED struct gate held, opened;

static UNUSED void close_gates(void)
{
    held = opened = (struct gate)GATE_INIT;
}

static UNUSED int stand(void *arg)
{
    gate_add(&held);
    gate_wait(&opened, 1);
    return arg ? 1 : 0;
}

/* All workers stand in tasks. */
static UNUSED void hold_workers(weft_pool *pool)
{
    close_gates();
    for (int i = 0; i < sem_threads(); i++)
        cr_assert_eq(weft_submit(sem_door(pool), stand, NULL, NULL), 0);
    gate_wait(&held, sem_threads());
}

WEFT_TASK(long, fib, int)

long fib(int n)
{
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

static UNUSED void run_fib(void *out)
{
    *(long *)out = fib(20);
}

static UNUSED atomic_int ran_count;
WEFT_TASK_VOID(count_one)

void count_one(void)
{
    atomic_fetch_add(&ran_count, 1);
}

#endif
