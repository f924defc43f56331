/* SPDX-License-Identifier: MIT */
/*
 * model/resize.c - sched/resize.c, sched/duty.c: a worker loses its place, or gets one, while others submit, fork, fall
 * asleep or end the pool: no work is stranded, and who is to leave stands in the end.
 *
 * Workers are the library's own (wf_idle_run). Who has published something stays in a long call until somebody else has run
 * it: what is left lying is a deadlock.
 */
#include "pool.h"

#include "par/fork.h"
#include "sched/drain.h"
#include "sched/duty.h"
#include "sched/follow.h"
#include "sched/monitor.h"
#include "sched/places.h"
#include "sched/resize.h"
#include "sched/seat.h"

static weft_pool *pool;
static wf_task *task[2];
static int runs[2], child_ran, looked;
extern bool model_sleeps;

WEFT_TASK_VOID(child, int)
void child(int unused)
{
    (void)unused;
    child_ran++;
}

static int body(void *arg)
{
    ++*(int *)arg;
    return 0;
}

static int stays(void *unused)
{
    (void)unused;
    model_long_call(&looked);
    return 0;
}

/* ---- how it begins ------------------------------------------------------------------------------- */

static void make(unsigned seats)
{
    pool = model_pool(2, seats);
    for (unsigned i = 0; i < 2; i++)
        task[i] = model_task(pool, body, &runs[i]);
    model_cpu = -1;
    model_thread = 0;
    model_sleeps = false;
    looked = 0;
    mc_name(&wf_worker_at(pool, 1)->duty, sizeof(uint32_t), "duty");
    mc_name(&pool->open, sizeof pool->open, "open");
    mc_name(&pool->started, sizeof pool->started, "started");
}

static void both_awake(void)
{
    make(0);
}
static void first_asleep(void)
{
    make(0);
    model_lies_asleep(pool, 0);
}
static void both_asleep(void)
{
    first_asleep();
    model_lies_asleep(pool, 1);
}
static void one_stands(void)
{
    make(0);
    model_is_active(pool, 0);
    model_stands(pool, 1);
}
static void one_of_two_stands(void)
{
    make(0);
    model_lies_asleep(pool, 0);
    model_stands(pool, 1);
}
/* Worker 1 was to leave, but is in the middle of something; worker 0 sleeps for want of a place. */
static void one_is_to_leave(void)
{
    first_asleep();
    model_is_active(pool, 1);
    wf_open(pool, 1);
    wf_worker_at(pool, 1)->duty = WF_LEAVES;
}
/* Worker 1 was to leave, but waits in the middle of something; worker 0 sleeps. */
static void one_waits_and_is_to_leave(void)
{
    make(1);
    model_is_active(pool, 1);
    wf_block_begin(wf_worker_at(pool, 1), WF_FOR_FUTURE, NULL);
    model_lies_asleep(pool, 0);
    wf_open(pool, 1);
    wf_worker_at(pool, 1)->duty = WF_LEAVES;
}
static void *thread_of_worker(void *worker)
{
    model_work(pool, ((wf_worker *)worker)->index);
    return NULL;
}
/* Worker 0 is active, worker 1 has never had a thread. */
static void one_alone(void)
{
    make(0);
    model_is_active(pool, 0);
    wf_sleep_absent(pool, 1);
    pool->started = pool->open = pool->reach = pool->sizing.made = 1;
    wf_worker_at(pool, 1)->made = false;
    pool->sizing.main = thread_of_worker;
    model_thread = 1;
}
/* The pool ends; worker 1 is about to leave, worker 0 asleep. */
static void one_leaves_at_the_end(void)
{
    first_asleep();
    wf_tasks_submit(pool, NULL, task[0]);
    wf_open(pool, 1);
    wf_worker_at(pool, 1)->duty = WF_LEAVES;
}
/* Worker 1 stands and looks at the machine in between. */
static void follows(void)
{
    model_stands(pool, 1);
    pool->follower = 2;
    mc_name(&pool->dozing, sizeof pool->dozing, "dozing");
}
static void one_follows(void)
{
    make(1);
    model_lies_asleep(pool, 0);
    follows();
}
/* The same, and worker 0 waits in the middle of something; or seems to stand still in it, and does not. */
static void one_follows_one_waits(void)
{
    make(1);
    model_is_active(pool, 0);
    wf_block_begin(wf_worker_at(pool, 0), WF_FOR_FUTURE, NULL);
    follows();
}
static void one_follows_one_is_still(void)
{
    make(1);
    model_is_active(pool, 0);
    mc_assert(wf_place_is_left(wf_worker_at(pool, 0)));
    follows();
}
/* The same; the monitor looks at worker 0 just as that comes from one task to the next. */
static void one_follows_one_comes_by(void)
{
    make(1);
    model_is_active(pool, 0);
    wf_worker *worker = wf_worker_at(pool, 0);
    worker->tid = worker->tid_seen = 1;
    worker->entries_looked = worker->entries;
    model_sleeps = true;
    task[0]->fn = stays;
    wf_tasks_submit(pool, NULL, task[0]);
    follows();
}

