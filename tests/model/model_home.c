/* SPDX-License-Identifier: MIT */
/*
 * model/home.c - sched/home.c: a strict task runs, and at home alone, though who searches elsewhere counts for nothing:
 * while its worker falls asleep, takes something else, blocks or loses its place.
 *
 * Workers are the library's own (wf_idle_run).
 */
#include "pool.h"

#include "sched/block.h"
#include "sched/home.h"
#include "sched/resize.h"
#include "sched/serve.h"
#include "sched/spare.h"

static weft_pool *pool;
static wf_task *task[2];
static uint32_t ran;
static int began, by[2];

extern bool model_sleeps;

/* Who ran it. */
static int body(void *own)
{
    *(int *)own = 1 + (int)wf_worker_of(weft_self_)->index;
    began++;
    (void)wf_add_release(&ran, 1u);
    wf_futex_wake_all(&ran);
    return 0;
}
/* A long one, until the strict one has run. */
static int body_waits(void *unused)
{
    (void)unused;
    model_long_call(&began);
    return 0;
}

/* ---- how it begins ------------------------------------------------------------------------------- */

static void make(unsigned workers, unsigned spares, unsigned per_node)
{
    pool = model_pool_of_nodes(workers, 1 + spares, per_node);
    pool->guests = 1;
    pool->bind = WEFT_BIND_NONE;
    wf_spares_init(pool, spares, WF_FOREVER, wf_serve_main);
    model_sleeps = false;
    model_cpu = -1;
    model_thread = 0;
    began = by[0] = by[1] = 0;
    for (unsigned i = 0; i < 2; i++)
        task[i] = model_task(pool, body, &by[i]);
    mc_name(&wf_worker_at(pool, workers - 1)->duty, sizeof(uint32_t), "duty");
}
/* A node each. */
static void two_search(void)
{
    make(2, 0, 1);
}
static void second_sleeps(void)
{
    two_search();
    model_lies_asleep(pool, 1);
}
static void first_sleeps(void)
{
    two_search();
    model_lies_asleep(pool, 0);
}
/* One node; the second sleeps, and a long task has woken the first. */
static void neighbours(void)
{
    make(2, 0, 2);
    task[1] = model_task(pool, body_waits, NULL);
    model_lies_asleep(pool, 1);
}
static void sleeping_neighbours(void)
{
    neighbours();
    model_lies_asleep(pool, 0);
}
static void one_active(void)
{
    make(1, 1, 1);
    model_thread = 1;
    model_is_active(pool, 0);
}
static void one_active_without_spares(void)
{
    make(2, 0, 1);
    model_is_active(pool, 0);
    model_lies_asleep(pool, 1);
}
/* Worker 0 sits, worker 1 is to lose its place. */
static void second_is_active(void)
{
    two_search();
    model_is_active(pool, 1);
}

/* Worker 0 is active, at the only place that is left; worker 1 searches still. */
static void second_leaves(void)
{
    make(2, 1, 1);
    model_thread = 2;
    model_is_active(pool, 0);
    wf_open(pool, 1);
    wf_worker_at(pool, 1)->duty = WF_LEAVES;
}

/* Worker 1 is active, in a call without end; the other sleeps. */
static void second_is_in_a_call(void)
{
    first_sleeps();
    model_is_active(pool, 1);
}

/* The second alone, or both, are an area. */
static void second_is_an_area(void)
{
    first_sleeps();
    pool->places[1].areas = 1;
}
static void call_in_an_area(void)
{
    second_is_in_a_call();
    pool->places[1].areas = 1;
}
static void neighbours_of_an_area(void)
{
    make(2, 0, 1);
    task[1] = model_task(pool, body_waits, NULL);
    model_lies_asleep(pool, 1);
    pool->places[0].areas = pool->places[1].areas = 1;
}

/* ---- who takes part ------------------------------------------------------------------------------ */

static void submit(unsigned which, wf_home home)
{
    (void)wf_or_seq_cst(&pool->bands, (uint32_t)WF_SOME_STRICT);
    wf_tasks_submit_to(pool, NULL, task[which], home, 0);
}
static const wf_home at0 = {.kind = WF_AT_WORKER, .strict = 1}, on0 = {.kind = WF_ON_NODE, .strict = 1},
                     at1 = {.kind = WF_AT_WORKER, .strict = 1, .node = 1, .worker = 1},
                     on1 = {.kind = WF_ON_NODE, .strict = 1, .node = 1},
                     in_area = {.kind = WF_IN_AREA, .strict = 1};
static void submits_at0(void)
{
    submit(0, at0);
}
static void submits_another_at0(void)
{
    submit(1, at0);
}
static void submits_at1(void)
{
    submit(0, at1);
}
static void submits_on1(void)
{
    submit(0, on1);
}
static void submits_in_area(void)
{
    submit(0, in_area);
}
static void submits_long_and_in_area(void)
{
    wf_tasks_submit(pool, NULL, task[1]);
    submit(0, in_area);
}
static void submits_long_and_strict(void)
{
    wf_tasks_submit(pool, NULL, task[1]);
    submit(0, on0);
}
static void submits_strict_and_long(void)
{
    submit(0, on0);
    submit(1, at0);
}
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
static void blocks_and_rests(void)
{
    block_for(1);
    model_rest(wf_worker_at(pool, 0));
}
static void blocks_for_both(void)
{
    block_for(2);
}
static void shrinks(void)
{
    mc_assert(!wf_resize(pool, 1));
}
static void stays_until_it_ran(void)
{
    wf_worker *self = model_be(pool, 1);
    model_long_call(&began);
    model_rest(self);
}

