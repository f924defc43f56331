/* SPDX-License-Identifier: MIT */
/*
 * model/model_limit.c - exec/limit.c with one permit: two tasks of a limit, of which the first has it and the second is in
 * line, while the permit is handed over, a task is cancelled, taken over by who waits, or the line is emptied by its
 * executor's shutdown. What tasks do is plain: two at a time are a race. A worker is a thread that takes from the pool's
 * queues for a while.
 */
#include "pool.h"

#include <errno.h>

#include <weft/executor.h>

#include "exec/limit.h"
#include "sched/drain.h"
#include "sched/pool.h"

static weft_pool *pool;
static weft_executor *executor;
static weft_limit *limit;
static weft_future *first, *second;
static int in_one, destroyed; /* in_one is plain: tasks run under the one permit */

#define SPEC(...) (&(weft_task_spec){.size = sizeof(weft_task_spec), __VA_ARGS__})

static int work(void *arg)
{
    (void)arg;
    in_one++;
    return 7;
}

static void is_destroyed(void *arg)
{
    (void)arg;
    (void)__atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
}

static void submit_to(weft_executor *door, weft_future **future)
{
    mc_assert(!weft_submit_task(door, SPEC(.fn = work, .destroy = is_destroyed, .limit = limit), future));
}

static void make(void)
{
    model_generation++; /* another process: no limit of the scenario before is known */
    pool = model_pool(1, 2);
    executor = NULL;
    in_one = destroyed = 0;
    first = second = NULL;
    mc_assert(!weft_limit_create(&limit, 1, NULL));
}

static void setup(void)
{
    make();
    submit_to(&pool->executor, &first);
    submit_to(&pool->executor, &second);
    mc_name(first, 64, "first");
    mc_name(second, 64, "second");
}

/* Nobody holds a future: who ends the last of them lets the limit go, too. */
static void setup_detached(void)
{
    make();
    submit_to(&pool->executor, NULL);
    submit_to(&pool->executor, NULL);
}

static void setup_first(void)
{
    make();
    submit_to(&pool->executor, &first);
}

/* The second one is an executor's. */
static void setup_executor(void)
{
    make();
    mc_assert(!weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)));
    submit_to(&pool->executor, &first);
    submit_to(executor, &second);
}

/* Nobody gives the permit back before the end. */
static void setup_executor_alone(void)
{
    make();
    mc_assert(!weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)));
    submit_to(&pool->executor, &first);
}

/* ---- threads ------------------------------------------------------------------------------------- */

/* What is there, and what it brings. */
static void runner(void)
{
    wf_worker *self = model_be(pool, 0);
    wf_task *task = wf_tasks_next(self);
    if (task)
        (void)wf_tasks_run(self, task);
}

static void get_first(void)
{
    int status;
    mc_assert(!weft_future_get(first, &status) && (status == 7 || status == -ECANCELED));
}

static void get_second(void)
{
    int status;
    mc_assert(!weft_future_get(second, &status) && (status == 7 || status == -ECANCELED));
}

static void cancel(weft_future *future)
{
    int err = weft_future_cancel(future);
    mc_assert(!err || err == -EBUSY || err == -EALREADY);
}
static void cancel_first(void)
{
    cancel(first);
}
static void cancel_second(void)
{
    cancel(second);
}

static void submit_second(void)
{
    submit_to(&pool->executor, &second);
}

static void set_the_same(void)
{
    mc_assert(!weft_limit_set(limit, 1));
}

static void shut_down(void)
{
    mc_assert(!weft_executor_shutdown(executor, WEFT_CANCEL_PENDING, WEFT_FOREVER));
    mc_assert(weft_future_state(second) >= WEFT_DONE);
}

static void submit_or_not(void)
{
    int err = weft_submit_task(executor, SPEC(.fn = work, .destroy = is_destroyed, .limit = limit), &second);
    mc_assert(!err || err == -ESHUTDOWN);
}

static void shut_down_alone(void)
{
    mc_assert(!weft_executor_shutdown(executor, WEFT_CANCEL_PENDING, WEFT_FOREVER));
}