/* ---- who takes part ------------------------------------------------------------------------------ */

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
static void submit0(void)
{
    wf_tasks_submit(pool, NULL, task[0]);
}
static void shrink(void)
{
    mc_assert(!wf_resize(pool, 1));
}
static void grow(void)
{
    mc_assert(!wf_resize(pool, 2));
}
static void shrink_and_grow(void)
{
    shrink();
    grow();
}
static void grow_and_shrink(void)
{
    grow();
    shrink();
}

static void fork_and_stay(unsigned index)
{
    wf_worker *self = model_be(pool, index);
    weft_fork(child, handle, 0);
    model_long_call(&child_ran);
    weft_join(child, handle);
    model_rest(self);
}
static void forks0(void)
{
    fork_and_stay(0);
}
static void forks1(void)
{
    fork_and_stay(1);
}

static void blocked1(void)
{
    wf_worker *self = model_be(pool, 1);
    model_long_call(&child_ran);
    wf_block_end(self);
    model_rest(self);
}
static void guest_forks(void)
{
    wf_visit visit;
    wf_seat_enter(pool, &visit);
    weft_fork(child, handle, 0);
    model_long_call(&child_ran);
    weft_join(child, handle);
    wf_seat_leave(&visit);
}

/* It has shown something. */
static void guest_notifies(void)
{
    wf_visit visit;
    wf_seat_enter(pool, &visit);
    wf_notify(visit.seat, WF_PLENTY);
}

/* What an active worker submits from its own place, when it may be about to leave. */
static void submits_inside1(void)
{
    wf_worker *self = model_be(pool, 1);
    wf_tasks_submit(pool, self, task[0]);
    wf_tasks_submit(pool, self, task[1]);
    model_rest(self);
}

static void closer(void)
{
    wf_resize_close(pool);
    wf_drain(pool);
    mc_assert(runs[0] == 1);
    wf_sleep_stop(pool);
}

static void follows1(void)
{
    wf_worker *self = model_be(pool, 1);
    for (int64_t ns; (ns = wf_follow_stand(self)) == WF_FOREVER;)
        wf_park(&self->parker, ns);
    looked = 1;
}
static void goes_on0(void)
{
    wf_block_end(model_be(pool, 0));
    model_long_call(&looked);
}
static void comes_by0(void)
{
    model_rest(model_be(pool, 0));
}
static void is_active0(void)
{
    model_long_call(&looked);
}
/* The second time nobody stands still. */
static void monitor(void)
{
    (void)wf_monitor_look(pool, pool->monitor.looked_ns + 1000, true);
    wf_store_relaxed(&wf_worker_at(pool, 0)->tid, 0);
    (void)wf_monitor_look(pool, pool->monitor.looked_ns + 1000, true);
}
static void guest_that_waits(void)
{
    wf_visit visit;
    wf_seat_enter(pool, &visit);
    wf_block_begin(visit.seat, WF_FOR_FUTURE, NULL);
    wf_block_end(visit.seat);
    model_long_call(&looked);
    wf_seat_leave(&visit);
}
static void guest(void)
{
    wf_visit visit;
    wf_seat_enter(pool, &visit);
    model_long_call(&looked);
    wf_seat_leave(&visit);
}

/* ---- what must hold ------------------------------------------------------------------------------ */

