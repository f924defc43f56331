/* SPDX-License-Identifier: MIT */
/* test_limit_ends.c - a permit is given back however a task, its executor or its pool ends. */
#include "permits.h"

/* ---- how they end -------------------------------------------------------------------------------- */

PROMISE(cancelled_in_line_it_never_runs_and_the_others_do)
{
    weft_pool *pool = sem_pool();
    weft_limit *limit = limit_of(1);
    weft_future *futures[LINE];
    struct fate fate[LINE] = {0};
    struct keeper k;
    keep_one(&k, limit);
    for (int i = 0; i < LINE; i++)
        futures[i] = submit(sem_door(pool), SPEC(FATE(&fate[i]), .limit = limit));
    for (int i = 0; i < LINE; i += 3) {
        cr_assert_eq(weft_future_cancel(futures[i]), 0);
        cr_assert_eq(weft_future_cancel(futures[i]), 0, "again");
        cr_assert_eq(atomic_load(&fate[i].destroyed), 1);
    }
    cr_assert_eq(state_of(limit).waiting, LINE - (LINE + 2) / 3);
    keeper_ends(&k);
    for (int i = 0; i < LINE; i++) {
        cr_assert_eq(get(futures[i]), i % 3 ? 0 : -ECANCELED);
        cr_assert_eq(atomic_load(&fate[i].ran), i % 3 != 0);
    }
    weft_limit_release(limit);
    sem_end(pool);
    for (int i = 0; i < LINE; i++)
        cr_assert_eq(atomic_load(&fate[i].destroyed), 1);
}

/* It has a permit, but its executor's only lane is taken: cancelled there, the next one goes. */
PROMISE(cancelled_in_its_executors_queue_it_gives_the_permit_back)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    weft_executor *one = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1));
    weft_limit *limit = limit_of(1);
    struct fate ready = {0}, next = {0};
    struct keeper k = {0};
    weft_future *busy = submit(one, SPEC(.fn = keep, .arg = &k));
    flag_wait(&k.runs);
    weft_future *first = submit(one, SPEC(FATE(&ready), .limit = limit));
    weft_future *second = submit(sem_door(pool), SPEC(FATE(&next), .limit = limit));
    weft_limit_state state = state_of(limit);
    cr_assert(state.ready == 1 && state.waiting == 1 && state.running == 0);
    cr_assert_eq(weft_future_cancel(first), 0);
    cr_assert_eq(get(second), 0);
    cr_assert_eq(get(first), -ECANCELED);
    cr_assert(atomic_load(&ready.ran) == 0 && atomic_load(&ready.destroyed) == 1);
    let_go(&k);
    cr_assert_eq(get(busy), 0);
    cr_assert_eq(weft_executor_destroy(one), 0);
    weft_limit_release(limit);
    sem_end(pool);
}

PROMISE(a_token_or_a_deadline_that_fires_in_line_cancels)
{
    weft_pool *pool = sem_pool();
    weft_limit *limit = limit_of(1);
    weft_stop *stop;
    struct fate fate[3] = {0};
    struct keeper k;
    keep_one(&k, limit);
    cr_assert_eq(weft_stop_create(&stop, NULL, WEFT_FOREVER), 0);
    weft_future *stopped = submit(sem_door(pool), SPEC(FATE(&fate[0]), .limit = limit, .stop = stop));
    weft_future *late = submit(sem_door(pool), SPEC(FATE(&fate[1]), .limit = limit, .deadline_ns = 1));
    weft_future *third = submit(sem_door(pool), SPEC(FATE(&fate[2]), .limit = limit));
    cr_assert_eq(weft_stop_request(stop), 0);
    weft_stop_release(stop);
    keeper_ends(&k);
    cr_assert_eq(get(third), 0);
    cr_assert_eq(get(stopped), -ECANCELED);
    cr_assert_eq(get(late), -ECANCELED);
    for (int i = 0; i < 3; i++)
        cr_assert(atomic_load(&fate[i].destroyed) == 1 && atomic_load(&fate[i].ran) == (i == 2));
    weft_limit_release(limit);
    sem_end(pool);
}

static int fails(void *arg)
{
    return weft_fail(-EIO, "%s", (const char *)arg);
}

PROMISE(who_fails_gives_its_permit_back)
{
    weft_pool *pool = sem_pool();
    weft_limit *limit = limit_of(1);
    weft_future *futures[LINE];
    for (int i = 0; i < LINE; i++)
        futures[i] = submit(sem_door(pool), SPEC(.fn = fails, .arg = "broken", .limit = limit));
    for (int i = 0; i < LINE; i++) {
        cr_assert_eq(weft_future_get(futures[i], NULL), 0);
        cr_assert_str_eq(weft_future_error(futures[i]), "broken");
        cr_assert_eq(get(futures[i]), -EIO);
    }
    weft_limit_release(limit);
    sem_end(pool);
}

static int squared(const void *arg, void *result)
{
    *(int64_t *)result = *(const int *)arg * *(const int *)arg;
    return 0;
}

struct large {
    int value;
    char more[500];
};

PROMISE(argument_and_result_have_their_bytes)
{
    weft_pool *pool = sem_pool();
    weft_limit *limit = limit_of(2);
    weft_future *futures[LINE];
    for (int i = 0; i < LINE; i++) {
        struct large large = {.value = i};
        futures[i] = submit(sem_door(pool), SPEC(.fn2 = squared, .arg = &large,
                                                 .arg_bytes = i % 2 ? sizeof large : sizeof(int),
                                                 .result_bytes = sizeof(int64_t), .limit = limit));
    }
    for (int i = 0; i < LINE; i++) {
        cr_assert_eq(weft_future_get(futures[i], NULL), 0);
        cr_assert_eq(weft_when_any_index(futures[i]), -1, "it is a task");
        cr_assert_eq(*(const int64_t *)weft_future_result(futures[i]), i * i);
        weft_future_release(futures[i]);
    }
    weft_limit_release(limit);
    sem_end(pool);
}

