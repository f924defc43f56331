/* SPDX-License-Identifier: MIT */
/*
 * model/spare.c - sched/spare.c, sched/serve.c: a worker blocks until tasks have run, and there is no other worker. Who sees
 * that last, its submitter, the worker or a spare that goes back to rest, calls a spare. And the pool's end waits for it.
 */
#include "pool.h"

#include "par/fork.h"
#include "sched/block.h"
#include "sched/drain.h"
#include "sched/loop.h"
#include "sched/monitor.h"
#include "sched/serve.h"
#include "sched/spare.h"
#include "sched/steal.h"

static weft_pool *pool;
static wf_task *task[2];
static uint32_t ran, gone;
static int began, met[2], looked;

extern bool model_sleeps;

static int body(void *unused)
{
    (void)unused;
    began++;
    (void)wf_add_release(&ran, 1u);
    wf_futex_wake_all(&ran);
    return 0;
}

static int body_meets(void *own)
{
    *(int *)own = 1;
    model_long_call(&met[own == &met[0]]);
    return 0;
}

/* Taken from worker 0 by worker 1, which stays in it until the task runs. */
WEFT_TASK(int, stays, int)
int stays(int i)
{
    model_long_call(&began);
    return i;
}
static weft_handle(stays) taken;
static weft_slot_ *slot;
static int cut;

static void submits_or_stays(size_t begin, size_t end, void *unused)
{
    (void)unused;
    mc_assert(end == begin + 1);
    if (weft_self_ != &wf_worker_at(pool, 0)->stack.head) {
        model_long_call(&began);
        return;
    }
    model_long_call(&cut);
    wf_tasks_submit(pool, wf_worker_at(pool, 0), task[0]);
}

/* ---- how it begins ------------------------------------------------------------------------------- */

static void make(unsigned workers)
{
    pool = model_pool(workers, 1 + workers);
    gone = 0;
    pool->guests = 1;
    wf_spares_init(pool, workers, WF_FOREVER, wf_serve_main);
    model_sleeps = false;
    for (unsigned i = 0; i < 2; i++)
        task[i] = model_task(pool, body, NULL);
    model_thread = 1;
}
static void one_active(void)
{
    make(1);
    model_is_active(pool, 0);
}
static void two_active(void)
{
    make(2);
    model_is_active(pool, 0);
    model_is_active(pool, 1);
    cut = 0;
}
static void one_stolen(void)
{
    two_active();
    weft_worker_ *self = weft_self_;
    weft_self_ = &wf_worker_at(pool, 0)->stack.head;
    weft_fork_at(stays, &taken, 7);
    mc_assert(wf_stack_publish_all(&wf_worker_at(pool, 0)->stack) &&
              (slot = wf_stack_steal(&wf_worker_at(pool, 0)->stack)));
    weft_self_ = self;
}
/* Both tasks end only if two threads run them. */
static void two_blocked(void)
{
    make(2);
    for (unsigned i = 0; i < 2; i++) {
        task[i] = model_task(pool, body_meets, &met[i]);
        model_is_active(pool, i);
        wf_block_begin(wf_worker_at(pool, i), WF_FOR_NOTHING, NULL);
    }
}
/* All that was submitted has run. */
static void one_asleep(void)
{
    make(1);
    wf_tasks_submit(pool, NULL, task[0]);
    mc_assert(wf_tasks_next(wf_worker_at(pool, 0)) == task[0]);
    model_lies_asleep(pool, 0);
}
static void one_out(void)
{
    one_asleep();
    pool->spares.out = 1;
}

/* It stands still in a call of its own, as far as the monitor can tell. */
static void one_still(void)
{
    one_active();
    wf_worker *worker = wf_worker_at(pool, 0);
    worker->tid = worker->tid_seen = 1;
    worker->entries_looked = worker->entries;
    model_sleeps = true;
}
/* The monitor sleeps not yet, a worker searches. */
static void one_searches(void)
{
    make(1);
    looked = 0;
}

