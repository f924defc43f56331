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
