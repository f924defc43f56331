/* SPDX-License-Identifier: MIT */
/* test_executor.c - limits, order, and how an executor ends. */
#include "executors.h"

static void limited_to(int limit)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = limit));
    struct crowd c = {0};
    static weft_future *futures[400];
    for (int i = 0; i < 400; i++)
        cr_assert_eq(weft_submit(executor, crowd_in, &c, &futures[i]), 0);
    for (int i = 399; i >= 0; i--)
        cr_assert_eq(get(futures[i]), 0);
    cr_assert_eq(atomic_load(&c.runs), 400);
    cr_assert_leq(atomic_load(&c.most), limit);
    end(executor);
    sem_end(pool);
}

PROMISE(one_at_a_time)
{
    limited_to(1);
}

PROMISE(two_at_a_time)
{
    limited_to(2);
}

PROMISE(many_tasks_run_once_each)
{
    static weft_future *futures[MANY];
    weft_pool *pool = sem_pool();
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool));
    atomic_int runs = 0;
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(weft_submit(executor, count_up, &runs, i % 2 ? &futures[i] : NULL), 0);
    for (int i = 1; i < MANY; i += 2)
        cr_assert_gt(get(futures[i]), 0);
    cr_assert_eq(weft_executor_shutdown(executor, WEFT_DRAIN, WEFT_FOREVER), 0);
    cr_assert_eq(atomic_load(&runs), MANY);
    weft_executor_state state = {.size = sizeof state};
    cr_assert_eq(weft_executor_inspect(executor, &state), 0);
    cr_assert_eq(state.waiting, 0);
    cr_assert_eq(state.closed, 1);
    end(executor);
    sem_end(pool);
}

/* limit 1: tasks come one after the other, so that the line needs no lock; and from outside they are in order. */
static void in_order(const weft_executor_config *config)
{
    struct line line = {0};
    struct stand stand[100];
    weft_executor *executor = make(config);
    for (int i = 0; i < 100; i++) {
        stand[i] = (struct stand){&line, i};
        cr_assert_eq(weft_submit(executor, note, &stand[i], NULL), 0);
    }
    cr_assert_eq(weft_executor_shutdown(executor, WEFT_DRAIN, WEFT_FOREVER), 0);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(line.order[i], i);
    end(executor);
}

PROMISE(with_a_limit_of_one_they_run_in_the_order_of_submission)
{
    weft_pool *pool = sem_pool();
    in_order(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1));
    sem_end(pool);
}

PROMISE(the_serial_engine_runs_them_in_that_order)
{
    weft_pool *pool = sem_pool();
    in_order(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL));
    sem_end(pool);
}

PROMISE(the_serial_engine_runs_nothing_but_what_comes_before)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL));
    weft_future *future[3];
    atomic_int runs = 0;
    for (int i = 0; i < 3; i++)
        cr_assert_eq(weft_submit(executor, count_up, &runs, &future[i]), 0);
    cr_assert_eq(get(future[1]), 2);
    cr_assert_eq(atomic_load(&runs), 2);
    cr_assert_eq(get(future[0]), 1);
    cr_assert_eq(get(future[2]), 3);
    end(executor);
    sem_end(pool);
}

static int nested(void *arg)
{
    struct nest *n = arg, inner = {n->executor, n->depth - 1};
    weft_future *future;
    int status, err;
    if (n->depth == 0)
        return 1;
    if (weft_submit(n->executor, nested, &inner, &future))
        return -1;
    err = weft_future_get(future, &status);
    weft_future_release(future);
    return err ? err : status + 1;
}

/* What waits lends its ticket. */
PROMISE(tasks_wait_for_tasks_of_the_same_limited_executor)
{
    weft_pool *pool = sem_pool();
    for (int engine = WEFT_ENGINE_POOL; engine <= WEFT_ENGINE_SERIAL; engine++) {
        struct nest n = {make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1, .engine = engine)), 20};
        weft_future *future;
        cr_assert_eq(weft_submit(n.executor, nested, &n, &future), 0);
        cr_assert_eq(get(future), 21);
        end(n.executor);
    }
    sem_end(pool);
}

