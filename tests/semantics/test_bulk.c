/* SPDX-License-Identifier: MIT */
/* Many at once through an executor: submit_many, apply, maps under limits, with each engine. */
#include "sem.h"

#define ITEMS 1000

static int count_up(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static weft_executor *executor_of(weft_pool *pool, int engine, int limit)
{
    weft_executor *executor = NULL;
    int err = weft_executor_create(
        &executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .name = "bulk", .engine = engine, .limit = limit));
    cr_assert_eq(err, 0, "%s", weft_strerror(err));
    return executor;
}

/* ---- submit_many -------------------------------------------------------------------------------- */

static int answer(void *arg)
{
    return *(int *)arg;
}

static void submit_and_read(weft_executor *executor)
{
    int args[ITEMS], status;
    weft_future *futures[ITEMS];
    size_t accepted = 0;
    for (int i = 0; i < ITEMS; i++)
        args[i] = i;
    cr_assert_eq(weft_submit_many(executor, answer, args, sizeof *args, ITEMS, futures, &accepted), 0);
    cr_assert_eq(accepted, ITEMS);
    for (int i = 0; i < ITEMS; i++) {
        cr_assert_eq(weft_future_get(futures[i], &status), 0);
        cr_assert_eq(status, i);
        weft_future_release(futures[i]);
    }
}

PROMISE(submit_many_gives_each_its_argument)
{
    weft_pool *pool = sem_pool();
    weft_executor *own, *queued = executor_of(pool, WEFT_ENGINE_POOL, 2),
                        *serial = executor_of(pool, WEFT_ENGINE_SERIAL, 0);
    weft_pool_executor(pool, &own);
    submit_and_read(own);
    submit_and_read(queued);
    submit_and_read(serial);
    cr_assert_eq(weft_executor_destroy(queued), 0);
    cr_assert_eq(weft_executor_destroy(serial), 0);
    sem_end(pool);
}

PROMISE(submit_many_without_futures_all_run)
{
    atomic_int ran = 0;
    weft_pool *pool = sem_pool();
    weft_executor *own;
    weft_pool_executor(pool, &own);
    cr_assert_eq(weft_submit_many(own, count_up, &ran, 0, ITEMS, NULL, NULL), 0);
    sem_end(pool);
    cr_assert_eq(ran, ITEMS);
}

PROMISE(submit_many_says_how_many_there_was_room_for)
{
    atomic_int ran = 0;
    size_t accepted = 99;
    weft_pool *pool = sem_pool();
    weft_executor *full;
    weft_future *futures[5];
    cr_assert_eq(
        weft_executor_create(&full, WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL,
                                                         .queue_limit = 3, .when_full = WEFT_REJECT)),
        0);
    cr_assert_eq(weft_submit_many(full, count_up, &ran, 0, 5, futures, &accepted), -EAGAIN);
    cr_assert_eq(accepted, 3);
    cr_assert(futures[2] && !futures[3] && !futures[4]);
    for (int i = 0; i < 3; i++)
        weft_future_release(futures[i]);
    cr_assert_eq(weft_executor_shutdown(full, WEFT_DRAIN, WEFT_FOREVER), 0);
    cr_assert_eq(ran, 3);
    cr_assert_eq(weft_submit_many(full, count_up, &ran, 0, 5, futures, &accepted), -ESHUTDOWN);
    cr_assert(accepted == 0 && !futures[0]);
    weft_executor_destroy(full);
    sem_end(pool);
}

PROMISE(bad_arguments_of_submit_many)
{
    size_t accepted = 7;
    weft_future *future = (weft_future *)(uintptr_t)1;
    cr_assert_eq(weft_submit_many(NULL, NULL, NULL, 0, 1, &future, &accepted), -EINVAL);
    cr_assert(!future && accepted == 0);
    cr_assert_eq(weft_submit_many(NULL, count_up, NULL, 4, 1, NULL, NULL), -EINVAL);
    cr_assert_eq(weft_submit_many(NULL, count_up, NULL, 0, 0, NULL, NULL), 0);
}

/* ---- apply -------------------------------------------------------------------------------------- */

static int apply_again(void *arg)
{
    int status = -1, err = weft_apply(arg, answer, &(int){21}, &status);
    return err ? err : 2 * status;
}

PROMISE(apply_nests_under_a_limit_of_one)
{
    int status = 0;
    weft_pool *pool = sem_pool();
    weft_executor *one = executor_of(pool, WEFT_ENGINE_POOL, 1);
    cr_assert_eq(weft_apply(one, apply_again, one, &status), 0);
    cr_assert_eq(status, 42);
    cr_assert_eq(weft_apply(one, NULL, one, &status), -EINVAL);
    weft_executor_close(one);
    cr_assert_eq(weft_apply(one, apply_again, one, &status), -ESHUTDOWN);
    weft_executor_destroy(one);
    sem_end(pool);
}

