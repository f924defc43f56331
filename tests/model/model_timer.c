/* SPDX-License-Identifier: MIT */
/*
 * model/model_timer.c - exec/timer.c, exec/every.c: a pool's clock, which whoever sets the first alarm creates, against those
 * who set alarms, cancel them, shut an executor down and end the pool. Time stands still: what is due rings at once,
 * what is not, when nobody can go on; some are never due.
 */
#include "pool.h"

#include <errno.h>

#include <weft/executor.h>
#include <weft/timer.h>

#include "exec/executor.h"
#include "exec/timer.h"
#include "sched/pool.h"

#define CLOCK 2 /* its thread */
#define SECOND INT64_C(1000000000)

static weft_pool *pool;
static weft_executor *executor;
static weft_future *future, *second;
static int ran, submitted;

static int work(void *arg)
{
    (void)arg;
    ran++;
    return 0;
}

/* ---- how it begins ------------------------------------------------------------------------------- */

static void setup(void)
{
    pool = model_pool(1, 1);
    future = second = NULL;
    ran = submitted = 0;
    model_thread = CLOCK;
}

static void setup_executor(void)
{
    setup();
    mc_assert(
        !weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL)));
}

/* ---- who takes part ------------------------------------------------------------------------------ */

static weft_future *set(int64_t due_ns)
{
    wf_door door = {.executor = &pool->executor, .pool = pool};
    wf_task *alarm;
    mc_assert(!wf_alarm_at(&door, due_ns, &alarm));
    return alarm;
}

static void sets_soon(void)
{
    future = set(0);
}
static void sets_later(void)
{
    second = set(SECOND);
}

/* It is due, and cancelled. */
static void cancels(void)
{
    weft_future *alarm = set(0);
    int err = weft_future_cancel(alarm);
    mc_assert(!err || err == -EALREADY || err == -EBUSY);
    weft_future_release(alarm);
}

static void submits_timed(void)
{
    int err = weft_submit_at(executor, SECOND, work, NULL, &future);
    mc_assert(!err || err == -ESHUTDOWN);
}

static void submits_every(void)
{
    int err = weft_submit_every(executor, 0, SECOND, work, NULL, &future);
    mc_assert(!err || err == -ESHUTDOWN);
    wf_store_release(&submitted, !err);
}

static void shut_down(void)
{
    mc_assert(!weft_executor_shutdown(executor, WEFT_DRAIN, WEFT_FOREVER));
}

/* A series that was there is set no more, nor does it ring any more. */
static void shut_down_all(void)
{
    shut_down();
    if (wf_load_acquire(&submitted))
        mc_assert(!wf_alarm_unset((wf_alarm *)(void *)future) && weft_future_state(future) > WEFT_RUNNING);
}

static void rings(void)
{
    model_runs();
}
/* The system is slow to run it. */
static void never_runs(void)
{
}

/* ---- at the end ---------------------------------------------------------------------------------- */

static void ended(weft_future *alarm)
{
    mc_assert(alarm && weft_future_state(alarm) == WEFT_DONE);
    weft_future_release(alarm);
}
static void check_one(void)
{
    ended(future);
}
static void check_two(void)
{
    ended(future);
    ended(second);
}

/* Nothing of it is left to ring. */
static void check_shut(void)
{
    mc_assert(!future || weft_future_state(future) > WEFT_RUNNING);
    weft_future_release(future);
}

static const mc_scenario scenarios[] = {
    {.name = "two_set",
     .setup = setup,
     .thread = {sets_soon, sets_later, rings},
     .check = check_two,
     .daemons = 4,
     .bound = 2,
     MODEL_POOL},
    {.name = "cancel",
     .setup = setup,
     .thread = {cancels, sets_soon, rings},
     .check = check_one,
     .daemons = 4,
     .bound = 2,
     MODEL_POOL},
    {.name = "submit_and_shutdown",
     .setup = setup_executor,
     .thread = {submits_timed, shut_down, never_runs},
     .check = check_shut,
     .bound = 2,
     MODEL_POOL},
    {.name = "every_and_shutdown",
     .setup = setup_executor,
     .thread = {submits_every, shut_down_all, rings},
     .check = check_shut,
     .daemons = 4,
     .bound = 2,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
