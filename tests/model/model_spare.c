/* SPDX-License-Identifier: MIT */
/*
 * model_spare.c - sched/spare.c, sched/serve.c, and who calls them: a worker waits in the middle of a task for what a task
 * is to do that is queued, or will be, and no other worker is idle. Lost, that task is a thread that sleeps for ever.
 */
#include "pool.h"

#include <weft/future.h>

#include "sched/block.h"
#include "sched/serve.h"
#include "sched/spare.h"

static weft_pool *pool;
static wf_task *awaited[2];
static int made[2]; /* plain: before what waits for it goes on */

/* What a waiter needs. */
static int provides(void *arg)
{
    int which = (int)(intptr_t)arg;
    made[which] = 1;
    mc_assert(wf_task_claim(awaited[which]));
    (void)wf_task_complete(awaited[which], 0, false);
    return 0;
}

static void submit(wf_worker *self, int which)
{
    wf_task *task = wf_tasks_new(pool, self, sizeof *task);
    wf_task_init(task, provides, (void *)(intptr_t)which, 1);
    wf_tasks_submit(pool, self, task);
}

static void wait_for(int which)
{
    mc_assert(wf_block_for(awaited[which], WF_FOREVER));
    mc_assert(made[which] == 1);
}

/* One worker, active; a spare that was called for something that is done. */
static void make(unsigned spares)
{
    pool = model_pool(1, spares);
    pool->guests = 0;
    pool->spares.most = pool->spares.made = spares;
    pthread_mutex_init(&pool->spares.lock, NULL);
    made[0] = made[1] = 0;
    for (int i = 0; i < 2; i++)
        awaited[i] = model_task(pool, NULL, NULL);
    pool->spares.out = pool->spares.coming = spares;
    model_is_active(pool, 0);
    mc_name(&pool->spares.out, sizeof pool->spares.out, "out");
    mc_name(&pool->spares.coming, sizeof pool->spares.coming, "coming");
}
static void one_spare(void)
{
    make(1);
}
static void queued_before(void)
{
    make(1);
    submit(NULL, 0);
}
static void two_spares(void)
{
    make(2);
}

static void worker(void)
{
    wf_worker *self = model_be(pool, 0);
    wait_for(0);
    model_rest(self);
}

static void serve(unsigned spare)
{
    wf_worker *self = wf_worker_at(pool, 1 + spare);
    wf_grace_register();
    wf_serve(self);
}
static void spare0(void)
{
    serve(0);
}
static void spare1(void)
{
    serve(1);
}

static void submits(void)
{
    submit(NULL, 0);
}

/* A task that waits itself, for a second one. */
static int waits_then_provides(void *arg)
{
    (void)arg;
    submit(wf_self(), 1);
    wait_for(1);
    return provides(NULL);
}
static void submits_a_waiter(void)
{
    wf_task *task = wf_tasks_new(pool, NULL, sizeof *task);
    wf_task_init(task, waits_then_provides, NULL, 1);
    wf_tasks_submit(pool, NULL, task);
}

static void all_rest(void)
{
    model_all_sleep(pool);
    mc_assert(wf_spares_rest(pool) && !wf_spares_coming(pool));
    mc_assert(pool->spares.resting == pool->spares.made && !pool->spares.calls);
}

static const mc_scenario scenarios[] = {
    {.name = "submitted_while_it_blocks",
     .setup = one_spare,
     .thread = {worker, submits, spare0},
     .daemons = 1u | 4u,
     .check = all_rest,
     .bound = 2,
     MODEL_POOL},
    {.name = "queued_before_it_blocks",
     .setup = queued_before,
     .thread = {worker, spare0},
     .daemons = 1u | 2u,
     .check = all_rest,
     .bound = 3,
     MODEL_POOL},
    {.name = "a_spare_blocks_too",
     .setup = two_spares,
     .thread = {worker, submits_a_waiter, spare0, spare1},
     .daemons = 1u | 4u | 8u,
     .check = all_rest,
     .bound = 1,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