/* ---- maps --------------------------------------------------------------------------------------- */

typedef struct watch {
    atomic_int now, most;
} watch;

static int square(void *out, const void *in, void *ctx)
{
    watch *w = ctx;
    int now = atomic_fetch_add(&w->now, 1) + 1, most = atomic_load(&w->most), value;
    while (now > most && !atomic_compare_exchange_weak(&w->most, &most, now))
        ;
    sched_yield();
    memcpy(&value, in, sizeof value);
    value *= value;
    memcpy(out, &value, sizeof value);
    atomic_fetch_sub(&w->now, 1);
    return 0;
}

static int numbers[ITEMS], squares[ITEMS], statuses[ITEMS];

static void fill(void)
{
    for (int i = 0; i < ITEMS; i++) {
        numbers[i] = i;
        squares[i] = -1;
        statuses[i] = -1;
    }
}

static void check_squares(void)
{
    for (int i = 0; i < ITEMS; i++)
        cr_assert_eq(squares[i], i * i);
}

static int map_squares(weft_executor *executor, watch *w)
{
    return weft_executor_map(executor, square, numbers, sizeof *numbers, squares, sizeof *squares, ITEMS,
                             WEFT_MAP_CONFIG(.ctx = w));
}

PROMISE(a_map_keeps_its_executors_limit)
{
    weft_pool *pool = sem_pool();
    for (int limit = 1; limit <= 3; limit++) {
        watch w = {0};
        weft_executor *executor = executor_of(pool, WEFT_ENGINE_POOL, limit);
        fill();
        cr_assert_eq(map_squares(executor, &w), 0);
        check_squares();
        cr_assert_leq(w.most, limit);
        cr_assert_eq(weft_executor_destroy(executor), 0);
    }
    sem_end(pool);
}

PROMISE(a_map_is_the_same_call_for_each_engine)
{
    watch w = {0};
    weft_pool *pool = sem_pool();
    weft_executor *own, *serial = executor_of(pool, WEFT_ENGINE_SERIAL, 0);
    weft_pool_executor(pool, &own);
    fill();
    cr_assert_eq(map_squares(own, &w), 0);
    check_squares();
    fill();
    w.most = 0;
    cr_assert_eq(map_squares(serial, &w), 0);
    check_squares();
    cr_assert_eq(w.most, 1);
    weft_executor_destroy(serial);
    sem_end(pool);
}

static int nested(void *arg)
{
    static watch w;
    return map_squares(arg, &w);
}

PROMISE(a_map_inside_a_task_of_the_same_executor)
{
    int status = -1;
    weft_pool *pool = sem_pool();
    weft_executor *one = executor_of(pool, WEFT_ENGINE_POOL, 1);
    fill();
    cr_assert_eq(weft_apply(one, nested, one, &status), 0);
    cr_assert_eq(status, 0);
    check_squares();
    weft_executor_destroy(one);
    sem_end(pool);
}

static int fail_at_300(void *out, const void *in, void *ctx)
{
    int value;
    (void)out;
    (void)ctx;
    memcpy(&value, in, sizeof value);
    return value >= 300 && value % 100 == 0 ? -EIO : 0;
}

PROMISE(a_map_collects_or_fails_fast)
{
    weft_map_report report;
    weft_pool *pool = sem_pool();
    weft_executor *two = executor_of(pool, WEFT_ENGINE_POOL, 2);
    fill();
    int err =
        weft_executor_map(two, fail_at_300, numbers, sizeof *numbers, NULL, 0, ITEMS,
                          WEFT_MAP_CONFIG(.on_error = WEFT_COLLECT, .status = statuses, .report = &report));
    cr_assert_eq(err, WEFT_EITEM);
    cr_assert(report.failed == 7 && report.done == ITEMS - 7 && report.index == 300 && report.status == -EIO);
    for (int i = 0; i < ITEMS; i++)
        cr_assert_eq(statuses[i], i >= 300 && i % 100 == 0 ? -EIO : 0);
    err = weft_executor_map(two, fail_at_300, numbers, sizeof *numbers, NULL, 0, ITEMS,
                            WEFT_MAP_CONFIG(.status = statuses, .report = &report));
    cr_assert_eq(err, WEFT_EITEM);
    size_t unrun = 0;
    for (int i = 0; i < ITEMS; i++)
        unrun += statuses[i] == -ECANCELED;
    cr_assert_eq(report.done + report.failed + unrun, ITEMS);
    cr_assert(report.failed >= 1 && statuses[report.index] == -EIO);
    weft_executor_destroy(two);
    sem_end(pool);
}