/* They fell asleep while all places were held, one of which is free since the monitor's last look: nobody else knows. */
static void one_active_one_still(void)
{
    make(3);
    looked = 0;
    model_is_active(pool, 0);
    model_is_active(pool, 1);
    model_lies_asleep(pool, 2);
    mc_assert(wf_place_is_left(wf_worker_at(pool, 1)));
    wf_worker_at(pool, 1)->tid = wf_worker_at(pool, 1)->tid_seen = 1;
    model_sleeps = true;
    pool->monitor.unneeded = WF_MONITOR_LINGERS;
}

/* ---- who takes part ------------------------------------------------------------------------------ */

static void block_for(uint32_t tasks)
{
    (void)model_be(pool, 0);
    for (uint32_t seen; (seen = wf_load_acquire(&ran)) < tasks;)
        wf_block_while(&ran, seen, WF_FOREVER, NULL);
}
static void blocks_for_one(void)
{
    block_for(1);
}
static void blocks_for_both(void)
{
    block_for(2);
}
static void waits_in_a_section(void)
{
    wf_worker *self = model_be(pool, 0);
    wf_section_begin(self);
    model_long_call(&began);
    wf_section_end(self);
    model_rest(self);
}
static void stands_still(void)
{
    wf_worker *self = model_be(pool, 0);
    model_long_call(&began);
    model_rest(self);
}
static void rests(void)
{
    model_rest(model_be(pool, 0));
}
static void blocks_and_rests(void)
{
    wf_worker *self = model_be(pool, 0);
    wf_block_begin(self, WF_FOR_NOTHING, NULL);
    wf_block_end(self);
    model_rest(self);
}
static void mistakes_it(void)
{
    (void)wf_place_is_left(wf_worker_at(pool, 0));
}
static void mistakes_it_for_a_while(void)
{
    if (wf_place_is_left(wf_worker_at(pool, 0)))
        wf_place_is_held(wf_worker_at(pool, 0));
}
static void looks_until_it_has_run(void)
{
    while (!wf_load_acquire(&ran)) {
        (void)wf_monitor_look(pool, pool->monitor.looked_ns + 1000, true);
        mc_pause();
    }
}
static void parks(void)
{
    wf_monitor_park(pool);
    looked = 1;
}
static void looks_once(void)
{
    looked = wf_monitor_look(pool, pool->monitor.looked_ns + 1000, false) > 0;
}
static void turns_active(void)
{
    (void)wf_search_end(model_be(pool, 0));
    model_long_call(&looked);
}
static void submits_and_blocks(void)
{
    wf_tasks_submit(pool, model_be(pool, 0), task[0]);
    block_for(1);
}
static void submits_and_joins(void)
{
    wf_tasks_submit(pool, model_be(pool, 0), task[0]);
    mc_assert(weft_join(stays, taken) == 7);
}
static void runs_stolen(void)
{
    wf_steal_run(model_be(pool, 1), wf_worker_at(pool, 0), slot);
}
static void loops(void)
{
    wf_loop_run(model_be(pool, 0), 0, 2, submits_or_stays, NULL);
}
static void cuts(void)
{
    wf_piece piece;
    wf_worker *owner = wf_worker_at(pool, 0);
    while (!wf_loop_cut(model_be(pool, 1), owner, &piece)) {
        wf_store_relaxed(&owner->loops[0].sight.since,
                         UINT64_MAX); /* as if it had been seen there for long */
        mc_pause();
    }
    cut = 1;
    wf_loop_run_piece(model_be(pool, 1), &piece);
}
static void submits0(void)
{
    wf_tasks_submit(pool, NULL, task[0]);
}
static void submits1(void)
{
    wf_tasks_submit(pool, NULL, task[1]);
}
static void submits_both(void)
{
    submits0();
    submits1();
}

static void comes_back(void)
{
    wf_spare_back(pool);
}
static void drains(void)
{
    wf_drain(pool);
    mc_assert(wf_spares_rest(pool));
}
static void calls(void)
{
    wf_spare_call(pool, 1);
}
static void ends(void)
{
    wf_spares_end(pool);
    wf_store_relaxed(&gone, 1u);
}
static void runs_before_the_end(void)
{
    model_runs();
    mc_assert(!wf_load_relaxed(&gone));
}
static void calls_and_ends(void)
{
    wf_spare_call(pool, 1);
    wf_drain(pool);
    wf_spares_end(pool);
}

