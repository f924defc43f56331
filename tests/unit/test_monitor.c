/* SPDX-License-Identifier: MIT */
/* sched/monitor: who runs what a worker in a long call has forked. */
#include "sched/monitor.h"

#include <criterion/criterion.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <weft/weft.h>

#include "sched/self.h"

static weft_pool *pool;
static atomic_int begun, runner; /* 1 + worker */

WEFT_TASK_VOID(note_who)

void note_who(void)
{
    atomic_store(&runner, 1 + weft_worker_index());
}

/* Nobody has asked it for anything when it forks; then it is in a long call. */
static void fork_unasked(wf_worker *self)
{
    (void)wf_stack_calm(&self->stack);
    weft_fork(note_who, child);
    while (!atomic_load(&runner))
        sched_yield();
    weft_join(note_who, child);
}

WEFT_TASK(int, compute, int)

/* Its joiner is the other one of two workers. */
int compute(int joiner)
{
    atomic_store(&begun, 1);
    while (!wf_park_sleeps(&wf_worker_at(pool, (unsigned)joiner)->parker))
        sched_yield();
    fork_unasked(wf_self());
    return atomic_load(&runner) - 1;
}

/* Did it run on this worker what the other one forked? */
static int join_another(void *arg)
{
    (void)arg;
    int self = weft_worker_index();
    weft_fork(compute, child, self);
    while (!atomic_load(&begun))
        sched_yield();
    return weft_join(compute, child) != self;
}

static bool force_possible(void)
{
    long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    return commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

/* In a pool of its own: by the joiner, and nobody was called? */
static bool joiner_runs_it(void)
{
    weft_counters c = WEFT_COUNTERS_INIT;
    weft_executor *own;
    weft_future *future;
    int status = -1;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2, .take_over = WEFT_NONE)), 0);
    cr_assert_eq(weft_pool_executor(pool, &own), 0);
    atomic_store(&begun, 0);
    atomic_store(&runner, 0);
    cr_assert_eq(weft_submit(own, join_another, NULL, &future), 0);
    cr_assert_eq(weft_future_wait(future, WEFT_FOREVER), 0);
    cr_assert_eq(weft_future_get(future, &status), 0);
    weft_future_release(future);
    cr_assert_eq(weft_pool_counters(pool, -1, &c), 0);
    cr_assert_eq(weft_pool_destroy(pool), 0);
    return status == 0 && c.spares == 0;
}

/* A monitor that gets no CPU in the middle of a look may call a spare too many: seldom. */
Test(monitor, who_sleeps_at_a_join_is_woken_for_what_its_thief_shows_by_force, .timeout = 60)
{
    int rounds = 20, so = 0;
    if (!force_possible())
        cr_skip_test("membarrier(2) is not allowed here");
    for (int i = 0; i < rounds; i++)
        so += joiner_runs_it();
    cr_assert_geq(so, rounds - 5, "in %d of %d rounds", so, rounds);
}
