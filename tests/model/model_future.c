/* SPDX-License-Identifier: MIT */
/*
 * model_future.c - exec/future.c: tasks submitted through the public door, and who waits for them, cancels them or lets
 * go of them while a worker takes them. Results travel in plain variables; each task runs once, or never if it was
 * cancelled in time.
 */
#include "pool.h"

#include <errno.h>

#include <weft/future.h>

#include "sched/pool.h"
#include "sched/sleep.h"

static weft_pool *pool;
static weft_future *future, *inner;
static int runs[2], result[2];

static int answers(void *arg)
{
    *(int *)arg += 1;
    result[0] = 42;
    return 7;
}

static void submit(void)
{
    mc_assert(!weft_submit(&pool->executor, answers, &runs[0], &future));
}

/* A task that submits another one and waits for it. */
static int waits_inside(void *arg)
{
    int status;
    mc_assert(!weft_submit(&pool->executor, answers, &runs[1], &inner));
    mc_assert(!weft_future_get(inner, &status) && status == 7 && result[0] == 42);
    weft_future_release(inner);
    *(int *)arg += 1;
    return 8;
}

static void make(unsigned workers, bool take_over)
{
    pool = model_pool(workers, 1);
    pool->take_over = take_over;
}
static void one_awake(void)
{
    make(1, true);
    submit();
}
static void one_asleep(void)
{
    make(1, true);
    model_lies_asleep(pool, 0);
}
static void one_no_take_over(void)
{
    make(1, false);
    submit();
}
static void two_holders(void)
{
    one_awake();
    mc_assert(!weft_future_retain(future));
}
static void two_holders_no_take_over(void)
{
    one_no_take_over();
    mc_assert(!weft_future_retain(future));
}
static void two_asleep(void)
{
    make(2, true);
    model_lies_asleep(pool, 0);
    model_lies_asleep(pool, 1);
}
/* Worker 0 in a short nap, which goes on for long. */
static void napping(void)
{
    make(2, false);
    model_lies_asleep(pool, 1);
    (void)wf_nap_begin(wf_worker_at(pool, 0), false);
}

static void worker0(void)
{
    model_work(pool, 0);
}
static void sleeper0(void)
{
    model_wake_up(pool, 0);
}
static void sleeper1(void)
{
    model_wake_up(pool, 1);
}
static void napper0(void)
{
    wf_worker *self = model_be(pool, 0);
    wf_park(&self->parker, WF_NAP_MIN_NS);
    wf_nap_end(self);
    wf_idle_run(self);
}

static void gets(void)
{
    int status;
    mc_assert(!weft_future_get(future, &status) && status == 7 && result[0] == 42);
    weft_future_release(future);
}
static void submits_and_gets(void)
{
    submit();
    gets();
}
static void gets_in_time(void)
{
    submits_and_gets();
    mc_assert(mc_timeouts() == 0);
}
/* Until before the first timeout's end. */
static void gets_timed(void)
{
    int err = weft_future_wait(future, 1);
    mc_assert(!err || err == -ETIMEDOUT);
    mc_assert(err ? mc_timeouts() > 0 : weft_future_status(future) == 7 && result[0] == 42);
    weft_future_release(future);
}
static void polls(void)
{
    int state = weft_future_state(future);
    if (state == WEFT_DONE)
        mc_assert(weft_future_status(future) == 7 && result[0] == 42);
    weft_future_release(future);
}
/* Cancelled: it has not run and never will. */
static void cancels(void)
{
    int err = weft_future_cancel(future);
    if (!err)
        mc_assert(weft_future_status(future) == -ECANCELED);
    else if (err == -EALREADY)
        mc_assert(weft_future_status(future) == 7 && result[0] == 42);
    else
        mc_assert(err == -EBUSY);
    result[1] = !err;
    weft_future_release(future);
}
static void gets_or_cancelled(void)
{
    int status;
    mc_assert(!weft_future_get(future, &status));
    mc_assert(status == -ECANCELED || (status == 7 && result[0] == 42));
    weft_future_release(future);
}
static void releases(void)
{
    submit();
    weft_future_release(future);
}
static void gets_what_waits(void)
{
    int status;
    mc_assert(!weft_submit(&pool->executor, waits_inside, &runs[0], &future));
    mc_assert(!weft_future_get(future, &status) && status == 8 && result[0] == 42);
    weft_future_release(future);
}
static void submits_what_waits(void)
{
    mc_assert(!weft_submit(&pool->executor, waits_inside, &runs[0], NULL));
}

