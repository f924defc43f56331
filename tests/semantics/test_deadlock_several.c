/* SPDX-License-Identifier: MIT */
/* Waits for one of several futures, none of which can ever end, answer -EDEADLK and say so; others just wait. */
#include "sem.h"

#include <unistd.h>

enum { MANY = 3 };

/* ---- ways to wait --------------------------------------------------------------------------------- */

static int wait_for_first(weft_future **futures, size_t n)
{
    return weft_wait(futures, n, WEFT_FIRST, WEFT_FOREVER, NULL);
}

static int wait_for_first_error(weft_future **futures, size_t n)
{
    return weft_wait(futures, n, WEFT_FIRST_ERROR, WEFT_FOREVER, NULL);
}

static int wait_for_all(weft_future **futures, size_t n)
{
    return weft_wait(futures, n, WEFT_ALL, WEFT_FOREVER, NULL);
}

static int get_any(weft_future **futures, size_t n)
{
    weft_future *any;
    int err = weft_when_any(futures, n, &any);
    if (err)
        return err;
    err = weft_future_wait(any, WEFT_FOREVER);
    weft_future_release(any);
    return err;
}

static int get_any_of_all(weft_future **futures, size_t n)
{
    weft_future *all;
    int err = weft_when_all(futures, n, &all);
    if (err)
        return err;
    err = get_any(&all, 1);
    weft_future_release(all);
    return err;
}

static int collect(weft_future **futures, size_t n)
{
    weft_completions *set;
    weft_future *future;
    int err = weft_completions_create(&set);
    for (size_t i = 0; i < n && !err; i++)
        err = weft_completions_add(set, futures[i], NULL);
    if (!err)
        err = weft_completions_next(set, WEFT_FOREVER, &future, NULL);
    if (!err)
        weft_future_release(future);
    weft_completions_destroy(set);
    return err;
}

typedef struct way {
    const char *name;
    int (*wait)(weft_future **futures, size_t n);
    bool needs_all;
} way;

static const way ways[] = {{"first", wait_for_first, false},     {"first error", wait_for_first_error, false},
                           {"all", wait_for_all, true},          {"any", get_any, false},
                           {"any of all", get_any_of_all, true}, {"completions", collect, false}};

enum { WAYS = sizeof ways / sizeof *ways };

/* ---- those that it is inside of ------------------------------------------------------------------- */

typedef struct call {
    const way *way;
    weft_executor *door;
    weft_future *future[MANY];
    size_t count;
    atomic_int ready;
    int err;
} call;

static weft_future *submit(call *c, weft_executor *door, weft_task_fn *fn, const char *label)
{
    weft_future *future;
    weft_task_spec spec = {.size = sizeof spec, .fn = fn, .arg = c, .label = label};
    cr_assert_eq(weft_submit_task(door, &spec, &future), 0);
    return future;
}

static int waits(void *arg)
{
    call *c = arg;
    return c->err = c->way->wait(c->future, c->count);
}

static int waits_within(void *arg)
{
    call *c = arg;
    int status = 0;
    weft_future *inner = submit(c, c->door, waits, "inner");
    int err = weft_future_get(inner, &status);
    weft_future_release(inner);
    return err ? err : status;
}

/* A serial executor: nobody begins it before its future is known here. */
static void refuse(weft_executor *serial, const way *w, weft_task_fn *fn, size_t count)
{
    call c = {.way = w, .door = serial, .count = count};
    int status = 0;
    c.future[0] = submit(&c, serial, fn, "outer");
    for (size_t i = 1; i < count; i++)
        c.future[i] = c.future[0];
    cr_assert_eq(weft_future_get(c.future[0], &status), 0);
    cr_assert(status == -EDEADLK && c.err == -EDEADLK, "%s: %s, %s", w->name, weft_strerror(status),
              weft_strerror(c.err));
    weft_future_release(c.future[0]);
}

