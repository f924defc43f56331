/* SPDX-License-Identifier: MIT */
/*
 * model_stop.c - sched/drain.c, sched/seat.c and the end in sched/pool.c: weft_pool_destroy itself, against tasks that
 * submit tasks, workers that fall asleep, a guest that leaves and a future that outlives its pool. After it the pool's
 * memory is gone: who touches it is found.
 */
#include "pool.h"

#include <errno.h>

#include <weft/future.h>

#include "sched/pool.h"
#include "sched/seat.h"
#include "sched/sleep.h"

static weft_pool *pool;
static wf_task *task[3];
static weft_future *future;
static int runs[3];
static wf_visit visit;

static int leaf(void *arg)
{
    mc_assert(!wf_stopped(pool));
    ++*(int *)arg;
    return 0;
}

static int submits_one(void *arg)
{
    wf_tasks_submit(pool, wf_self(), task[1]);
    return leaf(arg);
}

static int submits_two(void *arg)
{
    wf_tasks_submit(pool, wf_self(), task[2]);
    return submits_one(arg);
}

/* Its workers are threads 1 and on. */
static void make(unsigned workers, int (*first)(void *arg))
{
    pool = model_pool(workers, 1);
    for (unsigned i = 0; i < workers; i++)
        wf_worker_at(pool, i)->thread.id = 1 + i;
    task[0] = model_task(pool, first, &runs[0]);
    task[1] = model_task(pool, leaf, &runs[1]);
    task[2] = model_task(pool, leaf, &runs[2]);
}

static void one_awake(void)
{
    make(1, leaf);
}
static void one_asleep(void)
{
    make(1, submits_one);
    model_lies_asleep(pool, 0);
}
static void two_awake(void)
{
    make(2, submits_one);
}
static void two_asleep(void)
{
    make(2, submits_two);
    model_lies_asleep(pool, 0);
    model_lies_asleep(pool, 1);
}
static void with_future(void)
{
    make(1, leaf);
    mc_assert(!weft_submit(&pool->executor, leaf, &runs[0], &future));
}
static void nobody(void)
{
    make(0, leaf);
    wf_seat_enter(pool, &visit);
}
static void guest_inside(void)
{
    make(1, leaf);
    model_lies_asleep(pool, 0);
    wf_seat_enter(pool, &visit);
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
static void destroys(void)
{
    int err;
    while ((err = weft_pool_destroy(pool)) == -EBUSY)
        mc_pause();
    mc_assert(!err);
}
static void submits_and_destroys(void)
{
    wf_tasks_submit(pool, NULL, task[0]);
    destroys();
    mc_assert(runs[0] == 1);
}
static void one_more_ran(void)
{
    submits_and_destroys();
    mc_assert(runs[1] == 1);
}
static void two_more_ran(void)
{
    one_more_ran();
    mc_assert(runs[2] == 1);
}
static void leaves(void)
{
    (void)model_be(pool, pool->workers);
    wf_seat_leave(&visit);
}

static void reads_and_releases(void)
{
    if (weft_future_state(future) == WEFT_DONE)
        mc_assert(runs[0] == 1);
    weft_future_release(future);
}

static const mc_scenario scenarios[] = {
    {.name = "submit_then_destroy",
     .setup = one_awake,
     .thread = {submits_and_destroys, worker0},
     .stale = 2,
     .bound = 3,
     MODEL_POOL},
    {.name = "its_task_submits_one",
     .setup = one_asleep,
     .thread = {one_more_ran, sleeper0},
     .bound = 3,
     MODEL_POOL},
    {.name = "two_workers",
     .setup = two_awake,
     .thread = {one_more_ran, worker0, worker1},
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "its_task_submits_two",
     .setup = two_asleep,
     .thread = {two_more_ran, sleeper0, sleeper1},
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "guest_leaves", .setup = nobody, .thread = {destroys, leaves}, .bound = 3, MODEL_POOL},
    {.name = "guest_leaves_a_worker",
     .setup = guest_inside,
     .thread = {destroys, sleeper0, leaves},
     .bound = 2,
     MODEL_POOL},
    {.name = "future_outlives_its_pool",
     .setup = with_future,
     .thread = {destroys, worker0, reads_and_releases},
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
