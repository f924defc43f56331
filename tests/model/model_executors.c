/* SPDX-License-Identifier: MIT */
/*
 * model/model_executors.c - exec/executors.c, with exec/accept.c, lanes.c: an executor that breaks, is closed under who waits
 * for room, is shut down twice at once, or is followed by another one in its record; and who looks at it meanwhile.
 * Mostly serial ones: their tasks need no worker.
 */
#include "pool.h"

#include <errno.h>
#include <string.h>

#include <weft/combine.h>
#include <weft/executor.h>
#include <weft/promise.h>
#include <weft/stop.h>

#include "sched/pool.h"

static weft_pool *pool;
static weft_executor *executor;
static weft_stop *stop;
static weft_promise *promise;
static weft_future *future;
static int ran, ended, errors, seen, reason; /* plain */
static int submitted;
static char label[2][4];

#define SPEC(...) (&(weft_task_spec){.size = sizeof(weft_task_spec), __VA_ARGS__})

static int work(void *arg)
{
    (void)arg;
    ran++;
    return 7;
}
static int follows(weft_future *before, void *arg)
{
    (void)before;
    return work(arg);
}

static void make(unsigned workers, const weft_executor_config *config)
{
    pool = model_pool(workers, 1);
    weft_executor_config with_pool = *config;
    with_pool.pool = pool;
    mc_assert(!weft_executor_create(&executor, &with_pool));
    future = NULL;
    promise = NULL;
    ran = ended = errors = seen = reason = submitted = 0;
}

/* ---- it breaks ----------------------------------------------------------------------------------- */

/* Of lane 0 only: two lanes start at the same time. */
static int fails(unsigned lane, void *ctx)
{
    (void)ctx;
    if (!lane)
        reason = 5;
    return -EIO;
}
/* The other lane starts. It says why once, though it be tried again. */
static int first_fails(unsigned lane, void *ctx)
{
    (void)ctx;
    if (lane)
        return 0;
    if (!reason)
        reason = 5;
    return -EIO;
}
static void noted(const char *what, int status, void *ctx)
{
    (void)ctx;
    mc_assert(what && !strcmp(what, "start") && status == -EIO);
    errors++;
}
static void is_cancelled(void *arg)
{
    (void)arg;
    mc_assert(reason == 5);
}
static void setup_breaks(void)
{
    make(1, WEFT_EXECUTOR_CONFIG(.limit = 1, .start = fails, .on_error = noted));
    mc_assert(!weft_submit_task(executor, SPEC(.fn = work, .destroy = is_cancelled), &future));
}
static void setup_both_break(void)
{
    make(2, WEFT_EXECUTOR_CONFIG(.limit = 2, .start = fails, .on_error = noted));
    mc_assert(!weft_submit(executor, work, NULL, NULL));
    mc_assert(!weft_submit(executor, work, NULL, &future));
}
/* The other one hears of it from the executor alone. */
static void setup_one_breaks(void)
{
    make(2, WEFT_EXECUTOR_CONFIG(.limit = 2, .start = first_fails));
    mc_assert(!weft_submit(executor, work, NULL, NULL));
    mc_assert(!weft_submit(executor, work, NULL, &future));
}

static void run_as(unsigned index)
{
    wf_worker *self = model_be(pool, index);
    wf_task *task = wf_tasks_next(self);
    if (task)
        (void)wf_tasks_run(self, task);
}
static void runner(void)
{
    run_as(0);
}

static void is_broken(void)
{
    weft_executor_state state = {.size = sizeof state};
    mc_assert(!weft_executor_inspect(executor, &state) && state.broken == -EIO && state.closed);
}
static void get_cancelled(void)
{
    int status;
    mc_assert(!weft_future_get(future, &status) && status == -ECANCELED);
    weft_future_release(future);
    is_broken();
}
static void get_and_know(void)
{
    get_cancelled();
    mc_assert(reason == 5);
}

static void get_or_know(void)
{
    int status;
    mc_assert(!weft_future_get(future, &status) && (status == 7 || reason == 5));
    weft_future_release(future);
}

static void check_one_broken(void)
{
    run_as(0);
    is_broken();
    mc_assert(!weft_executor_destroy(executor));
}
static void check_broken(void)
{
    check_one_broken();
    mc_assert(!ran && errors == 1);
}

/* ---- it is full, and closed ---------------------------------------------------------------------- */

static void setup_full(void)
{
    make(1, WEFT_EXECUTOR_CONFIG(.limit = 1, .queue_limit = 1));
    mc_assert(!weft_submit(executor, work, NULL, NULL));
}

/* Nobody makes room. */
static void submit_refused(void)
{
    mc_assert(weft_submit(executor, work, NULL, NULL) == -ESHUTDOWN);
}

static void closes(void)
{
    mc_assert(!weft_executor_close(executor));
}

static void check_closed(void)
{
    run_as(0);
    mc_assert(ran == 1 && !weft_executor_destroy(executor));
}

/* ---- two shut it down ---------------------------------------------------------------------------- */

static void is_over(void *arg)
{
    (void)arg;
    ended++;
}
static void setup_serial(void)
{
    make(1, WEFT_EXECUTOR_CONFIG(.engine = WEFT_ENGINE_SERIAL));
    mc_assert(!weft_submit_task(executor, SPEC(.fn = work, .destroy = is_over), NULL));
}

