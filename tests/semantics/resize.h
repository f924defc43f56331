/* SPDX-License-Identifier: MIT */
/* resize.h - what the tests of pools that change in size share: such a pool, and work of all kinds for it.
 *
 * - The pools under test have room for four workers more than they begin with.
 * - A worker that was to stop has stopped when weft_worker_inspect says so.
 */
#ifndef WEFT_TESTS_RESIZE_H
#define WEFT_TESTS_RESIZE_H

#include "sem.h"

#include <dirent.h>

#define MORE 4

static UNUSED int most(void)
{
    return sem_threads() + MORE;
}

static UNUSED weft_pool *wide_pool(void)
{
    weft_pool *pool = NULL;
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .workers_max = most()));
    cr_assert_eq(err, 0, "%s", weft_strerror(err));
    return pool;
}

static UNUSED void resize(weft_pool *pool, int places)
{
    int err = weft_pool_resize(pool, places);
    cr_assert_eq(err, 0, "to %d: %s", places, weft_strerror(err));
    cr_assert_eq(weft_pool_workers(pool), places);
}

static UNUSED int threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    int count = 0;
    for (struct dirent *e; dir && (e = readdir(dir));)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

/* A thread that was joined may stand in /proc for a moment. */
static UNUSED void until_threads(int count)
{
    while (threads() != count)
        sched_yield();
}

/* ---- work of all kinds --------------------------------------------------------------------------- */

static WEFT_TASK(long, fib, int)

    static long fib(int n)
{
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

static UNUSED void run_fib(void *result)
{
    *(long *)result = fib(16);
}

static UNUSED void add_range(size_t begin, size_t end, void *sum)
{
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add((atomic_size_t *)sum, i);
}

static UNUSED int twice(void *out, const void *in, void *ctx)
{
    (void)ctx;
    *(int *)out = 2 * *(const int *)in;
    return 0;
}

static UNUSED int count_up(void *counter)
{
    atomic_fetch_add((atomic_int *)counter, 1);
    return 0;
}

/* Waits for others in the middle of a task. */
static UNUSED int wait_in_a_task(void *counter)
{
    weft_future *inner;
    int status = -1;
    int err = weft_submit(NULL, count_up, counter, &inner);
    if (err)
        return err;
    err = weft_future_get(inner, &status);
    weft_future_release(inner);
    return err ? err : status;
}

static UNUSED void submit_and_collect(weft_pool *pool)
{
    weft_future *future[30];
    atomic_int ran = 0;
    int status;
    for (int i = 0; i < 30; i++)
        cr_assert_eq(weft_submit(sem_door(pool), i % 3 ? count_up : wait_in_a_task, &ran, &future[i]), 0);
    for (int i = 0; i < 30; i++) {
        cr_assert_eq(weft_future_get(future[i], &status), 0);
        cr_assert_eq(status, 0);
        weft_future_release(future[i]);
    }
    cr_assert_eq(ran, 30);
}

static UNUSED void use(weft_pool *pool)
{
    int numbers[200];
    long result = 0;
    atomic_size_t sum = 0;
    cr_assert_eq(weft_run(pool, run_fib, &result), 0);
    cr_assert_eq(result, 987);
    cr_assert_eq(weft_parallel_for(pool, 0, 2000, add_range, &sum), 0);
    cr_assert_eq(sum, 1999000);
    for (int i = 0; i < 200; i++)
        numbers[i] = i;
    cr_assert_eq(
        weft_parallel_map(pool, twice, numbers, sizeof *numbers, numbers, sizeof *numbers, 200, NULL), 0);
    for (int i = 0; i < 200; i++)
        cr_assert_eq(numbers[i], 2 * i);
    submit_and_collect(pool);
}

/* Until nobody works any more who has no place. */
static UNUSED void until_settled(weft_pool *pool)
{
    weft_worker_info info = {.size = sizeof info};
    for (int i = 0; i < most(); i++)
        while (weft_worker_inspect(pool, i, &info) == 0 && info.place < 0)
            sched_yield();
}

#endif