static void close_and_destroy(void)
{
    mc_assert(!weft_executor_destroy(executor));
    executor = NULL;
    mc_assert(weft_future_state(second) >= WEFT_DONE);
}

static void await_expected(void)
{
    wf_drain_await(pool);
    mc_assert(!pool->expected);
}

static void worker(void)
{
    model_work(pool, 0);
}

static void let_limit_go(void)
{
    weft_limit_release(limit);
}

/* ---- afterwards ---------------------------------------------------------------------------------- */

static int outcome(weft_future *future)
{
    int status = weft_future_status(future);
    mc_assert(status == 7 || status == -ECANCELED);
    weft_future_release(future);
    return status == 7;
}

/* What is left runs now: each one ran or was cancelled, and its argument is gone. */
static void check(void)
{
    runner();
    int ran = outcome(first) + outcome(second);
    mc_assert(in_one == ran && destroyed == 2 && !pool->expected);
    if (limit) {
        weft_limit_state state = {.size = sizeof state};
        mc_assert(!weft_limit_inspect(limit, &state));
        mc_assert(!state.running && !state.ready && !state.waiting);
        weft_limit_release(limit);
    }
    if (executor)
        mc_assert(!weft_executor_destroy(executor));
}

static void check_shut(void)
{
    mc_assert(!second || weft_future_status(second) == -ECANCELED);
    if (!second) {
        submit_to(&pool->executor, &second);
        cancel_second();
    }
    check();
}

static void check_let_go(void)
{
    mc_assert(in_one == 2 && destroyed == 2 && mc_freed(limit));
}

static void check_both_ran(void)
{
    runner();
    mc_assert(in_one == 2);
    check();
}

static const mc_scenario scenarios[] = {
    {.name = "hand_over_or_cancel",
     .setup = setup,
     .thread = {runner, cancel_second},
     .check = check,
     .bound = 3,
     MODEL_POOL},
    {.name = "hand_over_or_take_over",
     .setup = setup,
     .thread = {runner, get_second},
     .check = check_both_ran,
     .bound = 2,
     .stale = 2,
     MODEL_POOL},
    {.name = "take_over_or_cancel",
     .setup = setup,
     .thread = {get_second, cancel_first},
     .check = check,
     .bound = 2,
     .stale = 2,
     MODEL_POOL},
    {.name = "cancel_both",
     .setup = setup,
     .thread = {cancel_first, cancel_second},
     .check = check,
     .bound = 3,
     MODEL_POOL},
    {.name = "all_three",
     .setup = setup,
     .thread = {runner, get_second, cancel_first},
     .check = check,
     .bound = 1,
     .stale = 1,
     MODEL_POOL},
    {.name = "two_take_over",
     .setup = setup,
     .thread = {get_first, get_second},
     .check = check_both_ran,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "enter_or_end",
     .setup = setup_first,
     .thread = {runner, submit_second},
     .check = check_both_ran,
     .bound = 3,
     MODEL_POOL},
    {.name = "enter_and_set",
     .setup = setup_first,
     .thread = {runner, submit_second, set_the_same},
     .check = check_both_ran,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "hand_over_or_shut_down",
     .setup = setup_executor,
     .thread = {worker, shut_down},
     .check = check,
     .daemons = 1,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "enter_or_shut_down",
     .setup = setup_executor_alone,
     .thread = {submit_or_not, shut_down_alone},
     .check = check_shut,
     .bound = 3,
     MODEL_POOL},
    {.name = "hand_over_and_drain",
     .setup = setup_executor,
     .thread = {worker, close_and_destroy},
     .check = check_both_ran,
     .daemons = 1,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "expected",
     .setup = setup,
     .thread = {runner, await_expected},
     .check = check_both_ran,
     .bound = 3,
     MODEL_POOL},
    {.name = "last_reference",
     .setup = setup_detached,
     .thread = {runner, let_limit_go},
     .check = check_let_go,
     .bound = 3,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
