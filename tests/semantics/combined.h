/* SPDX-License-Identifier: MIT */
/* combined.h - what the tests of followed and combined futures share. */
#ifndef WEFT_TESTS_COMBINED_H
#define WEFT_TESTS_COMBINED_H

#include "sem.h"
#include <time.h>

static UNUSED weft_future *submit(weft_pool *pool, weft_task_fn *fn, void *arg)
{
    weft_executor *executor;
    weft_future *future = NULL;
    cr_assert_eq(weft_pool_executor(pool, &executor), 0);
    int err = weft_submit(executor, fn, arg, &future);
    cr_assert_eq(err, 0, "submit: %s", weft_strerror(err));
    return future;
}

static UNUSED int get(weft_future *future)
{
    int status = 12345, err = weft_future_get(future, &status);
    cr_assert_eq(err, 0, "get: %s", weft_strerror(err));
    weft_future_release(future);
    return status;
}

static UNUSED int answer(void *arg)
{
    return *(int *)arg;
}

static UNUSED int count(weft_future *before, void *arg)
{
    (void)before;
    return atomic_fetch_add((atomic_int *)arg, 1) + 1;
}

static UNUSED weft_future *then(weft_future *before, weft_executor *executor, weft_then_fn *fn, void *arg)
{
    weft_future *after = NULL;
    int err = weft_future_then(before, executor, fn, arg, &after);
    cr_assert_eq(err, 0, "then: %s", weft_strerror(err));
    weft_future_release(before);
    return after;
}

#endif
