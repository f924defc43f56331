/* SPDX-License-Identifier: MIT */
/* submits.h - what the tests of submitting and waiting share. */
#ifndef WEFT_TESTS_SUBMITS_H
#define WEFT_TESTS_SUBMITS_H

#include "sem.h"
#include <urcu/urcu-memb.h>

static UNUSED weft_future *submit(weft_pool *pool, weft_task_fn *fn, void *arg)
{
    weft_future *future;
    int err = weft_submit(sem_door(pool), fn, arg, &future);
    cr_assert_eq(err, 0, "submit: %s", weft_strerror(err));
    cr_assert_not_null(future);
    return future;
}

static UNUSED int get(weft_future *future)
{
    int status = 12345, err = weft_future_get(future, &status);
    cr_assert_eq(err, 0, "get: %s", weft_strerror(err));
    cr_assert_eq(weft_future_state(future), WEFT_DONE);
    cr_assert_eq(weft_future_status(future), status);
    weft_future_release(future);
    return status;
}

static UNUSED int count_up(void *arg)
{
    return atomic_fetch_add((atomic_int *)arg, 1);
}

/* A task on its own: nobody waits for it in a way that the library sees. */
static UNUSED int open_gate(void *arg)
{
    gate_add(arg);
    return 0;
}

/* Each task of the one pool submits to the other, which has no threads: nobody else would run it. */
struct bridge {
    weft_pool *pool, *bare;
    atomic_int ran;
};

static UNUSED weft_future *own;

#endif