static void goes_away(void)
{
    wf_section_begin(model_be(pool, 1));
}

/* ---- what must hold ------------------------------------------------------------------------------ */

static void by_the_second(void)
{
    mc_assert(began == 1 && by[0] == 2);
}
static void by_the_first(void)
{
    mc_assert(began == 1 && by[0] == 1);
}
static void by_either(void)
{
    mc_assert(began == 1);
}
static void both_by_the_spare(void)
{
    mc_assert(began == 2 && by[0] == 3 && by[1] == 3);
}
static void by_the_spare(void)
{
    mc_assert(began == 1 && by[0] == 3);
}
static void by_the_spare_of_two(void)
{
    mc_assert(began == 1 && by[0] == 4);
}

/* Worker 1 will not come. */
static void nothing_left_for_the_second(void)
{
    mc_assert(!wf_inbox_visible(&pool->places[1].only));
    mc_assert(!wf_inbox_visible(wf_inbox_in(pool->places[1].inbox, WF_STRICT)));
    mc_assert(wf_inbox_visible(pool->places[1].inbox) && pool->outside.strayed == 1);
}

static void nothing_left_in_the_area(void)
{
    mc_assert(!wf_inbox_visible(&pool->areas[0]));
    mc_assert(wf_inbox_visible(pool->places[0].inbox) || wf_inbox_visible(pool->places[1].inbox));
    mc_assert(pool->outside.strayed == 1);
}

static const mc_scenario scenarios[] = {
    {.name = "published_while_its_area_goes",
     .setup = call_in_an_area,
     .thread = {submits_in_area, shrinks},
     .check = nothing_left_in_the_area,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "for_an_area_that_falls_asleep",
     .setup = second_is_an_area,
     .thread = {sleeper0, worker1, submits_in_area},
     .check = by_the_second,
     .daemons = 3,
     .stale = 1,
     .bound = 3,
     MODEL_POOL},
    {.name = "a_taker_of_an_area_takes_something_else",
     .setup = neighbours_of_an_area,
     .thread = {worker0, sleeper1, submits_long_and_in_area},
     .check = by_either,
     .daemons = 3,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "published_while_its_place_goes",
     .setup = second_is_in_a_call,
     .thread = {submits_at1, shrinks},
     .check = nothing_left_for_the_second,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "published_while_its_node_goes",
     .setup = second_is_in_a_call,
     .thread = {submits_on1, shrinks},
     .check = nothing_left_for_the_second,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "published_while_it_goes_away",
     .setup = second_is_in_a_call,
     .thread = {submits_at1, goes_away},
     .check = nothing_left_for_the_second,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "for_a_sleeper_while_another_searches",
     .setup = second_sleeps,
     .thread = {worker0, sleeper1, submits_at1},
     .check = by_the_second,
     .daemons = 3,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "for_who_falls_asleep",
     .setup = first_sleeps,
     .thread = {sleeper0, worker1, submits_at1},
     .check = by_the_second,
     .daemons = 3,
     .stale = 1,
     .bound = 3,
     MODEL_POOL},
    {.name = "for_a_node_that_falls_asleep",
     .setup = first_sleeps,
     .thread = {sleeper0, worker1, submits_on1},
     .check = by_the_second,
     .daemons = 3,
     .stale = 1,
     .bound = 3,
     MODEL_POOL},
    {.name = "for_two_that_search",
     .setup = two_search,
     .thread = {worker0, worker1, submits_on1},
     .check = by_the_second,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "its_taker_takes_something_else",
     .setup = neighbours,
     .thread = {worker0, sleeper1, submits_long_and_strict},
     .check = by_either,
     .daemons = 3,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "its_taker_takes_what_is_only_its_own",
     .setup = sleeping_neighbours,
     .thread = {sleeper0, sleeper1, submits_strict_and_long},
     .check = by_either,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "while_it_blocks",
     .setup = one_active,
     .thread = {blocks_for_one, model_runs, submits_at0},
     .check = by_the_spare,
     .daemons = 2,
     .stale = 1,
     .bound = 2,
     .keeps = true},
    {.name = "while_its_stand_in_ends",
     .setup = one_active,
     .thread = {blocks_for_both, model_runs, submits_at0, submits_another_at0},
     .check = both_by_the_spare,
     .daemons = 2,
     .stale = 1,
     .bound = 1,
     .keeps = true},
    {.name = "while_it_blocks_and_another_leaves",
     .setup = second_leaves,
     .thread = {blocks_for_one, worker1, model_runs, submits_at0},
     .check = by_the_spare_of_two,
     .daemons = 6,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "while_it_blocks_without_spares",
     .setup = one_active_without_spares,
     .thread = {blocks_and_rests, sleeper1, submits_at0},
     .check = by_the_second,
     .daemons = 3,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "while_its_place_goes",
     .setup = second_is_active,
     .thread = {worker0, stays_until_it_ran, submits_at1, shrinks},
     .check = by_the_first,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
