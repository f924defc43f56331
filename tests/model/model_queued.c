/* SPDX-License-Identifier: MIT */
/*
 * model/model_queued.c - exec/queued.c, accept.c, executors.c, tickets.c: an executor with a limit of one, its submitters,
 * its runners, who takes a task over, and who shuts it down; one that sends, and who ends what is away. What tasks do is plain: two at a time are a race. To keep it
 * small, runners are run by threads that take them from the pool's inbox, as a worker does.
 */
#include "pool.h"

#include <errno.h>
#include <string.h>

#include <weft/executor.h>
#include <weft/stop.h>

#include "exec/executors.h"
#include "exec/task_spec.h"
#include "sched/pool.h"

static weft_pool *pool;
static weft_executor *executor;
static weft_stop *stop;
static weft_future *future, *second;
static int over, reason;              /* in_one as shutdown returned; plain: why it is shut down */
static int apart;                     /* as in_one, of tasks that run beside each other */
static int in_one, accepted, refused; /* in_one is plain: tasks run under the one ticket */

static int work(void *arg)
{
    (void)arg;
    in_one++;
    return 7;
}

/* What the caller runs itself is above the limit. */
static int works_apart(void *arg)
{
    (void)arg;
    (void)__atomic_fetch_add(&apart, 1, __ATOMIC_RELAXED);
    return 7;
}

static void make_pool(unsigned workers)
{
    pool = model_pool(workers, 1);
    future = second = NULL;
    in_one = accepted = refused = over = reason = apart = 0;
}

static void make(unsigned workers, const weft_executor_config *config)
{
    make_pool(workers);
    weft_executor_config with_pool = *config;
    with_pool.pool = pool;
    mc_assert(!weft_executor_create(&executor, &with_pool));
}

static void setup(void)
{
    make(1, WEFT_EXECUTOR_CONFIG(.limit = 1));
}
static void setup_serial(void)
{
    make(1, WEFT_EXECUTOR_CONFIG(.engine = WEFT_ENGINE_SERIAL));
}
static void setup_one_waits(int when_full)
{
    make(1, WEFT_EXECUTOR_CONFIG(.limit = 1, .queue_limit = 1, .when_full = when_full));
    mc_assert(!weft_submit(executor, when_full == WEFT_BLOCK ? work : works_apart, NULL, NULL));
    accepted = 1;
}
static void setup_full_blocks(void)
{
    setup_one_waits(WEFT_BLOCK);
}
static void setup_full_runs(void)
{
    setup_one_waits(WEFT_CALLER_RUNS);
}

static void setup_submitted(void)
{
    setup();
    mc_assert(!weft_submit(executor, work, NULL, &future));
}
static void setup_serial_submitted(void)
{
    setup_serial();
    mc_assert(!weft_submit(executor, work, NULL, &future));
    mc_assert(!weft_submit(executor, work, NULL, &second));
}

#define SPEC(...) (&(weft_task_spec){.size = sizeof(weft_task_spec), __VA_ARGS__})

/* A task that says whether it was told to stop, and knows why then. */
static int asks(void *arg)
{
    (void)arg;
    if (weft_should_stop())
        mc_assert(reason == 5);
    in_one++;
    return 7;
}
static void is_destroyed(void *arg)
{
    (void)arg;
    if (!in_one)
        mc_assert(reason == 5);
}
static void setup_asks(void)
{
    setup();
    mc_assert(!weft_submit_task(executor, SPEC(.fn = asks, .destroy = is_destroyed), &future));
}

/* Its executor has a token, which its maker lets go of. */
static void setup_token(void)
{
    mc_assert(!weft_stop_create(&stop, NULL, WEFT_FOREVER));
    make(1, WEFT_EXECUTOR_CONFIG(.limit = 1, .stop = stop));
    mc_assert(!weft_submit_task(executor, SPEC(.fn = asks, .destroy = is_destroyed), NULL));
}

static void setup_token_and_reason(void)
{
    setup_token();
    reason = 5;
}

/* Its label is among those that run. */
static int is_noted(void *arg)
{
    char text[64];
    mc_assert(weft_executor_running(executor, text, sizeof text) >= 2 && strstr(text, arg));
    return 7;
}
static void setup_noted(void)
{
    make(2, WEFT_EXECUTOR_CONFIG(.limit = 2));
    mc_assert(!weft_submit_task(executor, SPEC(.fn = is_noted, .arg = "a", .label = "a"), NULL));
    mc_assert(!weft_submit_task(executor, SPEC(.fn = is_noted, .arg = "b", .label = "b"), NULL));
}

/* A task that submits another one to its own executor and waits for it, on the ticket that it has. */
static int waits_inside(void *arg)
{
    weft_future *inner;
    int status;
    (void)arg;
    mc_assert(!weft_submit(executor, work, NULL, &inner));
    mc_assert(!weft_future_get(inner, &status) && status == 7);
    weft_future_release(inner);
    return 7;
}
static void setup_waits_inside(void)
{
    setup();
    mc_assert(!weft_submit(executor, waits_inside, NULL, &future));
}

