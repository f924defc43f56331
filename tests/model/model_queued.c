/* SPDX-License-Identifier: MIT */
/*
 * model/model_queued.c - exec/queued.c: an executor with a limit of one, its submitters, its runners, who takes a task over,
 * and who shuts it down. What tasks do is plain: two at a time are a race. To keep it small, runners are run by threads
 * that take them from the pool's inbox, as a worker does.
 */
#include "pool.h"

#include <errno.h>

#include <weft/executor.h>

#include "sched/pool.h"

static weft_pool *pool;
static weft_executor *executor;
static weft_future *future;
static int in_one, accepted, refused; /* in_one is plain: tasks run under the one ticket */

static int work(void *arg)
{
    (void)arg;
    in_one++;
    return 7;
}

static void setup(void)
{
    pool = model_pool(1, 1);
    mc_assert(!weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)));
    future = NULL;
    in_one = accepted = refused = 0;
}

static void setup_submitted(void)
{
    setup();
    mc_assert(!weft_submit(executor, work, NULL, &future));
}

static void submit(void)
{
    int err = weft_submit(executor, work, NULL, NULL);
    mc_assert(!err || err == -ESHUTDOWN);
    (void)__atomic_fetch_add(err ? &refused : &accepted, 1, __ATOMIC_RELAXED);
}

/* A worker that looks until nothing is there. */
static void runner(void)
{
    wf_worker *self = model_be(pool, 0);
    wf_task *task = wf_tasks_next(self);
    if (task)
        (void)wf_tasks_run(self, task);
}

static void get(void)
{
    int status;
    mc_assert(!weft_future_get(future, &status) && status == 7);
    weft_future_release(future);
}

static void worker(void)
{
    model_work(pool, 0);
}

static void shut_down(void)
{
    mc_assert(!weft_executor_shutdown(executor, WEFT_DRAIN, WEFT_FOREVER));
}

/* What runs meanwhile is not begun. */
static void cancel_pending(void)
{
    mc_assert(!weft_executor_shutdown(executor, WEFT_CANCEL_PENDING, WEFT_FOREVER));
}

/* All that is left runs now; then each ran once, and the executor can go. */
static void check(void)
{
    runner();
    mc_assert(!weft_executor_destroy(executor));
    mc_assert(in_one == accepted);
}

static void check_submitted(void)
{
    accepted++;
    check();
}

static void check_shut(void)
{
    mc_assert(in_one == accepted && accepted + refused == 1);
    mc_assert(!weft_executor_destroy(executor));
}

static void check_cancelled(void)
{
    int status = weft_future_status(future);
    mc_assert(in_one ? in_one == 1 && status == 7 : status == -ECANCELED);
    weft_future_release(future);
    mc_assert(!weft_executor_destroy(executor));
}

static const mc_scenario scenarios[] = {
    {.name = "submit_and_run",
     .setup = setup,
     .thread = {submit, runner},
     .check = check,
     .bound = 3,
     MODEL_POOL},
    {.name = "two_submit",
     .setup = setup,
     .thread = {submit, submit, runner},
     .check = check,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "run_or_take_over",
     .setup = setup_submitted,
     .thread = {runner, get},
     .check = check_submitted,
     .bound = 2,
     .stale = 2,
     MODEL_POOL},
    {.name = "submit_while_taken_over",
     .setup = setup_submitted,
     .thread = {submit, get},
     .check = check_submitted,
     .bound = 2,
     .stale = 2,
     MODEL_POOL},
    {.name = "shutdown_and_submit",
     .setup = setup,
     .thread = {submit, shut_down, worker},
     .check = check_shut,
     .daemons = 4,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "cancel_pending",
     .setup = setup_submitted,
     .thread = {worker, cancel_pending},
     .check = check_cancelled,
     .daemons = 1,
     .bound = 3,
     .stale = 2,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