static void numbers_of(weft_executor *executor, uint64_t accepted, uint64_t ended)
{
    weft_executor_state state = {.size = sizeof state};
    cr_assert_eq(weft_executor_inspect(executor, &state), 0);
    cr_assert_eq(state.accepted, accepted, "%d", (int)state.accepted);
    cr_assert_eq(state.ended, ended, "%d", (int)state.ended);
}

/* Its record may have been another's before. */
PROMISE(its_numbers_begin_at_its_creation)
{
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 3; i++) {
        weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL,
                                                            .queue_limit = 1, .when_full = WEFT_CALLER_RUNS));
        atomic_int runs = 0;
        numbers_of(executor, 0, 0);
        cr_assert_eq(weft_submit(executor, count_up, &runs, NULL), 0);
        cr_assert_eq(weft_submit(executor, count_up, &runs, NULL), 0);
        numbers_of(executor, 2, 1);
        cr_assert_eq(weft_executor_shutdown(executor, WEFT_DRAIN, WEFT_FOREVER), 0);
        numbers_of(executor, 2, 2);
        end(executor);
    }
    sem_end(pool);
}

PROMISE(nothing_begins_once_the_executors_token_has_fired)
{
    weft_pool *pool = sem_pool();
    for (int engine = WEFT_ENGINE_POOL; engine <= WEFT_ENGINE_SERIAL; engine++) {
        atomic_int runs = 0;
        weft_stop *stop;
        weft_future *future[3];
        cr_assert_eq(weft_stop_create(&stop, NULL, WEFT_FOREVER), 0);
        weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = engine, .stop = stop));
        cr_assert_eq(weft_stop_request(stop), 0);
        for (int i = 0; i < 3; i++)
            cr_assert_eq(weft_submit(executor, count_up, &runs, &future[i]), 0);
        for (int i = 0; i < 3; i++) {
            cr_assert_eq(weft_future_wait(future[i], WEFT_FOREVER), 0);
            cr_assert_eq(weft_future_state(future[i]), WEFT_CANCELLED);
            cr_assert_eq(get(future[i]), -ECANCELED);
        }
        end(executor);
        weft_stop_release(stop);
        cr_assert_eq(atomic_load(&runs), 0);
    }
    sem_end(pool);
}

PROMISE(what_is_pending_is_cancelled_when_asked)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    struct door d = {0};
    atomic_int runs = 0;
    weft_future *future;
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1));
    weft_task_spec door = {.size = sizeof door, .fn = stand_in_the_door, .arg = &d, .label = "in the door"};
    char text[64];
    cr_assert_eq(weft_submit_task(executor, &door, NULL), 0);
    while (!atomic_load(&d.inside))
        sched_yield();
    cr_assert_eq(weft_submit(executor, count_up, &runs, &future), 0);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(weft_submit(executor, count_up, &runs, NULL), 0);
    cr_assert_eq(weft_executor_shutdown(executor, WEFT_CANCEL_PENDING, 0), -ETIMEDOUT);
    cr_assert_eq(weft_executor_running(executor, text, sizeof text), 12);
    cr_assert_str_eq(text, "in the door\n");
    cr_assert_eq(get(future), -ECANCELED);
    atomic_store(&d.open, 1);
    cr_assert_eq(weft_executor_shutdown(executor, WEFT_CANCEL_PENDING, WEFT_FOREVER), 0);
    end(executor);
    cr_assert_eq(atomic_load(&runs), 0);
    sem_end(pool);
}

static int until_stopped(void *arg)
{
    atomic_store((atomic_int *)arg, 1);
    while (!weft_should_stop())
        sched_yield();
    weft_stop_shield();
    int shielded = weft_should_stop();
    weft_stop_unshield();
    return shielded ? 1 : -ECANCELED;
}

PROMISE(what_runs_is_asked_to_stop)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    atomic_int runs = 0;
    weft_future *future;
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool));
    cr_assert_eq(weft_submit(executor, until_stopped, &runs, &future), 0);
    while (!atomic_load(&runs))
        sched_yield();
    cr_assert_eq(weft_executor_shutdown(executor, WEFT_STOP_RUNNING, WEFT_FOREVER), 0);
    cr_assert_eq(get(future), -ECANCELED);
    end(executor);
    sem_end(pool);
}

static int shut_down_own(void *arg)
{
    return weft_executor_shutdown(*(weft_executor **)arg, WEFT_DRAIN, WEFT_FOREVER);
}

