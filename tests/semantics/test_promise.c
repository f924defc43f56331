/* SPDX-License-Identifier: MIT */
/* test_promise.c - what is fulfilled by hand, by anybody, or dropped. */
#include "combined.h"

PROMISE(a_promise_that_is_dropped_is_an_error_and_no_hang)
{
    weft_promise *promise;
    weft_future *future;
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    cr_assert_eq(weft_future_wait(future, 0), -ETIMEDOUT);
    weft_promise_destroy(promise);
    weft_promise_destroy(NULL);
    cr_assert_eq(weft_future_state(future), WEFT_DONE);
    cr_assert_eq(get(future), -ECANCELED);
}

static void *fulfil(void *arg)
{
    cr_assert_eq(weft_promise_fulfil(arg, 5), 0);
    return NULL;
}

PROMISE(an_outside_thread_fulfils_what_others_wait_for)
{
    for (int i = 0; i < 200; i++) {
        weft_promise *promise;
        weft_future *future;
        pthread_t thread;
        cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
        cr_assert_eq(pthread_create(&thread, NULL, fulfil, promise), 0);
        cr_assert_eq(get(future), 5);
        pthread_join(thread, NULL);
    }
}

PROMISE(a_promise_outlives_the_pool_that_its_record_is_from)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor;
    weft_promise *promise;
    weft_future *future;
    cr_assert_eq(weft_pool_executor(pool, &executor), 0);
    cr_assert_eq(weft_promise_create(&promise, executor, &future), 0);
    sem_end(pool);
    cr_assert_eq(weft_promise_fulfil(promise, 3), 0);
    cr_assert_eq(get(future), 3);
}

/* ---- with more than a status ---------------------------------------------------------------------- */

static weft_promise *promise_of(size_t bytes, weft_future **future)
{
    weft_promise *promise = NULL;
    cr_assert_eq(weft_promise_create_sized(&promise, NULL, bytes, future), 0);
    return promise;
}

static void bring(size_t bytes)
{
    static const unsigned char none[100000];
    weft_future *future;
    weft_promise *promise = promise_of(bytes, &future);
    unsigned char *result = weft_promise_result(promise);
    cr_assert(!result == !bytes && (uintptr_t)result % 16 == 0);
    cr_assert(!bytes || !memcmp(result, none, bytes), "%zu bytes are not zeros", bytes);
    cr_assert_null(weft_future_result(future), "not yet");
    if (bytes)
        memset(result, (int)bytes & 0xff, bytes);
    cr_assert_eq(weft_promise_fulfil(promise, 5), 0);
    cr_assert_eq(weft_future_result(future), result);
    for (size_t i = 0; i < bytes; i++)
        cr_assert_eq(result[i], (unsigned char)bytes);
    cr_assert_eq(get(future), 5);
}

PROMISE(a_result_of_any_size)
{
    for (size_t bytes = 0; bytes < 300; bytes++)
        bring(bytes);
    bring(100000);
}

PROMISE(bytes_that_nobody_asks_for_go_with_the_future)
{
    weft_future *future;
    weft_promise *promise = promise_of(100000, &future);
    weft_future_release(future);
    memset(weft_promise_result(promise), 1, 100000);
    cr_assert_eq(weft_promise_fulfil(promise, 0), 0);
    promise = promise_of(100000, &future);
    cr_assert_eq(weft_future_cancel(future), 0);
    memset(weft_promise_result(promise), 1, 100000);
    weft_promise_destroy(promise);
    cr_assert_null(weft_future_result(future), "it is not done");
    weft_future_release(future);
}

PROMISE(a_promise_says_why_it_fails)
{
    weft_future *future;
    weft_promise *promise = promise_of(8, &future);
    cr_assert_eq(weft_promise_fail(promise, -EIO, NULL), -EINVAL, "not kept");
    cr_assert_eq(weft_promise_fail(NULL, -EIO, "x"), -EINVAL);
    cr_assert_eq(weft_future_state(future), WEFT_PENDING);
    cr_assert_eq(weft_promise_fail(promise, -EIO, "%s: block %d", "disk", 7), 0);
    cr_assert_str_eq(weft_future_error(future), "disk: block 7");
    cr_assert_eq(get(future), -EIO);
    promise = promise_of(0, &future);
    cr_assert_eq(weft_promise_fail(promise, 0, "fine"), 0);
    cr_assert_str_eq(weft_future_error(future), weft_strerror(0));
    cr_assert_eq(get(future), 0);
    promise = promise_of(0, &future);
    cr_assert_eq(weft_future_cancel(future), 0);
    cr_assert_eq(weft_promise_fail(promise, 9, "too late"), -ECANCELED);
    cr_assert_str_eq(weft_future_error(future), weft_strerror(-ECANCELED));
    cr_assert_eq(get(future), -ECANCELED);
}

PROMISE(sizes_that_make_no_sense)
{
    weft_promise *promise = (weft_promise *)1;
    weft_future *future = (weft_future *)1;
    cr_assert_eq(weft_promise_create_sized(&promise, NULL, SIZE_MAX / 2, &future), -EINVAL);
    cr_assert(!promise && !future);
    cr_assert_eq(weft_promise_create_sized(&promise, NULL, SIZE_MAX / 8, &future), -ENOMEM);
    cr_assert(!promise && !future);
    cr_assert_eq(weft_promise_create_sized(NULL, NULL, 8, &future), -EINVAL);
    cr_assert_eq(weft_promise_create_sized(&promise, NULL, 8, NULL), -EINVAL);
    cr_assert_null(weft_promise_result(NULL));
}

static void *fail_with_result(void *arg)
{
    *(int *)weft_promise_result(arg) = 42;
    cr_assert_eq(weft_promise_fail(arg, 7, "seven"), 0);
    return NULL;
}

static int read_both(weft_future *before, void *arg)
{
    (void)arg;
    bool seen = !strcmp(weft_future_error(before), "seven") && *(const int *)weft_future_result(before) == 42;
    return seen ? weft_future_status(before) : -1;
}

/* Who waits in another thread, and what follows inline. */
PROMISE(who_hears_of_it_sees_text_and_result)
{
    for (int i = 0; i < 200; i++) {
        weft_future *future;
        weft_promise *promise = promise_of(sizeof(int), &future);
        pthread_t thread;
        weft_future_retain(future);
        weft_future *after = then(future, WEFT_INLINE, read_both, NULL);
        cr_assert_eq(pthread_create(&thread, NULL, fail_with_result, promise), 0);
        cr_assert_eq(weft_future_wait(future, WEFT_FOREVER), 0);
        cr_assert_str_eq(weft_future_error(future), "seven");
        cr_assert_eq(*(const int *)weft_future_result(future), 42);
        cr_assert_eq(get(after), 7);
        cr_assert_eq(get(future), 7);
        pthread_join(thread, NULL);
    }
}
