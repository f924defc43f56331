/* SPDX-License-Identifier: MIT */
/* test_then.c - what follows a future runs once, after it, where it should. */
#include "combined.h"

static int add_before(weft_future *before, void *arg)
{
    return weft_future_status(before) + *(int *)arg;
}

PROMISE(what_follows_sees_the_status_before)
{
    weft_pool *pool = sem_pool();
    int forty = 40, one = 1;
    weft_future *first = submit(pool, answer, &forty);
    cr_assert_eq(get(then(then(first, NULL, add_before, &one), WEFT_INLINE, add_before, &one)), 42);
    sem_end(pool);
}

PROMISE(what_follows_an_ended_future_runs_too)
{
    weft_pool *pool = sem_pool();
    int forty = 40, two = 2;
    weft_future *first = submit(pool, answer, &forty);
    cr_assert_eq(weft_future_wait(first, WEFT_FOREVER), 0);
    weft_future *after = then(first, WEFT_INLINE, add_before, &two);
    cr_assert_eq(weft_future_state(after), WEFT_DONE, "inline after an ended one: in the caller");
    cr_assert_eq(get(after), 42);
    sem_end(pool);
}

static void long_chain(weft_executor *executor)
{
    weft_pool *pool = sem_pool();
    atomic_int runs = 0;
    weft_promise *promise;
    weft_future *last;
    cr_assert_eq(weft_promise_create(&promise, NULL, &last), 0);
    for (int i = 0; i < 100000; i++)
        last = then(last, executor, count, &runs);
    cr_assert_eq(atomic_load(&runs), 0);
    cr_assert_eq(weft_promise_fulfil(promise, 0), 0);
    cr_assert_eq(get(last), 100000);
    sem_end(pool);
}

PROMISE(a_chain_of_100000_inline_needs_no_stack)
{
    long_chain(WEFT_INLINE);
}

PROMISE(a_chain_of_100000_through_queues)
{
    long_chain(NULL);
}

static int record(weft_future *before, void *arg)
{
    atomic_int *at = arg;
    (void)before;
    return atomic_fetch_add(at, 1);
}

PROMISE(followers_are_told_in_the_order_in_which_they_came)
{
    atomic_int at = 0;
    weft_promise *promise;
    weft_future *future, *after[64];
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    for (int i = 0; i < 64; i++)
        cr_assert_eq(weft_future_then(future, WEFT_INLINE, record, &at, &after[i]), 0);
    cr_assert_eq(weft_promise_fulfil(promise, 7), 0);
    for (int i = 0; i < 64; i++)
        cr_assert_eq(get(after[i]), i);
    weft_future_release(future);
}

static int waits_for(weft_future *before, void *later)
{
    int status = -1;
    (void)before;
    return weft_future_get(*(weft_future **)later, &status) ? -1 : status + 1;
}

PROMISE(who_runs_inline_may_wait_for_one_behind_it)
{
    int two = 2;
    weft_promise *promise;
    weft_future *future, *first, *second, *third;
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    cr_assert_eq(weft_future_then(future, WEFT_INLINE, waits_for, &third, &first), 0);
    cr_assert_eq(weft_future_then(future, WEFT_INLINE, add_before, &two, &second), 0);
    cr_assert_eq(weft_future_then(future, WEFT_INLINE, add_before, &two, &third), 0);
    cr_assert_eq(weft_promise_fulfil(promise, 7), 0);
    cr_assert_eq(get(first), 10);
    cr_assert_eq(get(second), 9);
    cr_assert_eq(get(third), 9);
    weft_future_release(future);
}

typedef struct inner {
    weft_promise *promise;
    weft_future *after;
} inner;

static int fulfils_and_waits(weft_future *before, void *arg)
{
    inner *own = arg;
    int status = -1;
    return weft_promise_fulfil(own->promise, weft_future_status(before)) ||
                   weft_future_get(own->after, &status)
               ? -1
               : status + 1;
}

PROMISE(who_runs_inline_may_wait_for_what_follows_what_it_ends)
{
    int two = 2;
    inner own;
    weft_promise *promise;
    weft_future *future, *before, *after;
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    cr_assert_eq(weft_promise_create(&own.promise, NULL, &before), 0);
    cr_assert_eq(weft_future_then(before, WEFT_INLINE, add_before, &two, &own.after), 0);
    cr_assert_eq(weft_future_then(future, WEFT_INLINE, fulfils_and_waits, &own, &after), 0);
    cr_assert_eq(weft_promise_fulfil(promise, 7), 0);
    cr_assert_eq(get(after), 10);
    cr_assert_eq(get(own.after), 9);
    weft_future_release(before);
    weft_future_release(future);
}

