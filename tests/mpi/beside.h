/* SPDX-License-Identifier: MIT */
/* beside.h - what the tests of several executors over the same ranks share: one more, what it is used for, and its end. */
#ifndef WEFT_TESTS_BESIDE_H
#define WEFT_TESTS_BESIDE_H

#include "ranks.h"

static weft_executor *beside(weft_executor *ranks_of, const weft_mpi_config *config)
{
    weft_executor *e = NULL;
    int err = weft_mpi_executor_beside(&e, ranks_of, config);
    CHECK(!err && e, "beside: %s", weft_strerror(err));
    return e;
}

static void destroy(weft_executor *e)
{
    int err = weft_executor_destroy(e);
    CHECK(!err, "destroy: %s", weft_strerror(err));
}

static int sum_of(weft_executor *e, int a, int b)
{
    weft_future *f = submit(e, add, (int[2]){a, b}, 2 * sizeof(int), sizeof(int), NULL);
    (void)weft_future_get(f, NULL);
    const int *sum = weft_future_result(f);
    int got = sum ? *sum : -1;
    weft_future_release(f);
    return got;
}

static void check_works(weft_executor *e, const char *when)
{
    int sum = sum_of(e, 40, 2);
    CHECK(sum == 42, "%s: %d", when, sum);
}

static void check_stays(weft_future *f, const char *what)
{
    int status;
    (void)weft_future_cancel(f);
    (void)weft_future_get(f, &status);
    CHECK(status == 7, "%s: %d", what, status);
    weft_future_release(f);
}

typedef struct user {
    weft_executor *executor;
    int in_flight;
    const char *name;
} user;

static void *maps_and_adds(void *arg)
{
    const user *u = arg;
    int wrong = 0;
    for (int i = 0; i < 20; i++) {
        wrong += wrong_squares(u->executor, 2000) != 0;
        wrong += sum_of(u->executor, i, 1) != i + 1;
    }
    CHECK(!wrong, "%s: %d", u->name, wrong);
    return NULL;
}

#endif
