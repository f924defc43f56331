/* SPDX-License-Identifier: MIT */
/*
 * model/spare.c - sched/spare.c, sched/serve.c: a worker blocks until tasks have run, and there is no other worker. Who sees
 * that last, its submitter, the worker or a spare that goes back to rest, calls a spare. And the pool's end waits for it.
 */
#include "pool.h"

#include "sched/block.h"
#include "sched/drain.h"
#include "sched/serve.h"
#include "sched/spare.h"

static weft_pool *pool;
static wf_task *task[2];
static uint32_t ran;
static int began, met[2];

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

/* ---- how it begins ------------------------------------------------------------------------------- */

static void make(unsigned workers)
{
    pool = model_pool(workers, 1 + workers);
    pool->guests = 1;
    pool->spares.most = workers;
    pool->spares.main = wf_serve_main;
    for (unsigned i = 0; i < 2; i++)
        task[i] = model_task(pool, body, NULL);
    model_thread = 1;
}
static void one_active(void)
{
    make(1);
    model_is_active(pool, 0);
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
static void submits_and_blocks(void)
{
    wf_tasks_submit(pool, model_be(pool, 0), task[0]);
    block_for(1);
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
static void calls_and_ends(void)
{
    wf_spare_call(pool);
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
    {.name = "submitted_while_it_blocks",
     .setup = one_active,
     .thread = {blocks_for_one, model_runs, submits0},
     .check = one_ran,
     .daemons = 2,
     .stale = 1,
     .bound = 2,
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
