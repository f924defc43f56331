/* SPDX-License-Identifier: MIT */
/*
 * model_private.c - what keeps private children from being stranded while others sleep: sched/sleep.c, sched/idle.c, with
 * par/fork.c and sched/steal.c.
 *
 * Somebody forks and then is in a long plain call until others have run what it forked: it cannot answer, and whoever
 * sleeps for ever, or naps without forcing, is found. With force (the barrier in all threads) everything must be run;
 * without it the first child of an activity.
 */
#include "pool.h"

#include "par/fork.h"
#include "sched/seat.h"

WEFT_TASK_VOID(child, int)
WEFT_TASK_VOID(parent, int)

static weft_pool *pool;
static wf_task *task;
static int runs[3], parents;

void child(int which)
{
    runs[which]++;
}

/* ---- how it begins ------------------------------------------------------------------------------- */

static void two_asleep(void)
{
    pool = model_pool(2, 1);
    model_lies_asleep(pool, 0);
    model_lies_asleep(pool, 1);
}
static void two_asleep_no_force(void)
{
    two_asleep();
    pool->force = false;
}
static void one_awake(void)
{
    pool = model_pool(2, 1);
    model_lies_asleep(pool, 1);
}
static void one_awake_no_force(void)
{
    one_awake();
    pool->force = false;
}
/* Nobody has been active for so long that the one awake is about to sleep for good. */
static void long_quiet(void)
{
    one_awake();
    wf_worker_at(pool, 0)->quiet_since = -WF_GRACE_NS;
}
static void long_quiet_no_force(void)
{
    long_quiet();
    pool->force = false;
}
static void two_awake(void)
{
    pool = model_pool(2, 1);
}

/* ---- who takes part ------------------------------------------------------------------------------- */

static void worker0(void)
{
    model_work(pool, 0);
}
static void worker1(void)
{
    model_work(pool, 1);
}
static void sleeper0(void)
{
    model_wake_up(pool, 0);
}
static void sleeper1(void)
{
    model_wake_up(pool, 1);
}

static void sleeper2(void)
{
    model_wake_up(pool, 2);
}

static void fork_one(void)
{
    weft_fork(child, a, 0);
    model_long_call(&runs[0]);
    weft_join(child, a);
}
/* The first one may answer a request, or an offer; nothing tells that another one follows. */
static void fork_another(void)
{
    weft_fork(child, a, 0);
    weft_join(child, a);
    weft_fork(child, b, 1);
    model_long_call(&runs[1]);
    weft_join(child, b);
}
static void fork_three(void)
{
    weft_fork(child, a, 0);
    weft_fork(child, b, 1);
    weft_fork(child, c, 2);
    for (unsigned i = 0; i < 3; i++)
        model_long_call(&runs[i]);
    weft_join(child, c);
    weft_join(child, b);
    weft_join(child, a);
}

void parent(int unused)
{
    (void)unused;
    parents++;
    fork_one();
}
/* Its child, run by another, is the one that forks. */
static void fork_a_parent(void)
{
    weft_fork(parent, p, 0);
    model_long_call(&parents);
    weft_join(parent, p);
}

static void visit(void (*fn)(void))
{
    wf_visit here;
    wf_seat_enter(pool, &here);
    fn();
    wf_seat_leave(&here);
}
static void guest_one(void)
{
    visit(fork_one);
}
static void guest_another(void)
{
    visit(fork_another);
}
static void guest_three(void)
{
    visit(fork_three);
}
static void guest_parent(void)
{
    visit(fork_a_parent);
}

static int task_forks(void *unused)
{
    (void)unused;
    fork_one();
    return 0;
}
/* In a long call until the guest's child has run: not by this worker. */
static int task_stays(void *unused)
{
    (void)unused;
    model_long_call(&runs[0]);
    return 0;
}
static void submits(void)
{
    wf_tasks_submit(pool, NULL, task);
}
static void task_that_forks(void)
{
    two_asleep();
    task = model_task(pool, task_forks, NULL);
}
static void task_that_forks_no_force(void)
{
    task_that_forks();
    pool->force = false;
}
/* The only one awake is about to take a task that keeps it busy. There is a place for a third. */
static void task_that_stays(void)
{
    pool = model_pool(3, 1);
    model_lies_asleep(pool, 1);
    model_lies_asleep(pool, 2);
    wf_tasks_submit(pool, NULL, model_task(pool, task_stays, NULL));
}
/* ---- what must hold ------------------------------------------------------------------------------- */

static void ran(void)
{
    mc_assert(runs[0] == 1 && runs[1] <= 1 && runs[2] <= 1 && parents <= 1);
    model_all_sleep(pool);
}

static const mc_scenario scenarios[] = {
    {.name = "one_child_in_an_idle_pool",
     .setup = two_asleep,
     .thread = {guest_one, sleeper0, sleeper1},
     .check = ran,
     .daemons = 6,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "one_child_in_an_idle_pool_without_force",
     .setup = two_asleep_no_force,
     .thread = {guest_one, sleeper0, sleeper1},
     .check = ran,
     .daemons = 6,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "one_child_while_one_falls_asleep",
     .setup = one_awake,
     .thread = {guest_one, worker0, sleeper1},
     .check = ran,
     .daemons = 6,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "one_child_while_one_falls_asleep_without_force",
     .setup = one_awake_no_force,
     .thread = {guest_one, worker0, sleeper1},
     .check = ran,
     .daemons = 6,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "one_child_after_long_quiet",
     .setup = long_quiet,
     .thread = {guest_one, worker0, sleeper1},
     .check = ran,
     .daemons = 6,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "one_child_after_long_quiet_without_force",
     .setup = long_quiet_no_force,
     .thread = {guest_one, worker0, sleeper1},
     .check = ran,
     .daemons = 6,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "one_child_while_two_fall_asleep",
     .setup = two_awake,
     .thread = {guest_one, worker0, worker1},
     .check = ran,
     .daemons = 6,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "another_child_after_the_answer",
     .setup = two_asleep,
     .thread = {guest_another, sleeper0, sleeper1},
     .check = ran,
     .daemons = 6,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "another_child_after_the_answer_to_one_awake",
     .setup = one_awake,
     .thread = {guest_another, worker0, sleeper1},
     .check = ran,
     .daemons = 6,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "the_answer_was_one_small_leaf",
     .setup = two_asleep,
     .thread = {guest_three, sleeper0, sleeper1},
     .check = ran,
     .daemons = 6,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "a_task_forks_one",
     .setup = task_that_forks,
     .thread = {submits, sleeper0, sleeper1},
     .check = ran,
     .daemons = 6,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "a_task_forks_one_without_force",
     .setup = task_that_forks_no_force,
     .thread = {submits, sleeper0, sleeper1},
     .check = ran,
     .daemons = 6,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "the_watcher_leaves_with_a_task",
     .setup = task_that_stays,
     .thread = {guest_one, worker0, sleeper1, sleeper2},
     .check = ran,
     .daemons = 14,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "a_stolen_child_forks_one",
     .setup = two_asleep,
     .thread = {guest_parent, sleeper0, sleeper1},
     .check = ran,
     .daemons = 6,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
