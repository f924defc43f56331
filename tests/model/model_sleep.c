/* SPDX-License-Identifier: MIT */
/*
 * model_sleep.c - sched/sleep.c, sched/idle.c: visible work is not stranded, and an idle pool is silent.
 *
 * Workers are the library's own (wf_idle_run), awake or asleep when their threads begin; others submit, fork, leave or
 * block. Who has published something stays in a long call until somebody else has run it: a worker that sleeps
 * meanwhile is a deadlock. In the end each task has run once and all workers sleep without a timeout.
 */
#include "pool.h"

#include "par/fork.h"
#include "sched/seat.h"

static weft_pool *pool;
static wf_task *task[2];
static int runs[2], child_ran, met[2];
static wf_visit visit;

WEFT_TASK_VOID(child, int)
WEFT_TASK_VOID(meets, int)
void child(int unused)
{
    (void)unused;
    child_ran++;
}

/* Two of these end only if two threads run them. */
void meets(int which)
{
    met[which]++;
    model_long_call(&met[!which]);
}

static int body_meets(void *which)
{
    meets(which == &runs[1]);
    return 0;
}

static int body(void *arg)
{
    ++*(int *)arg;
    return 0;
}

/* That nobody had to wait for a nap's end. */
static int body_in_time(void *arg)
{
    mc_assert(mc_timeouts() == 0);
    return body(arg);
}

/* ---- how it begins ------------------------------------------------------------------------------- */

static void make(unsigned workers, unsigned seats)
{
    pool = model_pool(workers, seats);
    for (unsigned i = 0; i < 2; i++)
        task[i] = model_task(pool, body, &runs[i]);
    model_cpu = -1;
}

static void one_awake(void)
{
    make(1, 0);
}
static void one_asleep(void)
{
    make(1, 0);
    model_lies_asleep(pool, 0);
}
static void two_awake(void)
{
    make(2, 0);
}
static void two_asleep(void)
{
    make(2, 0);
    model_lies_asleep(pool, 0);
    model_lies_asleep(pool, 1);
}

/* Worker 0 in a long nap, worker 1 asleep. */
static void long_nap(void)
{
    make(2, 1);
    model_lies_asleep(pool, 1);
    (void)wf_nap_begin(wf_worker_at(pool, 0), true);
}
static void long_nap_in_time(void)
{
    long_nap();
    task[0] = model_task(pool, body_in_time, &runs[0]);
}

/* A guest is inside and worker 1 active: there is no place for worker 0. */
static void no_place(void)
{
    make(2, 1);
    wf_seat_enter(pool, &visit);
}
static void no_place_awake(void)
{
    no_place();
    model_is_active(pool, 1);
}
static void no_place_asleep(void)
{
    no_place();
    model_lies_asleep(pool, 0);
    model_is_active(pool, 1);
}

/* The guest runs where worker 0 should. */
static void shared_pu(void)
{
    make(2, 1);
    pool->machine->here = true;
    model_cpu = 0;
    wf_seat_enter(pool, &visit);
    model_cpu = -1;
    model_lies_asleep(pool, 1);
}

