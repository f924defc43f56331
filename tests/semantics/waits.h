/* SPDX-License-Identifier: MIT */
/* waits.h - the ways to wait for one future. Each answers what its call does. */
#ifndef WEFT_TESTS_WAITS_H
#define WEFT_TESTS_WAITS_H

#include "sem.h"

static int wait_by_get(weft_future *future)
{
    return weft_future_get(future, NULL);
}

static int wait_by_looks(weft_future *future)
{
    int err;
    do
        err = weft_future_wait(future, sem_now_ns() + 300000);
    while (err == -ETIMEDOUT);
    return err;
}

static int wait_by_first(weft_future *future)
{
    return weft_wait(&future, 1, WEFT_FIRST, WEFT_FOREVER, NULL);
}

static int wait_by_all(weft_future *future)
{
    weft_future *all = NULL;
    int err = weft_when_all(&future, 1, &all);
    if (!err)
        err = weft_future_get(all, NULL);
    weft_future_release(all);
    return err;
}

static int wait_by_any(weft_future *future)
{
    weft_future *any = NULL;
    int err = weft_when_any(&future, 1, &any);
    if (!err)
        err = weft_future_get(any, NULL);
    weft_future_release(any);
    return err;
}

static int wait_by_completions(weft_future *future)
{
    weft_completions *set = NULL;
    weft_future *out = NULL;
    int err = weft_completions_create(&set);
    if (!err)
        err = weft_completions_add(set, future, NULL);
    if (!err)
        err = weft_completions_next(set, WEFT_FOREVER, &out, NULL);
    cr_assert(err || out == future);
    weft_future_release(out);
    weft_completions_destroy(set);
    return err;
}

static const struct {
    const char *name;
    int (*wait)(weft_future *future);
} waits[] = {{"get", wait_by_get}, {"looks", wait_by_looks}, {"first", wait_by_first},
             {"all", wait_by_all}, {"any", wait_by_any},     {"completions", wait_by_completions}};

enum { WAITS = sizeof waits / sizeof *waits };

#endif
