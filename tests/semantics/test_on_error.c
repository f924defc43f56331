/* SPDX-License-Identifier: MIT */
/* What fails and nobody holds is told to the hook of its executor, or else of its pool, once, by its label and status. */
#include "sem.h"

typedef struct hook {
    int told, status;
    const char *label;
} hook;

static hook pools, executors;

static void note(const char *label, int status, void *ctx)
{
    hook *h = ctx;
    h->told++;
    h->status = status;
    h->label = label;
}

static int fails(void *arg)
{
    return *(int *)arg;
}

static int fails_after(weft_future *before, void *arg)
{
    (void)before;
    return *(int *)arg;
}

/* ---- ways to fail --------------------------------------------------------------------------------- */

typedef struct scene {
    weft_pool *pool;
    weft_executor *plain, *own, *without; /* of the pool; with a hook; without one */
    weft_future *before;
} scene;

static int status_of_task;
static const char labelled[] = "labelled";

static int submit_plain(const scene *s, weft_future **future)
{
    return weft_submit(s->plain, fails, &status_of_task, future);
}

static int submit_labelled(const scene *s, weft_future **future)
{
    weft_task_spec spec = {.size = sizeof spec, .fn = fails, .arg = &status_of_task, .label = labelled};
    return weft_submit_task(s->plain, &spec, future);
}

static int submit_own(const scene *s, weft_future **future)
{
    return weft_submit(s->own, fails, &status_of_task, future);
}

static int submit_without(const scene *s, weft_future **future)
{
    return weft_submit(s->without, fails, &status_of_task, future);
}

static int then_inline(const scene *s, weft_future **future)
{
    return weft_future_then(s->before, WEFT_INLINE, fails_after, &status_of_task, future);
}

static int then_near(const scene *s, weft_future **future)
{
    return weft_future_then(s->before, NULL, fails_after, &status_of_task, future);
}

static int then_own(const scene *s, weft_future **future)
{
    return weft_future_then(s->before, s->own, fails_after, &status_of_task, future);
}

/* Before the other one has ended: who ends it runs this inline. */
static int then_inline_before(const scene *s, weft_future **future)
{
    int none = 0;
    weft_executor *serial;
    weft_future *pending = NULL;
    int err =
        weft_executor_create(&serial, WEFT_EXECUTOR_CONFIG(.pool = s->pool, .engine = WEFT_ENGINE_SERIAL));
    if (!err)
        err = weft_submit(serial, fails, &none, &pending);
    if (!err)
        err = weft_future_then(pending, WEFT_INLINE, fails_after, &status_of_task, future);
    if (!err)
        err = weft_future_get(pending, NULL);
    weft_future_release(pending);
    return err ? err : weft_executor_destroy(serial);
}

static const struct way {
    const char *name;
    int (*submit)(const scene *s, weft_future **future);
    hook *told;
    const char *label;
} ways[] = {{"plain", submit_plain, &pools, NULL},
            {"labelled", submit_labelled, &pools, labelled},
            {"an executor's", submit_own, &executors, NULL},
            {"an executor's without a hook", submit_without, &pools, NULL},
            {"then inline", then_inline, &pools, NULL},
            {"then near", then_near, &pools, NULL},
            {"then through an executor", then_own, &executors, NULL},
            {"then inline, before", then_inline_before, &pools, NULL}};

/* ---- each of them --------------------------------------------------------------------------------- */

static void try(const struct way *w, int status, bool held)
{
    weft_pool *pool =
        sem_pool_with(WEFT_POOL_CONFIG(.workers = sem_workers(), .on_error = note, .ctx = &pools));
    scene s = {.pool = pool, .plain = sem_door(pool)};
    weft_future *future = NULL;
    int got, none = 0;
    pools = executors = (hook){.told = 0};
    status_of_task = status;
    cr_assert_eq(
        weft_executor_create(&s.own, WEFT_EXECUTOR_CONFIG(.pool = pool, .on_error = note, .ctx = &executors)),
        0);
    cr_assert_eq(weft_executor_create(&s.without, WEFT_EXECUTOR_CONFIG(.pool = pool)), 0);
    cr_assert_eq(weft_submit(s.plain, fails, &none, &s.before), 0);
    cr_assert_eq(weft_future_wait(s.before, WEFT_FOREVER), 0);
    cr_assert_eq(w->submit(&s, held ? &future : NULL), 0, "%s", w->name);
    if (held)
        cr_assert(weft_future_get(future, &got) == 0 && got == status, "%s", w->name);
    weft_future_release(future);
    weft_future_release(s.before);
    cr_assert_eq(weft_executor_destroy(s.own), 0);
    cr_assert_eq(weft_executor_destroy(s.without), 0);
    sem_end(pool);
    int expected = status && !held;
    cr_assert_eq(pools.told + executors.told, expected, "%s: told %d times", w->name,
                 pools.told + executors.told);
    cr_assert(!expected || (w->told->told == 1 && w->told->status == status), "%s: the other hook", w->name);
    cr_assert(!expected || w->told->label == w->label, "%s: label", w->name);
}

PROMISE(what_fails_is_told_where_nobody_holds_it)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        for (int held = 0; held < 2; held++) {
            try(&ways[i], 7, held);
            try(&ways[i], -EIO, held);
            try(&ways[i], 0, held);
        }
}

PROMISE(with_no_hook_at_all_nothing_is_told)
{
    weft_pool *pool = sem_pool();
    int seven = 7;
    cr_assert_eq(weft_submit(sem_door(pool), fails, &seven, NULL), 0);
    sem_end(pool);
}

static weft_future *kept;

static void attach(void *arg)
{
    *(int *)arg = weft_future_then(kept, WEFT_INLINE, fails_after, &status_of_task, NULL);
}

/* What follows a promise may run when the pool where that was asked for is gone, and with it the hook's ctx. */
static int told_after_promise(bool gone)
{
    weft_pool *pool =
        sem_pool_with(WEFT_POOL_CONFIG(.workers = sem_workers(), .on_error = note, .ctx = &pools));
    weft_promise *promise;
    int err = -1;
    pools = (hook){.told = 0};
    status_of_task = 7;
    cr_assert_eq(weft_promise_create(&promise, sem_door(pool), &kept), 0);
    cr_assert(weft_run(pool, attach, &err) == 0 && err == 0);
    if (gone)
        sem_end(pool);
    cr_assert_eq(weft_promise_fulfil(promise, 0), 0);
    weft_future_release(kept);
    if (!gone)
        sem_end(pool);
    return pools.told;
}

PROMISE(a_pool_that_is_gone_is_not_told)
{
    cr_assert_eq(told_after_promise(false), 1);
    cr_assert_eq(told_after_promise(true), 0);
}
