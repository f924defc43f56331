/* SPDX-License-Identifier: MIT */
/* test_checks.c - misuse that a library built with -Dchecks=true stops at, by name: children left unjoined.
 *
 * - Each misuse happens in a process of its own, whose standard error is read: it has to die by abort and say why.
 */
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include <weft/weft.h>

#include "child.h"

static atomic_int taken;

WEFT_TASK_VOID(leaf)

void leaf(void)
{
}

static void leave_one_behind(void *arg)
{
    (void)arg;
    weft_fork(leaf, child);
    (void)child;
}

WEFT_TASK_VOID(forgetful)

void forgetful(void)
{
    weft_fork(leaf, child);
    (void)child;
    atomic_store(&taken, 1);
}

static void wait_for_a_forgetful_thief(void *arg)
{
    (void)arg;
    weft_fork(forgetful, child);
    while (!atomic_load(&taken))
        sched_yield();
    weft_join(forgetful, child);
}

static void join_it(void *arg)
{
    (void)arg;
    weft_fork(leaf, child);
    weft_join(leaf, child);
}

struct misuse {
    void (*root)(void *);
    const char *words; /* NULL: none, it is right */
};

static int run(void *arg)
{
    const struct misuse *m = arg;
    weft_pool *pool;
    if (weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2)))
        return 3;
    weft_run(pool, m->root, NULL);
    return weft_pool_destroy(pool) ? 4 : 0;
}

/* What the child wrote to standard error, in text; its status. */
static int heard(struct misuse *m, char *text, size_t bytes)
{
    int ends[2], before = dup(STDERR_FILENO);
    if (before < 0 || pipe(ends))
        return 999;
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    int status = in_child(run, m, 60);
    dup2(before, STDERR_FILENO);
    close(before);
    ssize_t n = read(ends[0], text, bytes - 1);
    text[n > 0 ? n : 0] = 0;
    close(ends[0]);
    return status;
}

int main(void)
{
    static struct misuse misuses[] = {
        {join_it, NULL},
        {leave_one_behind, "a guest left with children that it had not joined"},
        {wait_for_a_forgetful_thief, "a task returned with children that it had not joined"},
    };
    char text[512];
    tally_watch(360);
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        struct misuse *m = &misuses[i];
        int status = heard(m, text, sizeof text);
        CHECK(status == (m->words ? 1000 + SIGABRT : 0), "case %zu ended with %d", i, status);
        CHECK(m->words ? strstr(text, m->words) != NULL : !*text, "case %zu said: %s", i, text);
    }
    return tally_end();
}