/* ---- executors and pools that end ---------------------------------------------------------------- */

PROMISE(a_closed_executor_drains_the_line)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 2));
    weft_limit *limit = limit_of(1);
    atomic_int runs = 0;
    struct keeper k;
    keep_one(&k, limit);
    for (int i = 0; i < LINE; i++)
        cr_assert_eq(weft_submit_task(executor, SPEC(.fn = counted, .arg = &runs, .limit = limit), NULL), 0);
    cr_assert_eq(weft_executor_close(executor), 0);
    weft_executor_state state = {.size = sizeof state};
    cr_assert_eq(weft_executor_inspect(executor, &state), 0);
    cr_assert_eq(state.waiting, LINE);
    cr_assert_eq(weft_submit_task(executor, SPEC(.fn = counted, .arg = &runs, .limit = limit), NULL),
                 -ESHUTDOWN);
    cr_assert_eq(weft_executor_shutdown(executor, WEFT_DRAIN, sem_in_ms(1)), -ETIMEDOUT);
    let_go(&k);
    cr_assert_eq(weft_executor_destroy(executor), 0);
    cr_assert_eq(atomic_load(&runs), LINE);
    keeper_ends(&k);
    weft_limit_release(limit);
    sem_end(pool);
}

/* Though whoever has the permit is another executor's, and goes on. */
static void cancels_the_line(int mode)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool));
    weft_limit *limit = limit_of(1);
    weft_future *futures[LINE];
    struct fate fate[LINE] = {0};
    struct keeper k;
    keep_one(&k, limit);
    for (int i = 0; i < LINE; i++)
        futures[i] = submit(i % 2 ? executor : sem_door(pool), SPEC(FATE(&fate[i]), .limit = limit));
    cr_assert_eq(weft_executor_shutdown(executor, mode, WEFT_FOREVER), 0);
    cr_assert_eq(weft_executor_destroy(executor), 0);
    cr_assert_eq(state_of(limit).waiting, LINE / 2);
    for (int i = 1; i < LINE; i += 2)
        cr_assert_eq(weft_future_status(futures[i]), -ECANCELED);
    keeper_ends(&k);
    for (int i = 0; i < LINE; i++)
        cr_assert_eq(get(futures[i]), i % 2 ? -ECANCELED : 0);
    weft_limit_release(limit);
    sem_end(pool);
    for (int i = 0; i < LINE; i++)
        cr_assert(atomic_load(&fate[i].destroyed) == 1 && atomic_load(&fate[i].ran) == (i % 2 == 0));
}

PROMISE(a_shutdown_that_cancels_empties_the_line)
{
    cancels_the_line(WEFT_CANCEL_PENDING);
    cancels_the_line(WEFT_STOP_RUNNING);
}

static void *destroys(void *pool)
{
    return (void *)(intptr_t)weft_pool_destroy(pool);
}

PROMISE(a_pool_that_is_destroyed_runs_the_line_first)
{
    weft_pool *pool = sem_pool();
    weft_limit *limit = limit_of(1);
    atomic_int runs = 0;
    struct keeper k;
    void *err;
    keep_one(&k, limit);
    for (int i = 0; i < LINE; i++)
        cr_assert_eq(
            weft_submit_task(sem_door(pool), SPEC(.fn = counted, .arg = &runs, .limit = limit), NULL), 0);
    pthread_t thread = thread_start(destroys, pool, 0);
    let_go(&k);
    pthread_join(thread, &err);
    cr_assert_null(err);
    cr_assert_eq(atomic_load(&runs), LINE);
    keeper_ends(&k);
    weft_limit_release(limit);
}

PROMISE(a_line_of_the_pools_own_is_run_by_its_end)
{
    weft_pool *pool = sem_pool();
    weft_limit *limit = limit_of(1);
    atomic_int runs = 0;
    for (int i = 0; i < LINE; i++)
        cr_assert_eq(
            weft_submit_task(sem_door(pool), SPEC(.fn = counted, .arg = &runs, .limit = limit), NULL), 0);
    weft_limit_release(limit);
    sem_end(pool);
    cr_assert_eq(atomic_load(&runs), LINE);
}

static int cannot_start(unsigned lane, void *ctx)
{
    (void)lane;
    (void)ctx;
    return -EIO;
}

PROMISE(an_executor_that_breaks_cancels_its_line)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    weft_executor *broken = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1, .start = cannot_start));
    weft_limit *limit = limit_of(1);
    struct fate fate[3] = {0};
    struct keeper k;
    keep_one(&k, limit);
    weft_future *in_line = submit(broken, SPEC(FATE(&fate[0]), .limit = limit));
    weft_future *plain = submit(broken, SPEC(FATE(&fate[1])));
    cr_assert_eq(get(plain), -ECANCELED);
    cr_assert_eq(get(in_line), -ECANCELED);
    weft_future *other = submit(sem_door(pool), SPEC(FATE(&fate[2]), .limit = limit));
    keeper_ends(&k);
    cr_assert_eq(get(other), 0);
    cr_assert_eq(weft_executor_destroy(broken), 0);
    weft_limit_release(limit);
    sem_end(pool);
    for (int i = 0; i < 3; i++)
        cr_assert(atomic_load(&fate[i].destroyed) == 1 && atomic_load(&fate[i].ran) == (i == 2));
}