static void ran(void)
{
    mc_assert(runs[0] == 1);
    model_all_sleep(pool);
}
static void both_ran(void)
{
    mc_assert(runs[1] == 1);
    ran();
}
static void ran_unless_cancelled(void)
{
    mc_assert(runs[0] == !result[1]);
    model_all_sleep(pool);
}

static const mc_scenario scenarios[] = {
    {.name = "get",
     .setup = one_awake,
     .thread = {worker0, gets},
     .check = ran,
     .daemons = 1,
     .stale = 2,
     .bound = 3,
     MODEL_POOL},
    {.name = "submit_and_get",
     .setup = one_asleep,
     .thread = {sleeper0, submits_and_gets},
     .check = ran,
     .daemons = 1,
     .stale = 2,
     .bound = 2,
     MODEL_POOL},
    {.name = "get_without_take_over",
     .setup = one_no_take_over,
     .thread = {worker0, gets},
     .check = ran,
     .daemons = 1,
     .stale = 2,
     .bound = 3,
     MODEL_POOL},
    {.name = "get_urges_a_napper",
     .setup = napping,
     .thread = {napper0, sleeper1, gets_in_time},
     .check = ran,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "two_get",
     .setup = two_holders,
     .thread = {worker0, gets, gets},
     .check = ran,
     .daemons = 1,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "two_get_without_take_over",
     .setup = two_holders_no_take_over,
     .thread = {worker0, gets, gets},
     .check = ran,
     .daemons = 1,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "timed_get",
     .setup = one_awake,
     .thread = {worker0, gets_timed},
     .check = ran,
     .daemons = 1,
     .timeouts = 1,
     .stale = 2,
     .bound = 3,
     MODEL_POOL},
    {.name = "poll",
     .setup = one_awake,
     .thread = {worker0, polls},
     .check = ran,
     .daemons = 1,
     .bound = 3,
     MODEL_POOL},
    {.name = "cancel",
     .setup = one_awake,
     .thread = {worker0, cancels},
     .check = ran_unless_cancelled,
     .daemons = 1,
     .bound = 3,
     MODEL_POOL},
    {.name = "cancel_and_get",
     .setup = two_holders,
     .thread = {worker0, cancels, gets_or_cancelled},
     .check = ran_unless_cancelled,
     .daemons = 1,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "cancel_and_get_without_take_over",
     .setup = two_holders_no_take_over,
     .thread = {worker0, cancels, gets_or_cancelled},
     .check = ran_unless_cancelled,
     .daemons = 1,
     .stale = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "release_before_it_ran",
     .setup = one_asleep,
     .thread = {sleeper0, releases},
     .check = ran,
     .daemons = 1,
     .bound = 3,
     MODEL_POOL},
    {.name = "task_waits_for_its_own",
     .setup = one_asleep,
     .thread = {sleeper0, submits_what_waits},
     .check = both_ran,
     .daemons = 1,
     .bound = 2,
     MODEL_POOL},
    {.name = "task_waits_with_two_workers",
     .setup = two_asleep,
     .thread = {sleeper0, sleeper1, submits_what_waits},
     .check = both_ran,
     .daemons = 3,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
    {.name = "get_what_waits",
     .setup = one_asleep,
     .thread = {sleeper0, gets_what_waits},
     .check = both_ran,
     .daemons = 1,
     .stale = 1,
     .bound = 1,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
