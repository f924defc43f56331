/* SPDX-License-Identifier: MIT */
/* sched/monitor: who runs what a worker in a long call has forked. */
#include "sched/monitor.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <weft/weft.h>

#include "base/tunables.h"
#include "sched/arm.h"
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

/* ---- a guest that nobody watches ------------------------------------------------------------------ */

static int pipe_ends[2];

static int read_unannounced(void *arg)
{
    char byte;
    (void)arg;
    return read(pipe_ends[0], &byte, 1) != 1;
}

/* So many have been found standing still. */
static void until_still(uint64_t count)
{
    weft_counters c = WEFT_COUNTERS_INIT;
    while (weft_pool_counters(pool, -1, &c) == 0 && c.stills < count)
        sched_yield();
}

/* The monitor has looked round so often, or sees no more reason to. */
static void until_looked(int looks)
{
    const wf_monitor *m = &pool->monitor;
    int64_t last = 0;
    for (int seen = 0; seen < looks && wf_load_relaxed(&m->state) != WF_PARKED; sched_yield()) {
        int64_t now = wf_load_relaxed(&m->looked_ns);
        seen += now != last;
        last = now;
    }
}

/* With the guest and who reads all places were held, and the other worker fell asleep: the monitor alone knows that one is
 * free again, and that the guest may fork. */
static void fork_late(void *own)
{
    cr_assert_eq(weft_submit(own, read_unannounced, NULL, NULL), 0);
    until_still(1);
    until_looked(3 * WF_MONITOR_LINGERS);
    fork_unasked(wf_self());
}

static int guest_ends[2];

WEFT_TASK_VOID(let_guest_go)

void let_guest_go(void)
{
    (void)!write(guest_ends[1], "", 1);
}

/* When both stand still, and the monitor has nothing to do any more. */
static void *let_guest_fork(void *unused)
{
    until_still(2);
    until_looked(INT_MAX);
    let_guest_go();
    return unused;
}

/* It stands still, runs for a moment, and stands still again until its child has run. */
static void fork_in_between(void *own)
{
    char byte;
    cr_assert_eq(weft_submit(own, read_unannounced, NULL, NULL), 0);
    until_still(1);
    cr_assert_eq(read(guest_ends[0], &byte, 1), 1);
    (void)wf_stack_calm(&wf_self()->stack);
    weft_fork(let_guest_go, child);
    cr_assert_eq(read(guest_ends[0], &byte, 1), 1);
    weft_join(let_guest_go, child);
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
Test(monitor, who_sleeps_at_a_join_is_woken_for_what_its_thief_shows_by_force, .timeout = 240)
{
    int rounds = 20, so = 0;
    if (!force_possible())
        cr_skip_test("membarrier(2) is not allowed here");
    for (int i = 0; i < rounds; i++)
        so += joiner_runs_it();
    cr_assert_geq(so, rounds - 5, "in %d of %d rounds", so, rounds);
}

/* Two workers, one of which reads from a pipe; and this guest. */
static void run_beside_reader(void (*guest)(void *own))
{
    weft_executor *own;
    if (!force_possible())
        cr_skip_test("membarrier(2) is not allowed here");
    cr_assert(!pipe(pipe_ends) && !pipe(guest_ends));
    cr_assert_eq(weft_pool_executor(pool, &own), 0);
    cr_assert_eq(weft_run(pool, guest, own), 0);
    cr_assert_eq(write(pipe_ends[1], "", 1), 1);
    cr_assert_eq(weft_pool_destroy(pool), 0);
}

Test(monitor, who_forks_late_beside_one_that_stands_still_is_watched, .timeout = 240)
{
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2)), 0);
    run_beside_reader(fork_late);
}

Test(monitor, who_stands_still_and_forks_in_between_is_watched, .timeout = 240)
{
    pthread_t thread;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2)), 0);
    cr_assert_eq(pthread_create(&thread, NULL, let_guest_fork, NULL), 0);
    run_beside_reader(fork_in_between);
    pthread_join(thread, NULL);
}