static void map_later(weft_executor *executor)
{
    watch w = {0};
    weft_future *future = NULL;
    int status = -1;
    fill();
    cr_assert_eq(weft_executor_map_async(executor, square, numbers, sizeof *numbers, squares, sizeof *squares,
                                         ITEMS, WEFT_MAP_CONFIG(.ctx = &w), &future),
                 0);
    cr_assert_eq(weft_future_get(future, &status), 0);
    cr_assert_eq(status, 0);
    check_squares();
    weft_future_release(future);
}

PROMISE(a_map_with_a_future)
{
    weft_pool *pool = sem_pool();
    weft_executor *own, *two = executor_of(pool, WEFT_ENGINE_POOL, 2),
                        *serial = executor_of(pool, WEFT_ENGINE_SERIAL, 0);
    weft_pool_executor(pool, &own);
    map_later(own);
    map_later(two);
    map_later(serial);
    weft_executor_destroy(two);
    weft_executor_destroy(serial);
    sem_end(pool);
}

PROMISE(a_map_that_is_cancelled_before_it_begins_runs_no_item)
{
    watch w = {0};
    weft_future *future = NULL;
    weft_pool *pool = sem_pool();
    weft_executor *serial = executor_of(pool, WEFT_ENGINE_SERIAL, 0);
    fill();
    cr_assert_eq(weft_executor_map_async(serial, square, numbers, sizeof *numbers, squares, sizeof *squares,
                                         ITEMS, WEFT_MAP_CONFIG(.ctx = &w), &future),
                 0);
    cr_assert_eq(weft_future_cancel(future), 0);
    weft_future_release(future);
    weft_executor_destroy(serial);
    cr_assert_eq(squares[0], -1);
    sem_end(pool);
}

#define MANY 1000000

typedef struct cancelled {
    atomic_int ran, cancelled;
} cancelled;

static int runs_until_cancelled(void *out, const void *in, void *ctx)
{
    cancelled *c = ctx;
    (void)out;
    (void)in;
    atomic_fetch_add(&c->ran, 1);
    while (!atomic_load(&c->cancelled))
        sched_yield();
    return 0;
}

/* What runs when it is cancelled ends; of the rest none begins, on whatever thread. */
static void cancel_running(weft_executor *executor, int at_most)
{
    cancelled c = {0};
    int status;
    weft_future *future = NULL;
    weft_map_report report = {0};
    cr_assert_eq(weft_executor_map_async(executor, runs_until_cancelled, NULL, 0, NULL, 0, MANY,
                                         WEFT_MAP_CONFIG(.ctx = &c, .report = &report), &future),
                 0);
    while (!atomic_load(&c.ran))
        sched_yield();
    cr_assert_eq(weft_future_cancel(future), -EBUSY);
    atomic_store(&c.cancelled, 1);
    cr_assert_eq(weft_future_get(future, &status), 0);
    cr_assert_eq(status, -ECANCELED);
    weft_future_release(future);
    cr_assert_leq(c.ran, at_most);
    cr_assert_eq(report.done, (size_t)c.ran);
}

PROMISE(a_map_that_is_cancelled_while_it_runs_starts_no_further_item)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    weft_executor *own, *limited = executor_of(pool, WEFT_ENGINE_POOL, 2);
    weft_pool_executor(pool, &own);
    cancel_running(own, WEFT_WORKERS_MAX);
    cancel_running(limited, 2);
    weft_executor_destroy(limited);
    sem_end(pool);
}

typedef struct closing {
    weft_executor *executor;
    weft_stop *stop;
    atomic_int ran;
} closing;

static int stop_at_10(void *out, const void *in, void *ctx)
{
    closing *c = ctx;
    (void)out;
    (void)in;
    if (atomic_fetch_add(&c->ran, 1) == 10)
        weft_stop_request(c->stop);
    return 0;
}