PROMISE(a_task_that_ends_its_own_executor_is_told_so)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool));
    weft_future *future;
    cr_assert_eq(weft_submit(executor, shut_down_own, &executor, &future), 0);
    cr_assert_eq(get(future), -EDEADLK);
    end(executor);
    sem_end(pool);
}

PROMISE(executors_come_and_go)
{
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 300; i++) {
        weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1 + i % 3));
        atomic_int runs = 0;
        weft_future *future;
        for (int j = 0; j < 10; j++)
            cr_assert_eq(weft_submit(executor, count_up, &runs, NULL), 0);
        cr_assert_eq(weft_submit(executor, count_up, &runs, &future), 0);
        end(executor);
        cr_assert_eq(atomic_load(&runs), 11);
        cr_assert_gt(get(future), 0);
    }
    sem_end(pool);
}

PROMISE(bad_input_is_refused_and_changes_nothing)
{
    weft_executor *executor = (weft_executor *)1, *plain;
    weft_future *future;
    weft_stop *stop;
    atomic_int runs = 0;
    weft_task_spec both = {.size = sizeof both, .fn = count_up, .fn2 = square, .arg = &runs};
    weft_task_spec none = {.size = sizeof none, .arg = &runs};
    weft_task_spec nothing_to_copy = {.size = sizeof none, .fn = count_up, .arg_bytes = 4};
    weft_task_spec result_of_fn = {.size = sizeof none, .fn = count_up, .result_bytes = 4};
    cr_assert_eq(weft_executor_create(NULL, NULL), -EINVAL);
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.limit = -1)), -EINVAL);
    cr_assert_null(executor);
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.priority = 2)), -EINVAL);
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.engine = 9)), -EINVAL);
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.when_full = 3)), -EINVAL);
    cr_assert_eq(weft_pool_executor(NULL, &plain), 0);
    cr_assert_eq(weft_executor_close(plain), -EINVAL);
    cr_assert_eq(weft_executor_close(NULL), -EINVAL);
    cr_assert_eq(weft_executor_shutdown(plain, WEFT_DRAIN, 0), -EINVAL);
    cr_assert_eq(weft_executor_destroy(plain), -EINVAL);
    cr_assert_eq(weft_executor_destroy(NULL), 0);
    cr_assert_eq(weft_executor_running(plain, NULL, 0), -EINVAL);
    cr_assert_eq(weft_submit_task(NULL, NULL, &future), -EINVAL);
    cr_assert_eq(weft_submit_task(NULL, &both, &future), -EINVAL);
    cr_assert_eq(weft_submit_task(NULL, &none, &future), -EINVAL);
    cr_assert_eq(weft_submit_task(NULL, &nothing_to_copy, &future), -EINVAL);
    cr_assert_eq(weft_submit_task(NULL, &result_of_fn, &future), -EINVAL);
    cr_assert_null(future);
    cr_assert_eq(weft_stop_create(NULL, NULL, 0), -EINVAL);
    cr_assert_eq(weft_stop_request(NULL), -EINVAL);
    cr_assert_eq(weft_stop_requested(NULL), 0);
    cr_assert_eq(weft_stop_create(&stop, NULL, WEFT_FOREVER), 0);
    weft_stop_release(stop);
    weft_stop_release(NULL);
    executor = make(NULL);
    cr_assert_eq(weft_executor_shutdown(executor, 7, 0), -EINVAL);
    cr_assert_eq(weft_executor_inspect(executor, NULL), -EINVAL);
    end(executor);
    cr_assert_eq(atomic_load(&runs), 0);
}

PROMISE(inspect_tells_an_executors_name)
{
    weft_pool *pool = sem_pool();
    char name[] = "disk";
    weft_executor *named = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .name = name));
    weft_executor *plain = make(WEFT_EXECUTOR_CONFIG(.pool = pool));
    weft_executor_state state = {.size = sizeof state};
    name[0] = '?'; /* it was copied */
    cr_assert_eq(weft_executor_inspect(named, &state), 0);
    cr_assert_str_eq(state.name, "disk");
    cr_assert_eq(weft_executor_inspect(plain, &state), 0);
    cr_assert_str_eq(state.name, "executor");
    end(named);
    end(plain);
    sem_end(pool);
}