/* ---- one that sends ------------------------------------------------------------------------------ */

static weft_future *away; /* handed over: one at a time */
static bool far_gone;

static void is_gone(wf_far *far)
{
    (void)far;
    far_gone = true;
}
static wf_far far = {.sends = true, .gone = is_gone};

static int hand_over(const void *arg, void *result)
{
    (void)arg;
    (void)result;
    in_one++;
    __atomic_store_n(&away, wf_tasks_innermost()->task, __ATOMIC_RELEASE);
    return WF_AWAY;
}
static void setup_sends(void)
{
    make_pool(1);
    mc_assert(!wf_executor_create_far(&executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1), &far));
    away = NULL;
    far_gone = false;
}
static void setup_sends_one(void)
{
    setup_sends();
    mc_assert(!wf_task_submit_away(executor, SPEC(.fn2 = hand_over), &future));
    accepted = 1;
}
static void submit_away(void)
{
    int err = wf_task_submit_away(executor, SPEC(.fn2 = hand_over), NULL);
    mc_assert(!err || err == -ESHUTDOWN);
    (void)__atomic_fetch_add(err ? &refused : &accepted, 1, __ATOMIC_RELAXED);
}
static void end_one(void)
{
    weft_future *task;
    while (!(task = __atomic_exchange_n(&away, NULL, __ATOMIC_ACQUIRE)))
        mc_pause();
    in_one += 10;
    wf_task_comes_back(task, 7, NULL);
}
static void end_two(void)
{
    end_one();
    end_one();
}
static void get_away(void)
{
    int status;
    mc_assert(!weft_future_get(future, &status) && status == 7 && in_one >= 11);
    weft_future_release(future);
}
static void check_away(void)
{
    mc_assert(in_one == 11 * accepted && !weft_executor_destroy(executor) && far_gone);
}

/* ---- in threads ---------------------------------------------------------------------------------- */

static void submit(void)
{
    int err = weft_submit(executor, work, NULL, NULL);
    mc_assert(!err || err == -ESHUTDOWN);
    (void)__atomic_fetch_add(err ? &refused : &accepted, 1, __ATOMIC_RELAXED);
}

static void submit_apart(void)
{
    int err = weft_submit(executor, works_apart, NULL, NULL);
    mc_assert(!err || err == -ESHUTDOWN);
    (void)__atomic_fetch_add(err ? &refused : &accepted, 1, __ATOMIC_RELAXED);
}

/* A worker that looks until nothing is there. */
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
static void runner_until_over(void)
{
    wf_worker *self = model_be(pool, 0);
    for (;;) {
        bool last = wf_load_acquire(&over);
        wf_task *task = wf_tasks_next(self);
        if (task)
            (void)wf_tasks_run(self, task);
        else if (last)
            return;
        else
            mc_pause();
    }
}
static void runner1(void)
{
    run_as(1);
}

static void get(void)
{
    int status;
    mc_assert(!weft_future_get(future, &status) && status == 7);
    weft_future_release(future);
}

static void get_second(void)
{
    int status;
    mc_assert(!weft_future_get(second, &status) && status == 7);
    weft_future_release(second);
}

static void worker(void)
{
    model_work(pool, 0);
}

static void shut_down(void)
{
    mc_assert(!weft_executor_shutdown(executor, WEFT_DRAIN, WEFT_FOREVER));
}

/* What was accepted ran before. */
static void shut_down_at_once(void)
{
    shut_down();
    over = in_one;
}

static void shut_down_apart(void)
{
    shut_down();
    reason = __atomic_load_n(&apart, __ATOMIC_RELAXED);
    wf_store_release(&over, 1);
}

/* Its record is used again. */
static void destroy_and_create(void)
{
    mc_assert(!weft_executor_destroy(executor));
    mc_assert(
        !weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 2, .queue_limit = 5)));
}

static void stop_running(void)
{
    reason = 5;
    mc_assert(!weft_executor_shutdown(executor, WEFT_STOP_RUNNING, WEFT_FOREVER));
    wf_store_release(&over, 1);
}

static void request_stop(void)
{
    reason = 5;
    mc_assert(!weft_stop_request(stop));
    weft_stop_release(stop);
}
static void request_stop_too(void)
{
    int err = weft_stop_request(stop);
    mc_assert(!err || err == -EALREADY);
    (void)__atomic_fetch_add(&apart, !err, __ATOMIC_RELAXED);
}
static void request_stop_apart(void)
{
    request_stop_too();
    weft_stop_release(stop);
}
static void run_and_destroy(void)
{
    runner();
    mc_assert(!weft_executor_destroy(executor));
}

/* What runs meanwhile is not begun. */
static void cancel_pending(void)
{
    mc_assert(!weft_executor_shutdown(executor, WEFT_CANCEL_PENDING, WEFT_FOREVER));
}