PROMISE(a_map_whose_executor_is_stopped_ends_early_and_says_so)
{
    closing c = {0};
    weft_pool *pool = sem_pool();
    weft_map_report report = {0};
    cr_assert_eq(weft_stop_create(&c.stop, NULL, WEFT_FOREVER), 0);
    cr_assert_eq(
        weft_executor_create(&c.executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1, .stop = c.stop)), 0);
    int err = weft_executor_map(c.executor, stop_at_10, NULL, 0, NULL, 0, 100000,
                                WEFT_MAP_CONFIG(.ctx = &c, .report = &report));
    cr_assert_eq(err, -ECANCELED, "%s", weft_strerror(err));
    cr_assert(report.done >= 11 && report.done < 100000 && report.failed == 0);
    cr_assert_eq(report.done, (size_t)c.ran);
    weft_executor_destroy(c.executor);
    weft_stop_release(c.stop);
    sem_end(pool);
}

struct stopped {
    weft_executor *executor;
    weft_stop *stop;
    atomic_int ran;
    int now, later;
};

static int count_item(void *out, const void *in, void *ctx)
{
    (void)out;
    (void)in;
    atomic_fetch_add((atomic_int *)ctx, 1);
    return 0;
}

/* Begins both when it is asked to stop already. */
static int map_though_stopped(void *arg)
{
    struct stopped *s = arg;
    weft_future *future = NULL;
    const weft_map_config *config = WEFT_MAP_CONFIG(.ctx = &s->ran);
    (void)weft_stop_request(s->stop);
    s->now = weft_executor_map(s->executor, count_item, NULL, 0, NULL, 0, ITEMS, config);
    int err = weft_executor_map_async(s->executor, count_item, NULL, 0, NULL, 0, ITEMS, config, &future);
    if (!err)
        err = weft_future_get(future, &s->later);
    weft_future_release(future);
    return err;
}

static void map_in_a_stopped_task(weft_pool *pool, weft_executor *executor)
{
    struct stopped s = {.executor = executor, .now = 7, .later = 7};
    weft_future *future = NULL;
    int status = 7;
    cr_assert_eq(weft_stop_create(&s.stop, NULL, WEFT_FOREVER), 0);
    const weft_task_spec spec = {.size = sizeof spec, .fn = map_though_stopped, .arg = &s, .stop = s.stop};
    cr_assert_eq(weft_submit_task(sem_door(pool), &spec, &future), 0);
    cr_assert_eq(weft_future_get(future, &status), 0);
    cr_assert_eq(status, 0);
    cr_assert(s.now == 0 && s.later == 0, "%d, %d", s.now, s.later);
    cr_assert_eq(s.ran, 2 * ITEMS);
    weft_future_release(future);
    weft_stop_release(s.stop);
}

/* Its own future, and its executor, are asked: not who happens to run it. */
PROMISE(a_map_is_not_stopped_with_the_task_that_waits_for_it)
{
    weft_pool *pool = sem_pool();
    weft_executor *one = executor_of(pool, WEFT_ENGINE_POOL, 1),
                  *two = executor_of(pool, WEFT_ENGINE_POOL, 2),
                  *serial = executor_of(pool, WEFT_ENGINE_SERIAL, 0);
    map_in_a_stopped_task(pool, sem_door(pool));
    map_in_a_stopped_task(pool, one);
    map_in_a_stopped_task(pool, two);
    map_in_a_stopped_task(pool, serial);
    weft_executor_destroy(one);
    weft_executor_destroy(two);
    weft_executor_destroy(serial);
    sem_end(pool);
}

PROMISE(bad_arguments_of_maps)
{
    weft_future *future = (weft_future *)(uintptr_t)1;
    int x;
    cr_assert_eq(weft_executor_map(NULL, NULL, NULL, 0, NULL, 0, 1, NULL), -EINVAL);
    cr_assert_eq(weft_executor_map(NULL, square, NULL, 4, NULL, 0, 1, NULL), -EINVAL);
    cr_assert_eq(weft_executor_map(NULL, square, &x, 4, &x, 4, SIZE_MAX, NULL), -EOVERFLOW);
    cr_assert_eq(weft_executor_map_async(NULL, NULL, NULL, 0, NULL, 0, 1, NULL, &future), -EINVAL);
    cr_assert_null(future);
    cr_assert_eq(weft_executor_map_async(NULL, square, &x, 4, &x, 4, 1, NULL, NULL), -EINVAL);
}

PROMISE(a_map_through_a_closed_executor)
{
    weft_pool *pool = sem_pool();
    weft_executor *closed = executor_of(pool, WEFT_ENGINE_POOL, 1);
    weft_future *future = NULL;
    weft_executor_close(closed);
    cr_assert_eq(map_squares(closed, NULL), -ESHUTDOWN);
    cr_assert_eq(weft_executor_map_async(closed, square, NULL, 0, NULL, 0, 1, NULL, &future), -ESHUTDOWN);
    cr_assert_null(future);
    weft_executor_destroy(closed);
    sem_end(pool);
}