static void two_that_meet(void)
{
    two_asleep();
    for (unsigned i = 0; i < 2; i++)
        task[i] = model_task(pool, body_meets, &runs[i]);
}
static void two_asleep_and_a_seat(void)
{
    make(2, 1);
    model_lies_asleep(pool, 0);
    model_lies_asleep(pool, 1);
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
/* As nap() in idle.c goes on. */
static void napper0(void)
{
    wf_worker *self = model_be(pool, 0);
    wf_park(&self->parker, WF_NAP_MAX_NS);
    wf_nap_end(self);
    wf_idle_run(self);
}
static void submit0(void)
{
    wf_tasks_submit(pool, NULL, task[0]);
}
static void submit1(void)
{
    wf_tasks_submit(pool, NULL, task[1]);
}

static void fork_and_stay(void)
{
    weft_fork(child, handle, 0);
    model_long_call(&child_ran);
    weft_join(child, handle);
}
/* What an active worker was running; then it rests. */
static void forks1(void)
{
    wf_worker *self = model_be(pool, 1);
    fork_and_stay();
    model_rest(self);
}
static void blocks1(void)
{
    wf_worker *self = model_be(pool, 1);
    wf_block_begin(self, WF_FOR_FUTURE, task[0]);
    model_long_call(&child_ran);
    wf_block_end(self);
    model_rest(self);
}
static void rests1(void)
{
    model_rest(model_be(pool, 1));
}
static void guest_forks(void)
{
    (void)model_be(pool, 2);
    fork_and_stay();
    wf_seat_leave(&visit);
}
static void guest_leaves(void)
{
    (void)model_be(pool, 2);
    wf_seat_leave(&visit);
}
/* As sleep_for() in future.c. */
static void guest_blocks(void)
{
    wf_visit here;
    wf_seat_enter(pool, &here);
    weft_fork(child, handle, 0);
    (void)wf_stack_publish_all(&here.seat->stack);
    wf_block_begin(here.seat, WF_FOR_FUTURE, task[0]);
    model_long_call(&child_ran);
    mc_assert(mc_timeouts() == 0);
    wf_block_end(here.seat);
    weft_join(child, handle);
    wf_seat_leave(&here);
}

static void submits_both(void)
{
    submit0();
    submit1();
}
static void fork_two_and_block(wf_worker *self)
{
    weft_fork(meets, a, 0);
    weft_fork(meets, b, 1);
    (void)wf_stack_publish_all(&self->stack);
    wf_block_begin(self, WF_FOR_FUTURE, task[0]);
    model_long_call(&met[0]);
    model_long_call(&met[1]);
    wf_block_end(self);
    weft_join(meets, b);
    weft_join(meets, a);
}
static void guest_blocks_for_two(void)
{
    wf_visit here;
    wf_seat_enter(pool, &here);
    fork_two_and_block(here.seat);
    wf_seat_leave(&here);
}
static void guest_inside_blocks_for_two(void)
{
    fork_two_and_block(model_be(pool, 2));
    wf_seat_leave(&visit);
}

/* ---- what must hold ------------------------------------------------------------------------------- */

static void one_ran(void)
{
    mc_assert(runs[0] == 1);
    model_all_sleep(pool);
}
static void both_ran(void)
{
    mc_assert(runs[0] == 1 && runs[1] == 1);
    model_all_sleep(pool);
}
static void child_has_run(void)
{
    mc_assert(child_ran == 1);
    model_all_sleep(pool);
}

static void both_met(void)
{
    mc_assert(met[0] == 1 && met[1] == 1);
    model_all_sleep(pool);
}

static const mc_scenario scenarios[] = {
    {.name = "task_for_one_that_sleeps",
     .setup = one_asleep,
     .thread = {sleeper0, submit0},
     .check = one_ran,
     .daemons = 1,
     .bound = 4,
     MODEL_POOL},
    {.name = "task_for_one_that_falls_asleep",
     .setup = one_awake,
     .thread = {worker0, submit0},
     .check = one_ran,
     .daemons = 1,
     .bound = 4,
     MODEL_POOL},
    {.name = "two_wakers_one_sleeper",
     .setup = one_asleep,
     .thread = {sleeper0, submit0, submit1},
     .check = both_ran,
     .daemons = 1,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "task_for_two_that_sleep",
     .setup = two_asleep,
     .thread = {sleeper0, sleeper1, submit0},
     .check = one_ran,
     .daemons = 3,
     .stale = 1,
     .bound = 3,
     MODEL_POOL},
    {.name = "task_for_two_that_fall_asleep",
     .setup = two_awake,
     .thread = {worker0, worker1, submit0},
     .check = one_ran,
     .daemons = 3,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "nap_ends_early",
     .setup = two_awake,
     .thread = {worker0, worker1, submit0},
     .check = one_ran,
     .daemons = 3,
     .timeouts = 1,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "two_tasks_for_two_that_sleep",
     .setup = two_asleep,
     .thread = {sleeper0, sleeper1, submit0, submit1},
     .check = both_ran,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "long_nap_ends_at_a_task",
     .setup = long_nap_in_time,
     .thread = {napper0, sleeper1, submit0},
     .check = one_ran,
     .daemons = 3,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "long_nap_ends_at_two_tasks",
     .setup = long_nap,
     .thread = {napper0, sleeper1, submit0, submit1},
     .check = both_ran,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "long_nap_ends_at_a_block",
     .setup = long_nap,
     .thread = {napper0, sleeper1, guest_blocks},
     .check = child_has_run,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "guest_leaves_a_searcher_without_place",
     .setup = no_place_awake,
     .thread = {worker0, forks1, guest_leaves},
     .check = child_has_run,
     .daemons = 3,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "guest_leaves_a_sleeper_without_place",
     .setup = no_place_asleep,
     .thread = {sleeper0, forks1, guest_leaves},
     .check = child_has_run,
     .daemons = 3,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "worker_blocks_a_searcher_without_place",
     .setup = no_place_awake,
     .thread = {worker0, blocks1, guest_forks},
     .check = child_has_run,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "worker_blocks_a_sleeper_without_place",
     .setup = no_place_asleep,
     .thread = {sleeper0, blocks1, guest_forks},
     .check = child_has_run,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "worker_rests_a_sleeper_without_place",
     .setup = no_place_asleep,
     .thread = {sleeper0, rests1, guest_forks},
     .check = child_has_run,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "two_tasks_that_meet",
     .setup = two_that_meet,
     .thread = {sleeper0, sleeper1, submits_both},
     .check = both_met,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "two_children_that_meet",
     .setup = two_asleep_and_a_seat,
     .thread = {sleeper0, sleeper1, guest_blocks_for_two},
     .check = both_met,
     .daemons = 3,
     .stale = 1,
     .bound = 0,
     MODEL_POOL},
    {.name = "two_children_that_meet_where_one_gives_way",
     .setup = shared_pu,
     .thread = {worker0, sleeper1, guest_inside_blocks_for_two},
     .check = both_met,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "worker_gives_way_to_a_guest",
     .setup = shared_pu,
     .thread = {worker0, sleeper1, guest_forks},
     .check = child_has_run,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