PROMISE(a_cancelled_future_is_followed)
{
    weft_promise *promise;
    weft_future *future;
    int zero = 0;
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    weft_future *after;
    cr_assert_eq(weft_future_then(future, WEFT_INLINE, add_before, &zero, &after), 0);
    cr_assert_eq(weft_future_cancel(future), 0);
    cr_assert_eq(weft_promise_cancelled(promise), 1);
    cr_assert_eq(weft_promise_fulfil(promise, 1), -ECANCELED);
    cr_assert_eq(weft_future_status(future), -ECANCELED);
    weft_future_release(future);
    cr_assert_eq(get(after), -ECANCELED);
}

PROMISE(what_was_cancelled_before_its_turn_does_not_run)
{
    weft_promise *promise;
    weft_future *future, *after;
    atomic_int runs = 0;
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    cr_assert_eq(weft_future_then(future, NULL, count, &runs, &after), 0);
    cr_assert_eq(weft_future_cancel(after), 0);
    cr_assert_eq(weft_promise_fulfil(promise, 0), 0);
    cr_assert_eq(get(after), -ECANCELED);
    cr_assert_eq(get(future), 0);
    cr_assert_eq(atomic_load(&runs), 0);
}

static int never(weft_future *before, void *arg)
{
    (void)before;
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

PROMISE(what_follows_into_an_executor_that_is_gone_is_cancelled)
{
    weft_pool *pool = sem_pool();
    weft_executor *first, *second;
    weft_promise *promise;
    weft_future *before, *after;
    atomic_int ran = 0;
    cr_assert_eq(weft_executor_create(&first, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)), 0);
    cr_assert_eq(weft_promise_create(&promise, first, &before), 0);
    cr_assert_eq(weft_future_then(before, first, never, &ran, &after), 0);
    cr_assert_eq(weft_executor_destroy(first), 0);
    cr_assert_eq(weft_executor_create(&second, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)), 0);
    cr_assert_eq(weft_promise_fulfil(promise, 0), 0);
    cr_assert_eq(weft_future_get(after, NULL), 0);
    cr_assert_eq(weft_future_state(after), WEFT_CANCELLED, "the second one is another");
    cr_assert_eq(weft_executor_destroy(second), 0);
    cr_assert_eq(ran, 0);
    weft_future_release(before);
    weft_future_release(after);
    sem_end(pool);
}

PROMISE(what_follows_into_a_pool_that_is_gone_is_cancelled)
{
    weft_pool *pool = sem_pool();
    weft_executor *own;
    weft_promise *promise;
    weft_future *before, *after;
    atomic_int ran = 0;
    weft_pool_executor(pool, &own);
    cr_assert_eq(weft_promise_create(&promise, own, &before), 0);
    cr_assert_eq(weft_future_then(before, own, never, &ran, &after), 0);
    sem_end(pool);
    cr_assert_eq(weft_promise_fulfil(promise, 0), 0);
    cr_assert_eq(weft_future_state(after), WEFT_CANCELLED);
    cr_assert_eq(ran, 0);
    weft_future_release(before);
    weft_future_release(after);
}

PROMISE(what_follows_was_accepted_when_it_was_attached_and_no_full_queue_refuses_it)
{
    weft_pool *pool = sem_pool();
    weft_executor *full;
    weft_promise *promise;
    weft_future *before, *after;
    atomic_int ran = 0;
    cr_assert_eq(
        weft_executor_create(&full, WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL,
                                                         .queue_limit = 1, .when_full = WEFT_REJECT)),
        0);
    cr_assert_eq(weft_promise_create(&promise, full, &before), 0);
    cr_assert_eq(weft_future_then(before, full, never, &ran, &after), 0);
    cr_assert_eq(weft_future_then(before, full, never, &ran, NULL), 0);
    cr_assert_eq(weft_promise_fulfil(promise, 0), 0);
    cr_assert_eq(weft_future_get(after, NULL), 0);
    cr_assert_eq(weft_executor_destroy(full), 0);
    cr_assert_eq(ran, 2);
    weft_future_release(before);
    weft_future_release(after);
    sem_end(pool);
}