static void sits_alone(void)
{
    wf_census census = wf_sleep_census(pool);
    mc_assert(wf_stands(wf_worker_at(pool, 1)) && pool->started == 1 && pool->open == 1);
    mc_assert(census.sleeping == 1 && !census.searching && !census.blocked && census.sentinel == -1);
    mc_assert(wf_sleeps(wf_worker_at(pool, 0)) && !wf_sleeps(wf_worker_at(pool, 1)));
    mc_assert(!wf_tasks_visible(pool));
}
static void alone_it_ran(void)
{
    mc_assert(runs[0] == 1);
    sits_alone();
}
static void alone_both_ran(void)
{
    mc_assert(runs[1] == 1);
    alone_it_ran();
}
static void both_sit(void)
{
    mc_assert(pool->started == 2 && pool->open == 2);
    model_all_sleep(pool);
}
static void child_has_run(void)
{
    mc_assert(child_ran == 1);
    both_sit();
}
static void first_is_awake(void)
{
    mc_assert(!wf_sleeps(wf_worker_at(pool, 0)));
}
static void nothing(void)
{
}

static const mc_scenario scenarios[] = {
    {.name = "who_falls_asleep_is_dismissed",
     .setup = first_asleep,
     .thread = {sleeper0, worker1, shrink},
     .check = sits_alone,
     .daemons = 3,
     .stale = 1,
     .bound = 3,
     MODEL_POOL},
    {.name = "both_sleep",
     .setup = both_asleep,
     .thread = {sleeper0, sleeper1, shrink},
     .check = sits_alone,
     .daemons = 3,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "task_for_who_is_dismissed",
     .setup = first_asleep,
     .thread = {sleeper0, worker1, submit0, shrink},
     .check = alone_it_ran,
     .daemons = 3,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "task_for_two_that_search",
     .setup = both_awake,
     .thread = {worker0, worker1, submit0, shrink},
     .check = alone_it_ran,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "own_tasks_of_who_is_dismissed",
     .setup = one_is_to_leave,
     .thread = {sleeper0, submits_inside1},
     .check = alone_both_ran,
     .daemons = 3,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "tasks_for_who_is_recalled",
     .setup = one_of_two_stands,
     .thread = {sleeper0, worker1, submit0, grow},
     .check = nothing,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "dismissed_and_recalled",
     .setup = first_asleep,
     .thread = {sleeper0, worker1, submit0, shrink_and_grow},
     .check = both_sit,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "recalled_and_dismissed",
     .setup = one_of_two_stands,
     .thread = {sleeper0, worker1, submit0, grow_and_shrink},
     .check = alone_it_ran,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "two_resize",
     .setup = first_asleep,
     .thread = {sleeper0, worker1, shrink, grow},
     .check = nothing,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "a_child_waits_for_a_place",
     .setup = one_stands,
     .thread = {forks0, worker1, grow},
     .check = child_has_run,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "a_child_of_who_was_to_leave",
     .setup = one_is_to_leave,
     .thread = {sleeper0, forks1, grow},
     .check = child_has_run,
     .daemons = 3,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "a_guest_forks_while_places_are_opened",
     .setup = one_waits_and_is_to_leave,
     .thread = {sleeper0, blocked1, guest_forks, grow},
     .check = child_has_run,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "a_guest_comes_while_places_are_opened",
     .setup = one_waits_and_is_to_leave,
     .thread = {guest_notifies, grow},
     .check = first_is_awake,
     .bound = 3,
     MODEL_POOL},
    {.name = "a_thread_is_made",
     .setup = one_alone,
     .thread = {forks0, model_runs, grow},
     .check = child_has_run,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "a_worker_leaves_at_the_end",
     .setup = one_leaves_at_the_end,
     .thread = {sleeper0, worker1, closer},
     .check = nothing,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "a_guest_comes_while_the_follower_dozes_off",
     .setup = one_follows,
     .thread = {follows1, guest},
     .check = nothing,
     .bound = MC_UNBOUNDED,
     MODEL_POOL},
    {.name = "a_guest_goes_on_while_the_follower_dozes_off",
     .setup = one_follows,
     .thread = {follows1, guest_that_waits},
     .check = nothing,
     .bound = 3,
     MODEL_POOL},
    {.name = "a_worker_goes_on_while_the_follower_dozes_off",
     .setup = one_follows_one_waits,
     .thread = {follows1, goes_on0},
     .check = nothing,
     .bound = MC_UNBOUNDED,
     MODEL_POOL},
    {.name = "a_worker_runs_again_while_the_follower_dozes_off",
     .setup = one_follows_one_is_still,
     .thread = {follows1, is_active0, monitor},
     .check = nothing,
     .bound = 3,
     MODEL_POOL},
    {.name = "a_worker_comes_by_while_the_follower_dozes_off",
     .setup = one_follows_one_comes_by,
     .thread = {follows1, comes_by0, monitor},
     .check = nothing,
     .daemons = 2,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
