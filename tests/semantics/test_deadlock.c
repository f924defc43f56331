/* SPDX-License-Identifier: MIT */
/* Waits that could never end answer -EDEADLK, once for each circle, and say who waits for whom; others just wait. */
#include "sem.h"

#include <stdio.h>

#define RING 3

struct ring {
    weft_future *future[RING];
    atomic_int ready, refused;
    int size;
    atomic_int next;
};

static struct ring ring;

static const char *const names[RING] = {"ada", "bob", "cyd"};

/* Each waits for the next one's future, once all have begun. */
static int wait_for_next(void *arg)
{
    int own = (int)(intptr_t)arg, status = 0;
    atomic_fetch_add(&ring.ready, 1);
    while (atomic_load(&ring.ready) <= ring.size) /* one more: the futures are there */
        sched_yield();
    int err = weft_future_get(ring.future[(own + 1) % ring.size], &status);
    atomic_fetch_add(&ring.refused, err == -EDEADLK);
    return err ? err : 100 + own;
}

/* How the one that was refused says it, and what the others answer. */
static void close_ring(weft_pool *pool, int size)
{
    int refused = -1;
    atomic_store(&ring.ready, 0);
    atomic_store(&ring.refused, 0);
    ring.size = size;
    for (int i = 0; i < size; i++) {
        weft_task_spec spec = {
            .size = sizeof spec, .fn = wait_for_next, .arg = (void *)(intptr_t)i, .label = names[i]};
        cr_assert_eq(weft_submit_task(sem_door(pool), &spec, &ring.future[i]), 0);
    }
    while (atomic_load(&ring.ready) < size)
        sched_yield();
    atomic_fetch_add(&ring.ready, 1);
    for (int i = 0; i < size; i++) {
        int status = 0;
        cr_assert_eq(weft_future_get(ring.future[i], &status), 0);
        if (status == -EDEADLK)
            refused = i;
        else
            cr_assert_eq(status, 100 + i);
    }
    cr_assert_eq(ring.refused, 1, "who closes the circle, and nobody else");
    char expected[256];
    int used = snprintf(expected, sizeof expected, "deadlock: %s waits for %s", names[refused],
                        names[(refused + 1) % size]);
    for (int i = 1; i < size; i++)
        used += snprintf(expected + used, sizeof expected - (size_t)used, ", which waits for %s",
                         names[(refused + i + 1) % size]);
    cr_assert_str_eq(weft_future_error(ring.future[refused]), expected);
    for (int i = 0; i < size; i++)
        weft_future_release(ring.future[i]);
}

PROMISE(a_circle_of_two_waits)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 100; i++)
        close_ring(pool, 2);
    sem_end(pool);
}

PROMISE(a_circle_of_three_waits)
{
    NEEDS_WORKERS(3);
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 100; i++)
        close_ring(pool, 3);
    sem_end(pool);
}

/* ---- oneself ------------------------------------------------------------------------------------- */

static weft_future *outer, *inner;

static int wait_for_oneself(void *arg)
{
    (void)arg;
    return weft_future_get(outer, NULL);
}

static int wait_for_outer(void *arg)
{
    (void)arg;
    return weft_future_get(outer, NULL);
}

static int with_inner(void *arg)
{
    int status = 0;
    weft_task_spec spec = {.size = sizeof spec, .fn = wait_for_outer, .label = "inner"};
    int err = weft_submit_task(arg, &spec, &inner);
    return err ? err : (err = weft_future_get(inner, &status)) ? err : status;
}

/* Submitted so that nobody but the waiter begins it: `outer` is known by then. */
static int run_labelled(weft_task_fn *fn, weft_executor *serial)
{
    int status = 0;
    weft_task_spec spec = {.size = sizeof spec, .fn = fn, .arg = serial, .label = "outer"};
    cr_assert_eq(weft_submit_task(serial, &spec, &outer), 0);
    cr_assert_eq(weft_future_get(outer, &status), 0);
    return status;
}

PROMISE(ones_own_future_and_that_of_an_ancestor)
{
    weft_pool *pool = sem_pool();
    weft_executor *serial;
    weft_executor_create(&serial, WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL));
    cr_assert_eq(run_labelled(wait_for_oneself, serial), -EDEADLK);
    cr_assert_str_eq(weft_future_error(outer), "deadlock: outer waits for itself");
    weft_future_release(outer);
    cr_assert_eq(run_labelled(with_inner, serial), -EDEADLK);
    cr_assert_str_eq(weft_future_error(inner), "deadlock: inner waits for outer, in which it runs");
    weft_future_release(outer);
    weft_future_release(inner);
    weft_executor_destroy(serial);
    sem_end(pool);
}

static int end_own(void *arg)
{
    return weft_executor_shutdown(arg, WEFT_DRAIN, WEFT_FOREVER);
}

static int end_destroying(void *arg)
{
    return weft_executor_destroy(arg);
}

static int await_group(void *arg)
{
    return weft_group_wait(arg, WEFT_FOREVER, NULL);
}

static void in_a_group(weft_executor *serial)
{
    weft_group *group;
    weft_task_spec spec = {.size = sizeof spec, .fn = await_group, .label = "member"};
    int status = 0;
    cr_assert_eq(weft_group_create(&group, WEFT_GROUP_CONFIG(.executor = serial)), 0);
    spec.arg = group;
    cr_assert_eq(weft_group_submit_task(group, &spec, NULL), 0);
    cr_assert_eq(weft_group_wait(group, WEFT_FOREVER, &status), 0);
    cr_assert_eq(status, -EDEADLK);
    cr_assert_str_eq(weft_group_error_text(group),
                     "deadlock: member waits for the end of a group, in which it runs");
    cr_assert_eq(weft_group_destroy(group), 0);
}