/* It does not wait for anybody; nor does anybody run tasks meanwhile. */
static void cancel_at_once(void)
{
    int err = weft_executor_shutdown(executor, WEFT_CANCEL_PENDING, 0);
    mc_assert(!err || err == -ETIMEDOUT);
}

static void submit_to(weft_future **made)
{
    int err = weft_submit(executor, work, NULL, made);
    mc_assert(!err || err == -ESHUTDOWN);
}
static void submit_one(void)
{
    submit_to(&future);
}
static void submit_second(void)
{
    submit_to(&second);
}

/* All that is left runs now; then each ran once, and the executor can go. */
static void check(void)
{
    runner();
    mc_assert(!weft_executor_destroy(executor));
    mc_assert(in_one == accepted);
}

static void check_apart(void)
{
    runner();
    mc_assert(!weft_executor_destroy(executor));
    mc_assert(apart == accepted && (!reason || reason == apart));
}

static void check_submitted(void)
{
    accepted++;
    check();
}

static void check_two(void)
{
    accepted++;
    check_submitted();
}
static void check_noted(void)
{
    runner();
    mc_assert(!weft_executor_destroy(executor));
}
static void check_token(void)
{
    mc_assert(mc_freed(stop));
}
static void check_one_stopped(void)
{
    mc_assert(apart == 1);
    check_noted();
    check_token();
}
static void check_again(void)
{
    mc_assert(in_one == 1 && !weft_executor_destroy(executor));
}

static void check_shut(void)
{
    mc_assert(in_one == accepted && over == in_one && accepted + refused == 1);
    mc_assert(!weft_executor_destroy(executor));
}

static void check_cancelled(void)
{
    int status = weft_future_status(future);
    mc_assert(in_one ? in_one == 1 && status == 7 : status == -ECANCELED);
    weft_future_release(future);
    mc_assert(!weft_executor_destroy(executor));
}

/* What was accepted has been told. */
static void check_told(void)
{
    mc_assert(!future || weft_future_state(future) == WEFT_CANCELLED);
    mc_assert(!second || weft_future_state(second) == WEFT_CANCELLED);
    weft_future_release(future);
    weft_future_release(second);
    check_noted();
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
     .thread = {submit, shut_down_at_once, worker},
     .check = check_shut,
     .daemons = 4,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "shutdown_serial",
     .setup = setup_serial,
     .thread = {submit, shut_down_at_once},
     .check = check_shut,
     .bound = 3,
     MODEL_POOL},
    {.name = "serial",
     .setup = setup_serial_submitted,
     .thread = {get, get_second},
     .check = check_two,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "full_blocks",
     .setup = setup_full_blocks,
     .thread = {submit, runner},
     .check = check,
     .bound = 3,
     .stale = 2,
     MODEL_POOL},
    {.name = "full_runs",
     .setup = setup_full_runs,
     .thread = {submit_apart, submit_apart, runner},
     .check = check_apart,
     .bound = 1,
     .stale = 1,
     MODEL_POOL},
    {.name = "full_runs_and_shutdown",
     .setup = setup_full_runs,
     .thread = {submit_apart, shut_down_apart, runner_until_over},
     .check = check_apart,
     .bound = 1,
     .stale = 1,
     MODEL_POOL},
    {.name = "wait_inside",
     .setup = setup_waits_inside,
     .thread = {runner, get},
     .check = check_submitted,
     .bound = 1,
     .stale = 1,
     MODEL_POOL},
    {.name = "destroy_and_create",
     .setup = setup_submitted,
     .thread = {runner, destroy_and_create},
     .check = check_again,
     .bound = 3,
     MODEL_POOL},
    {.name = "stop_running",
     .setup = setup_asks,
     .thread = {runner_until_over, stop_running},
     .check = check_noted,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "running",
     .setup = setup_noted,
     .thread = {runner, runner1},
     .check = check_noted,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "token",
     .setup = setup_token,
     .thread = {run_and_destroy, request_stop},
     .check = check_token,
     .bound = 2,
     .stale = 2,
     MODEL_POOL},
    {.name = "two_request",
     .setup = setup_token_and_reason,
     .thread = {request_stop_too, request_stop_apart},
     .check = check_one_stopped,
     .bound = 2,
     MODEL_POOL},
    {.name = "away",
     .setup = setup_sends_one,
     .thread = {end_one, get_away},
     .check = check_away,
     .bound = 3,
     .stale = 2,
     MODEL_POOL},
    {.name = "two_away",
     .setup = setup_sends,
     .thread = {submit_away, submit_away, end_two},
     .check = check_away,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "submit_while_one_comes_back",
     .setup = setup_sends_one,
     .thread = {submit_away, end_two},
     .check = check_away,
     .bound = 3,
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
    {.name = "cancel_and_submit",
     .setup = setup,
     .thread = {submit_one, cancel_at_once},
     .check = check_told,
     .bound = 3,
     .stale = 2,
     MODEL_POOL},
    {.name = "cancel_and_two_submit",
     .setup = setup,
     .thread = {submit_one, submit_second, cancel_at_once},
     .check = check_told,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