static void cancel_pending(void)
{
    mc_assert(!weft_executor_shutdown(executor, WEFT_CANCEL_PENDING, WEFT_FOREVER));
    mc_assert(ended == 1);
}
static void drain(void)
{
    mc_assert(!weft_executor_shutdown(executor, WEFT_DRAIN, WEFT_FOREVER));
    mc_assert(ended == 1);
}
static void check_drained(void)
{
    mc_assert(ran <= 1 && !weft_executor_destroy(executor));
}

/* A task was accepted that will never come. */
static void setup_accepted(void)
{
    make(1, WEFT_EXECUTOR_CONFIG(.limit = 1));
    mc_assert(!wf_engine_of(executor)->accept(executor, NULL));
    ended = 1;
}
static void comes_not(void)
{
    wf_engine_of(executor)->comes_not(executor);
}

/* ---- another one in its record ------------------------------------------------------------------- */

static void setup_held(void)
{
    make(1, WEFT_EXECUTOR_CONFIG(.engine = WEFT_ENGINE_SERIAL));
    weft_future *before;
    mc_assert(!weft_promise_create(&promise, &pool->executor, &before));
    mc_assert(!weft_future_then(before, executor, follows, NULL, NULL));
    weft_future_release(before);
}

/* With a hook and a token, which are gone with it. */
static int starts(unsigned lane, void *ctx)
{
    (void)lane;
    mc_assert(!*(int *)ctx);
    return 0;
}
static void setup_waited_for(void)
{
    mc_assert(!weft_stop_create(&stop, NULL, WEFT_FOREVER));
    make(1, WEFT_EXECUTOR_CONFIG(.engine = WEFT_ENGINE_SERIAL, .stop = stop, .start = starts, .ctx = &seen));
    weft_stop_release(stop);
    mc_assert(!weft_submit(executor, work, NULL, &future));
}
static void get(void)
{
    int status;
    mc_assert(!weft_future_get(future, &status) && status == 7 && ran == 1);
    weft_future_release(future);
}

static void fulfil(void)
{
    int err = weft_promise_fulfil(promise, 0);
    mc_assert(!err);
}

static void destroy_and_create(void)
{
    mc_assert(!weft_executor_destroy(executor));
    seen = ran;
    mc_assert(
        !weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL)));
}

/* What was the former one's did not become the other's. */
static void check_other(void)
{
    mc_assert(!weft_executor_destroy(executor));
    mc_assert(ran == seen);
}

/* ---- what runs ----------------------------------------------------------------------------------- */

static int waits_inside(void *arg)
{
    (void)arg;
    mc_assert(!weft_future_get(future, NULL));
    return 7;
}

static void setup_labels(void)
{
    make(1, WEFT_EXECUTOR_CONFIG(.limit = 1));
}

static void submits_labelled(void)
{
    label[0][0] = 'a';
    label[1][0] = 'b';
    mc_assert(!weft_submit_task(executor, SPEC(.fn = waits_inside, .label = label[0]), NULL));
    mc_assert(!weft_submit_task(executor, SPEC(.fn = work, .label = label[1]), &future));
    wf_store_release(&submitted, 1);
}

static void runs_labelled(void)
{
    if (wf_load_acquire(&submitted))
        run_as(0);
}

static void looks(void)
{
    char text[8];
    int length = weft_executor_running(executor, text, sizeof text);
    mc_assert(!length || !strcmp(text, "a\n") || !strcmp(text, "b\n"));
}

static void check_labelled(void)
{
    run_as(0);
    mc_assert(ran == 1 && !weft_executor_destroy(executor));
    weft_future_release(future);
}

static const mc_scenario scenarios[] = {
    {.name = "breaks",
     .setup = setup_breaks,
     .thread = {runner, get_and_know},
     .check = check_broken,
     .bound = 2,
     MODEL_POOL},
    {.name = "both_break",
     .setup = setup_both_break,
     .thread = {runner, get_cancelled},
     .check = check_broken,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "one_breaks",
     .setup = setup_one_breaks,
     .thread = {runner, get_or_know},
     .check = check_one_broken,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "full_and_close",
     .setup = setup_full,
     .thread = {submit_refused, closes},
     .check = check_closed,
     .bound = 3,
     .stale = 2,
     MODEL_POOL},
    {.name = "two_shut_down",
     .setup = setup_serial,
     .thread = {cancel_pending, drain},
     .check = check_drained,
     .bound = 2,
     .stale = 2,
     MODEL_POOL},
    {.name = "comes_not",
     .setup = setup_accepted,
     .thread = {comes_not, drain},
     .check = check_drained,
     .bound = 3,
     MODEL_POOL},
    {.name = "late_for_another",
     .setup = setup_held,
     .thread = {fulfil, destroy_and_create},
     .check = check_other,
     .bound = 2,
     .stale = 2,
     MODEL_POOL},
    {.name = "waits_for_former",
     .setup = setup_waited_for,
     .thread = {get, destroy_and_create},
     .check = check_other,
     .bound = 2,
     .stale = 2,
     MODEL_POOL},
    {.name = "labels",
     .setup = setup_labels,
     .thread = {submits_labelled, runs_labelled, looks},
     .check = check_labelled,
     .bound = 1,
     .stale = 1,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