/* ---- what must hold ------------------------------------------------------------------------------ */

static void one_ran(void)
{
    mc_assert(began == 1 && ran == 1);
}
static void both_ran(void)
{
    mc_assert(began == 2 && ran == 2);
}

static void it_looks_again(void)
{
    mc_assert(looked);
}

static void nobody_blocked(void)
{
    model_all_sleep(pool);
}

static void both_met(void)
{
    mc_assert(met[0] && met[1]);
}

static const mc_scenario scenarios[] = {
    {.name = "submitted_before_it_blocks",
     .setup = one_active,
     .thread = {submits_and_blocks, model_runs},
     .check = one_ran,
     .daemons = 2,
     .bound = 3,
     .keeps = true},
    {.name = "submitted_before_it_joins",
     .setup = one_stolen,
     .thread = {submits_and_joins, model_runs, runs_stolen},
     .check = one_ran,
     .daemons = 2,
     .bound = 2,
     .keeps = true},
    {.name = "submitted_before_its_loop_ends",
     .setup = two_active,
     .thread = {loops, model_runs, cuts},
     .check = one_ran,
     .daemons = 2,
     .bound = 1,
     .keeps = true},
    {.name = "submitted_while_it_blocks",
     .setup = one_active,
     .thread = {blocks_for_one, model_runs, submits0},
     .check = one_ran,
     .daemons = 2,
     .stale = 1,
     .bound = 2,
     .keeps = true},
    {.name = "submitted_while_it_is_in_a_section",
     .setup = one_active,
     .thread = {waits_in_a_section, model_runs, submits0},
     .check = one_ran,
     .daemons = 3,
     .stale = 1,
     .bound = 2,
     .keeps = true},
    {.name = "submitted_while_it_stands_still",
     .setup = one_still,
     .thread = {stands_still, model_runs, submits0, looks_until_it_has_run},
     .check = one_ran,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     .keeps = true},
    {.name = "found_still_and_rests",
     .setup = one_active,
     .thread = {rests, mistakes_it},
     .check = nobody_blocked,
     .daemons = 1,
     .bound = MC_UNBOUNDED,
     .keeps = true},
    {.name = "found_still_for_a_while_and_rests",
     .setup = one_active,
     .thread = {rests, mistakes_it_for_a_while},
     .check = nobody_blocked,
     .daemons = 1,
     .bound = MC_UNBOUNDED,
     .keeps = true},
    {.name = "found_still_for_a_while_and_blocks",
     .setup = one_active,
     .thread = {blocks_and_rests, mistakes_it_for_a_while},
     .check = nobody_blocked,
     .daemons = 1,
     .bound = MC_UNBOUNDED,
     .keeps = true},
    {.name = "turns_active_while_the_monitor_parks",
     .setup = one_searches,
     .thread = {turns_active, parks},
     .bound = MC_UNBOUNDED,
     .keeps = true},
    {.name = "who_is_active_is_watched_by_the_monitor_where_all_idle_ones_sleep",
     .setup = one_active_one_still,
     .thread = {looks_once},
     .check = it_looks_again,
     .bound = MC_UNBOUNDED,
     .keeps = true},
    {.name = "submitted_while_the_spare_leaves",
     .setup = one_active,
     .thread = {blocks_for_both, model_runs, submits_both},
     .check = both_ran,
     .daemons = 2,
     .stale = 1,
     .bound = 2,
     .keeps = true},
    {.name = "submitted_while_a_spare_is_made",
     .setup = two_blocked,
     .thread = {submits0, model_runs, model_runs, submits1},
     .check = both_met,
     .daemons = 6,
     .stale = 1,
     .bound = 1,
     .keeps = true},
    {.name = "closer_and_spare",
     .setup = one_out,
     .thread = {drains, comes_back},
     .bound = MC_UNBOUNDED,
     .keeps = true},
    {.name = "the_end_while_a_spare_is_made",
     .setup = one_asleep,
     .thread = {calls, runs_before_the_end, ends},
     .daemons = 2,
     .bound = 2,
     .keeps = true},
    {.name = "the_end_of_a_spare",
     .setup = one_asleep,
     .thread = {calls_and_ends, model_runs},
     .bound = 3,
     .keeps = true},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
