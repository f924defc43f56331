/* SPDX-License-Identifier: MIT */
/* permits.h - what the tests of limits share: one that is made and looked at, who keeps a permit, and what counts fates. */
#ifndef WEFT_TESTS_PERMITS_H
#define WEFT_TESTS_PERMITS_H

#include "executors.h"

#define LINE 50

#define SPEC(...) (&(const weft_task_spec){.size = sizeof(weft_task_spec), __VA_ARGS__})

static UNUSED weft_limit *limit_of(int n)
{
    weft_limit *limit = NULL;
    cr_assert_eq(weft_limit_create(&limit, n, "tested"), 0);
    return limit;
}

static UNUSED weft_limit_state state_of(weft_limit *limit)
{
    weft_limit_state state = {.size = sizeof state};
    cr_assert_eq(weft_limit_inspect(limit, &state), 0);
    return state;
}

static UNUSED weft_future *submit(weft_executor *executor, const weft_task_spec *spec)
{
    weft_future *future;
    int err = weft_submit_task(executor, spec, &future);
    cr_assert_eq(err, 0, "submit: %s", weft_strerror(err));
    return future;
}

static UNUSED int counted(void *arg)
{
    (void)count_up(arg);
    return 0;
}

/* ---- who keeps a permit, in a pool with a thread of its own, until it is told to give it back ------- */

struct keeper {
    weft_pool *pool;
    weft_future *future;
    atomic_int runs, may_end;
    int status;
};

static UNUSED int keep(void *arg)
{
    struct keeper *k = arg;
    atomic_store(&k->runs, 1);
    flag_wait(&k->may_end);
    return k->status;
}

static UNUSED void keep_one(struct keeper *k, weft_limit *limit)
{
    *k = (struct keeper){0};
    cr_assert_eq(weft_pool_create(&k->pool, WEFT_POOL_CONFIG(.workers = 1)), 0);
    k->future = submit(sem_door(k->pool), SPEC(.fn = keep, .arg = k, .label = "keeper", .limit = limit));
    flag_wait(&k->runs);
}

static UNUSED void let_go(struct keeper *k)
{
    atomic_store(&k->may_end, 1);
}

static UNUSED void keeper_ends(struct keeper *k)
{
    let_go(k);
    cr_assert_eq(get(k->future), k->status);
    sem_end(k->pool);
}

struct fate {
    atomic_int ran, destroyed;
};

static UNUSED int run_fate(void *arg)
{
    atomic_fetch_add(&((struct fate *)arg)->ran, 1);
    return 0;
}

static UNUSED void end_fate(void *arg)
{
    atomic_fetch_add(&((struct fate *)arg)->destroyed, 1);
}

#define FATE(f) .fn = run_fate, .arg = (f), .destroy = end_fate

#endif
