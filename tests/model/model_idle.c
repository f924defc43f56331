/* SPDX-License-Identifier: MIT */
/*
 * model/idle.c - the last searching worker leaves with a child, and a task is submitted in the same moment.
 *
 * Guests hold all places, so nobody is woken for children; for the task somebody is, who runs it.
 */
#include "pool.h"

#include "../../runtime/sched/idle.c" /* its own copy: leave() */

static weft_pool *pool;
static wf_task *task;
static weft_slot_ child;

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void one_searches(void)
{
    pool = model_pool(2, 2);
    wf_sleep_begin(wf_worker_at(pool, 1));
    pool->seats_used = 2;
    wf_worker_at(pool, 2)->mode = wf_worker_at(pool, 3)->mode = WF_ACTIVE;
    task = wf_tasks_new(pool, NULL, sizeof(wf_task));
    wf_task_init(task, nothing, NULL, 1);
}

static void submitter(void)
{
    wf_tasks_submit(pool, NULL, task);
}

static void taker(void)
{
    wf_worker *self = model_be(pool, 0);
    leave(self, &(wf_work){.victim = wf_worker_at(pool, 2), .slot = &child, .more = true});
}

static void somebody_comes(void)
{
    mc_assert(!wf_sleeps(wf_worker_at(pool, 1)));
}

static const mc_scenario scenarios[] = {
    {.name = "leave",
     .setup = one_searches,
     .thread = {submitter, taker},
     .check = somebody_comes,
     .bound = MC_UNBOUNDED},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