PROMISE(the_end_of_ones_own_executor_and_of_ones_own_group)
{
    weft_pool *pool = sem_pool();
    weft_executor *serial;
    weft_task_fn *const ends[] = {end_own, end_destroying};
    weft_executor_create(&serial,
                         WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL, .name = "disk"));
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(run_labelled(ends[i], serial), -EDEADLK);
        cr_assert_str_eq(weft_future_error(outer),
                         "deadlock: outer waits for the end of disk, in which it runs");
        weft_future_release(outer);
    }
    in_a_group(serial);
    cr_assert_eq(weft_executor_destroy(serial), 0);
    sem_end(pool);
}

/* ---- through an executor's limit ----------------------------------------------------------------- */

struct limited {
    weft_executor *one;
    weft_future *helper;
    atomic_int helper_runs, holder_waits;
};

static int quick(void *arg)
{
    (void)arg;
    return 0;
}

/* Outside of the executor: waits for a task that cannot begin before `holder`, which waits for this one. */
static int helper(void *arg)
{
    struct limited *l = arg;
    weft_future *behind;
    int status = 0;
    atomic_store(&l->helper_runs, 1);
    while (!atomic_load(&l->holder_waits))
        sched_yield();
    weft_task_spec spec = {.size = sizeof spec, .fn = quick, .label = "behind"};
    int err = weft_submit_task(l->one, &spec, &behind);
    if (err)
        return err;
    err = weft_future_get(behind, &status);
    weft_future_release(behind);
    return err ? err : status;
}

static int holder(void *arg)
{
    struct limited *l = arg;
    int status = 0;
    while (!atomic_load(&l->helper_runs))
        sched_yield();
    atomic_store(&l->holder_waits, 1);
    int err = weft_future_get(l->helper, &status);
    return err ? err : status;
}

PROMISE(a_circle_through_a_full_executor)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 50; i++) {
        struct limited l = {0};
        weft_future *held;
        int status = 0, refused;
        weft_executor_create(&l.one, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1));
        weft_task_spec of_helper = {.size = sizeof of_helper, .fn = helper, .arg = &l, .label = "helper"};
        weft_task_spec of_holder = {.size = sizeof of_holder, .fn = holder, .arg = &l, .label = "holder"};
        cr_assert_eq(weft_submit_task(sem_door(pool), &of_helper, &l.helper), 0);
        while (!atomic_load(&l.helper_runs))
            sched_yield();
        cr_assert_eq(weft_submit_task(l.one, &of_holder, &held), 0);
        cr_assert_eq(weft_future_get(held, &status), 0);
        cr_assert_eq(status, -EDEADLK, "from its own wait, or the helper's");
        const char *text = weft_future_error(l.helper);
        refused =
            strstr(text, "deadlock: helper waits for behind, which cannot begin before holder has ended, "
                         "which waits for helper") != NULL;
        text = weft_future_error(held);
        refused +=
            strstr(text, "deadlock: holder waits for helper, which waits for behind, which cannot begin "
                         "before holder has ended") != NULL;
        cr_assert_eq(refused, 1, "%s", text);
        weft_future_release(held);
        weft_future_release(l.helper);
        cr_assert_eq(weft_executor_destroy(l.one), 0);
    }
    sem_end(pool);
}

/* ---- no circle ----------------------------------------------------------------------------------- */

struct promised {
    weft_future *future;
    atomic_int waits;
};

static int wait_for_promise(void *arg)
{
    struct promised *p = arg;
    int status = 0;
    atomic_fetch_add(&p->waits, 1);
    int err = weft_future_get(p->future, &status);
    return err ? err : status;
}

PROMISE(what_is_fulfilled_from_outside_is_waited_for)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    weft_promise *promise;
    weft_future *waiter;
    struct promised p = {0};
    int status = 0;
    cr_assert_eq(weft_promise_create(&promise, sem_door(pool), &p.future), 0);
    cr_assert_eq(weft_submit(sem_door(pool), wait_for_promise, &p, &waiter), 0);
    while (!atomic_load(&p.waits))
        sched_yield();
    cr_assert_eq(weft_promise_fulfil(promise, 9), 0);
    cr_assert_eq(weft_future_get(waiter, &status), 0);
    cr_assert_eq(status, 9);
    weft_future_release(waiter);
    weft_future_release(p.future);
    sem_end(pool);
}

/* As wait_for_next, but the first one gives up after a while: so nobody is refused. */
static int wait_for_a_while(void *arg)
{
    int own = (int)(intptr_t)arg;
    atomic_fetch_add(&ring.ready, 1);
    while (atomic_load(&ring.ready) <= ring.size)
        sched_yield();
    int err = weft_future_wait(ring.future[(own + 1) % ring.size], own ? WEFT_FOREVER : sem_in_ms(5));
    return err;
}

PROMISE(a_circle_with_a_deadline_in_it_is_none)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    int status[2];
    atomic_store(&ring.ready, 0);
    ring.size = 2;
    for (int i = 0; i < 2; i++)
        cr_assert_eq(weft_submit(sem_door(pool), wait_for_a_while, (void *)(intptr_t)i, &ring.future[i]), 0);
    while (atomic_load(&ring.ready) < 2)
        sched_yield();
    atomic_fetch_add(&ring.ready, 1);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(weft_future_get(ring.future[i], &status[i]), 0);
        weft_future_release(ring.future[i]);
    }
    cr_assert(status[0] == -ETIMEDOUT && status[1] == 0);
    sem_end(pool);
}
