/* SPDX-License-Identifier: MIT */
/* Who waits for a series sees its end through each kind of executor and of wait, from outside and from inside a task that
 * holds the executor's only ticket; a call that waits for its own series is told that this never ends. */
#include "waits.h"

#define MS INT64_C(1000000)

enum { CALLS = 5 };

struct series {
    weft_executor *door;
    weft_future *future;
    atomic_int calls;
    int (*await)(weft_future *future);
};

static int tick(void *arg)
{
    struct series *s = arg;
    return atomic_fetch_add(&s->calls, 1) + 1 < CALLS ? 0 : weft_fail(77, "call %d was the last", CALLS);
}

/* ---- through each executor ---------------------------------------------------------------------- */

static int await_series(void *arg)
{
    struct series *s = arg;
    return s->await(s->future);
}

static void runs_to_its_end(weft_executor *door, int (*await)(weft_future *future), bool inside)
{
    struct series s = {.door = door, .await = await};
    int status = 0, err = 0;
    cr_assert_eq(weft_submit_every(door, 0, MS / 2, tick, &s, &s.future), 0);
    if (inside) {
        weft_future *waiter = NULL;
        cr_assert_eq(weft_submit(door, await_series, &s, &waiter), 0);
        cr_assert_eq(weft_future_get(waiter, &err), 0);
        weft_future_release(waiter);
    } else {
        err = await(s.future);
    }
    cr_assert_eq(err, 0, "%d", err);
    cr_assert_eq(weft_future_get(s.future, &status), 0);
    cr_assert_eq(status, 77);
    cr_assert_str_eq(weft_future_error(s.future), "call 5 was the last");
    cr_assert_eq(s.calls, CALLS);
    weft_future_release(s.future);
}

static weft_executor *make(weft_pool *pool, int limit, int engine)
{
    weft_executor *executor = NULL;
    cr_assert_eq(
        weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = limit, .engine = engine)),
        0);
    return executor;
}

static void by_each_wait(bool inside)
{
    weft_pool *pool = sem_pool();
    weft_executor *one = make(pool, 1, WEFT_ENGINE_POOL), *serial = make(pool, 0, WEFT_ENGINE_SERIAL);
    for (int i = 0; i < WAITS; i++) {
        runs_to_its_end(sem_door(pool), waits[i].wait, inside);
        runs_to_its_end(one, waits[i].wait, inside);
        runs_to_its_end(serial, waits[i].wait, inside);
    }
    cr_assert_eq(weft_executor_destroy(one), 0);
    cr_assert_eq(weft_executor_destroy(serial), 0);
    sem_end(pool);
}

PROMISE(the_end_of_a_series_is_seen_by_each_wait_from_outside)
{
    by_each_wait(false);
}

PROMISE(the_end_of_a_series_is_seen_by_each_wait_inside_a_task_with_the_only_ticket)
{
    by_each_wait(true);
}

/* ---- its own ------------------------------------------------------------------------------------ */

static int wait_for_own(void *arg)
{
    struct series *s = arg;
    while (!atomic_load(&s->calls))
        sched_yield(); /* until the future is there */
    return weft_future_get(s->future, NULL);
}

static void is_told(weft_executor *door)
{
    struct series s = {.door = door};
    int status = 0;
    cr_assert_eq(weft_submit_every(door, sem_now_ns() + MS, MS, wait_for_own, &s, &s.future), 0);
    atomic_store(&s.calls, 1);
    cr_assert_eq(weft_future_get(s.future, &status), 0);
    cr_assert_eq(status, -EDEADLK);
    cr_assert_str_eq(weft_future_error(s.future), "deadlock: a task waits for a series, held up by a task");
    weft_future_release(s.future);
}

PROMISE(a_call_that_waits_for_its_own_series_is_told)
{
    weft_pool *pool = sem_pool();
    weft_executor *one = make(pool, 1, WEFT_ENGINE_POOL), *serial = make(pool, 0, WEFT_ENGINE_SERIAL);
    is_told(sem_door(pool));
    is_told(one);
    is_told(serial);
    cr_assert_eq(weft_executor_destroy(one), 0);
    cr_assert_eq(weft_executor_destroy(serial), 0);
    sem_end(pool);
}

/* ---- cancelled ---------------------------------------------------------------------------------- */

static void *cancel(void *arg)
{
    struct series *s = arg;
    while (atomic_load(&s->calls) < 3)
        sched_yield();
    return weft_future_cancel(s->future) ? s : NULL;
}

static int count(void *arg)
{
    struct series *s = arg;
    (void)atomic_fetch_add(&s->calls, 1);
    return 0;
}

static void ends_by_cancel(weft_executor *door, int (*await)(weft_future *future))
{
    struct series s = {.door = door};
    void *failed;
    cr_assert_eq(weft_submit_every(door, 0, MS / 4, count, &s, &s.future), 0);
    pthread_t thread = thread_start(cancel, &s, 0);
    cr_assert_eq(await(s.future), 0);
    pthread_join(thread, &failed);
    cr_assert_null(failed);
    cr_assert_eq(weft_future_state(s.future), WEFT_CANCELLED);
    weft_future_release(s.future);
}

/* Only waiters run what a serial executor has: the call that ended the wait is over, and no other one begins. */
PROMISE(who_waits_for_a_serial_series_that_is_cancelled_wakes_and_no_call_comes_later)
{
    weft_pool *pool = sem_pool();
    weft_executor *serial = make(pool, 0, WEFT_ENGINE_SERIAL);
    for (int i = 0; i < WAITS; i++)
        ends_by_cancel(serial, waits[i].wait);
    cr_assert_eq(weft_executor_destroy(serial), 0);
    sem_end(pool);
}

PROMISE(a_call_that_lies_in_a_queue_does_not_begin_once_its_series_is_cancelled)
{
    weft_pool *pool = sem_pool();
    weft_executor *serial = make(pool, 0, WEFT_ENGINE_SERIAL);
    weft_executor_state state = {.size = sizeof state};
    struct series s = {.door = serial};
    cr_assert_eq(weft_submit_every(serial, 0, MS / 4, count, &s, &s.future), 0);
    while (!state.accepted && !weft_executor_inspect(serial, &state))
        sched_yield();
    cr_assert_eq(weft_future_cancel(s.future), 0);
    weft_future_release(s.future);
    cr_assert_eq(weft_executor_destroy(serial), 0);
    cr_assert_eq(s.calls, 0);
    sem_end(pool);
}