PROMISE(several_that_are_all_ones_own_or_an_ancestors)
{
    weft_pool *pool = sem_pool();
    weft_executor *serial;
    weft_executor_create(&serial, WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL));
    for (int i = 0; i < WAYS; i++)
        for (size_t count = 1; count <= MANY; count++) {
            refuse(serial, &ways[i], waits, count);
            refuse(serial, &ways[i], waits_within, count);
        }
    weft_executor_destroy(serial);
    sem_end(pool);
}

PROMISE(the_text_names_one_of_several)
{
    weft_pool *pool = sem_pool();
    weft_executor *serial;
    weft_executor_create(&serial, WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL));
    for (int i = 0; i < WAYS; i++) {
        call c = {.way = &ways[i], .door = serial, .count = 1};
        int status = 0;
        c.future[0] = submit(&c, serial, waits, "outer");
        cr_assert_eq(weft_future_get(c.future[0], &status), 0);
        const char *text = weft_future_error(c.future[0]);
        cr_assert(ways[i].wait == wait_for_all
                      ? !strcmp(text, "deadlock: outer waits for itself")
                      : !strcmp(text, "deadlock: outer waits for one of several, among them outer"),
                  "%s: %s", ways[i].name, text);
        weft_future_release(c.future[0]);
    }
    weft_executor_destroy(serial);
    sem_end(pool);
}

/* ---- a circle ------------------------------------------------------------------------------------- */

typedef struct pair {
    atomic_int ready, refused;
} pair;

static pair both;

static int waits_for_other(void *arg)
{
    call *c = arg;
    atomic_fetch_add(&both.ready, 1);
    while (atomic_load(&both.ready) < 3)
        sched_yield();
    c->err = c->way->wait(c->future, c->count);
    atomic_fetch_add(&both.refused, c->err == -EDEADLK);
    return c->err;
}

/* One waits for the other in this way and itself, the other one in that way. */
static void close_circle(weft_pool *pool, const way *one, const way *other)
{
    call c[2] = {{.way = one, .count = 2}, {.way = other, .count = 1}};
    weft_future *future[2];
    atomic_store(&both.ready, 0);
    atomic_store(&both.refused, 0);
    for (int i = 0; i < 2; i++)
        future[i] = submit(&c[i], sem_door(pool), waits_for_other, i ? "bob" : "ada");
    while (atomic_load(&both.ready) < 2)
        sched_yield();
    c[0].future[0] = future[0];
    c[0].future[1] = future[1];
    c[1].future[0] = future[0];
    atomic_fetch_add(&both.ready, 1);
    for (int i = 0; i < 2; i++) {
        (void)weft_future_get(future[i], NULL);
        weft_future_release(future[i]);
    }
    cr_assert(atomic_load(&both.refused) >= 1, "%s, %s: %s, %s", one->name, other->name,
              weft_strerror(c[0].err), weft_strerror(c[1].err));
}

PROMISE(a_circle_through_several)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    for (int i = 0; i < WAYS; i++)
        for (int k = 0; k < WAYS; k++)
            close_circle(pool, &ways[i], &ways[k]);
    sem_end(pool);
}

/* ---- no circle ------------------------------------------------------------------------------------ */

PROMISE(one_that_ends_from_outside_is_enough)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    for (int i = 0; i < WAYS; i++) {
        weft_promise *promise;
        call c = {.way = &ways[i], .count = 2};
        if (c.way->needs_all)
            continue;
        atomic_store(&both.ready, 1);
        cr_assert_eq(weft_promise_create(&promise, sem_door(pool), &c.future[1]), 0);
        weft_future *future = submit(&c, sem_door(pool), waits_for_other, "ada");
        while (atomic_load(&both.ready) < 2)
            sched_yield();
        c.future[0] = future;
        atomic_fetch_add(&both.ready, 1);
        usleep(2000);
        cr_assert_eq(weft_promise_fulfil(promise, 9), 0);
        cr_assert_eq(weft_future_get(future, NULL), 0);
        cr_assert_eq(c.err, 0, "%s: %s", c.way->name, weft_strerror(c.err));
        weft_future_release(future);
        weft_future_release(c.future[1]);
    }
    sem_end(pool);
}
