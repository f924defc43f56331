/* SPDX-License-Identifier: MIT */
/* A worker that waits in the middle of a task leaves its place to a spare, so that what it waits for can happen. */
#include "sem.h"

#define DEEP 10

struct link {
    weft_executor *executor;
    weft_promise *promise;
    weft_future *future;
    atomic_int *waiting;
    int fulfils; /* another one's, not its own */
    struct link *other;
};

static int wait_for_link(void *arg)
{
    struct link *l = arg;
    int status = 0;
    atomic_fetch_add(l->waiting, 1);
    int err = weft_future_get(l->future, &status);
    return err ? err : status;
}

static int fulfil_all(void *arg)
{
    struct link *l = arg;
    for (int i = 0; i < DEEP; i++)
        if (weft_promise_fulfil(l[i].promise, 1))
            return -1;
    return 0;
}

/* More waiters than workers; who keeps the promises is submitted before they wait, or after. */
static void many_wait(weft_pool *pool, bool after)
{
    atomic_int waiting = 0;
    struct link links[DEEP];
    weft_future *waiters[DEEP], *last;
    int status;
    for (int i = 0; i < DEEP; i++) {
        links[i] = (struct link){.waiting = &waiting};
        cr_assert_eq(weft_promise_create(&links[i].promise, sem_door(pool), &links[i].future), 0);
    }
    for (int i = 0; i < DEEP; i++)
        cr_assert_eq(weft_submit(sem_door(pool), wait_for_link, &links[i], &waiters[i]), 0);
    while (after && atomic_load(&waiting) < DEEP)
        sched_yield();
    cr_assert_eq(weft_submit(sem_door(pool), fulfil_all, links, &last), 0);
    while (weft_future_state(last) != WEFT_DONE) /* to get it would run it here */
        sched_yield();
    for (int i = 0; i < DEEP; i++) {
        cr_assert_eq(weft_future_get(waiters[i], &status), 0);
        cr_assert_eq(status, 1);
        weft_future_release(waiters[i]);
        weft_future_release(links[i].future);
    }
    weft_future_release(last);
}

PROMISE(what_is_queued_when_all_workers_wait_is_run)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool_with_spares(0);
    for (int i = 0; i < 20; i++)
        many_wait(pool, false);
    sem_end(pool);
}

PROMISE(what_is_submitted_while_all_workers_wait_is_run)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool_with_spares(0);
    for (int i = 0; i < 20; i++)
        many_wait(pool, true);
    sem_end(pool);
}

/* ---- children, loops ------------------------------------------------------------------------------ */

/* All of them wait until the last one has begun, which keeps the promise. */
struct meeting {
    weft_promise *promise;
    weft_future *future;
    atomic_int begun;
};

static int meet(struct meeting *m)
{
    int status = 0;
    if (atomic_fetch_add(&m->begun, 1) == DEEP - 1)
        return weft_promise_fulfil(m->promise, 0);
    int err = weft_future_get(m->future, &status);
    return err ? err : status;
}

static void begin_meeting(struct meeting *m, weft_pool *pool)
{
    atomic_store(&m->begun, 0);
    cr_assert_eq(weft_promise_create(&m->promise, sem_door(pool), &m->future), 0);
}

static int meet_item(void *out, const void *in, void *ctx)
{
    (void)in;
    (void)out;
    return meet(ctx);
}

static int map_meeting(void *arg)
{
    return weft_parallel_map(NULL, meet_item, NULL, 0, NULL, 0, DEEP, WEFT_MAP_CONFIG(.ctx = arg));
}

typedef struct meeting *meeting_p;
WEFT_TASK(long, meet_child, meeting_p)
long meet_child(meeting_p m);
long meet_child(struct meeting *m)
{
    return meet(m);
}

static long fork_meeting(struct meeting *m, int left)
{
    if (!left)
        return 0;
    weft_fork(meet_child, child, m);
    long status = fork_meeting(m, left - 1);
    return weft_join(meet_child, child) | status;
}

static int fork_all(void *arg)
{
    return (int)fork_meeting(arg, DEEP);
}

static void call_on_root(void *arg)
{
    struct meeting *m = arg;
    cr_assert_eq(map_meeting(m), 0);
}

/* By a task of the pool, and by a guest. */
static void all_meet(int (*how)(void *))
{
    weft_pool *pool = sem_pool_with_spares(0);
    struct meeting m;
    for (int i = 0; i < 20; i++) {
        weft_future *future;
        int status = -1;
        begin_meeting(&m, pool);
        cr_assert_eq(weft_submit(sem_door(pool), how, &m, &future), 0);
        cr_assert_eq(weft_future_get(future, &status), 0);
        cr_assert(status == 0 && m.begun == DEEP);
        weft_future_release(future);
        weft_future_release(m.future);
        begin_meeting(&m, pool);
        cr_assert_eq(weft_run(pool, call_on_root, &m), 0);
        weft_future_release(m.future);
    }
    sem_end(pool);
}

PROMISE(items_of_a_map_may_wait_for_each_other)
{
    NEEDS_WORKERS(1);
    all_meet(map_meeting);
}

PROMISE(children_may_wait_for_each_other)
{
    NEEDS_WORKERS(1);
    all_meet(fork_all);
}

/* ---- threads that are kept, and not ---------------------------------------------------------------- */

PROMISE(spares_that_end_at_once_are_made_again)
{
    NEEDS_WORKERS(1);
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .spare_keep_ns = 1)), 0);
    for (int i = 0; i < 20; i++)
        many_wait(pool, i % 2);
    sem_end(pool);
}

/* ---- in front of an executor, a stream ----------------------------------------------------------- */

static int count_up(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static int drain_executor(void *arg)
{
    weft_executor *other = arg;
    return weft_executor_shutdown(other, WEFT_DRAIN, WEFT_FOREVER);
}

PROMISE(a_task_may_wait_for_an_executors_end)
{
    weft_pool *pool = sem_pool_with_spares(0);
    weft_executor *other;
    atomic_int ran = 0;
    int status = -1;
    cr_assert_eq(weft_executor_create(&other, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)), 0);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(weft_submit(other, count_up, &ran, NULL), 0);
    cr_assert_eq(weft_apply(sem_door(pool), drain_executor, other, &status), 0);
    cr_assert(status == 0 && ran == 100);
    cr_assert_eq(weft_executor_destroy(other), 0);
    sem_end(pool);
}

static int wait_for_a_time(void *arg)
{
    weft_future *later;
    int status = -1, err = weft_submit_after(NULL, 2000000, count_up, arg, &later);
    if (err)
        return err;
    err = weft_future_get(later, &status);
    weft_future_release(later);
    return err ? err : status;
}

PROMISE(a_task_may_wait_for_a_later_one)
{
    weft_pool *pool = sem_pool_with_spares(0);
    atomic_int ran = 0;
    int status = -1;
    cr_assert_eq(weft_apply(sem_door(pool), wait_for_a_time, &ran, &status), 0);
    cr_assert(status == 0 && ran == 1);
    sem_end(pool);
}

/* ---- the end ------------------------------------------------------------------------------------- */

static int submit_when_woken(void *arg)
{
    struct link *l = arg;
    int err = wait_for_link(l);
    return err < 0 ? err : weft_submit(l->executor, count_up, l->waiting, NULL);
}

PROMISE(a_pool_ends_after_what_its_spares_run)
{
    NEEDS_WORKERS(1);
    for (int round = 0; round < 50; round++) {
        weft_pool *pool = sem_pool_with_spares(0);
        atomic_int waiting = 0;
        struct link links[DEEP];
        for (int i = 0; i < DEEP; i++) {
            links[i] = (struct link){.waiting = &waiting, .executor = sem_door(pool)};
            cr_assert_eq(weft_promise_create(&links[i].promise, sem_door(pool), &links[i].future), 0);
            cr_assert_eq(weft_submit(sem_door(pool), submit_when_woken, &links[i], NULL), 0);
        }
        while (atomic_load(&waiting) < DEEP)
            sched_yield();
        for (int i = 0; i < DEEP; i++)
            cr_assert_eq(weft_promise_fulfil(links[i].promise, 1), 0);
        sem_end(pool);
        cr_assert_eq(waiting, 2 * DEEP, "all that was submitted has run");
        for (int i = 0; i < DEEP; i++)
            weft_future_release(links[i].future);
    }
}

PROMISE(without_spares_it_waits_until_a_worker_is_free)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool_with_spares(WEFT_NONE);
    atomic_int waiting = 0, ran = 0;
    int workers = sem_threads() < DEEP ? sem_threads() : DEEP;
    struct link links[DEEP];
    weft_future *counter;
    for (int i = 0; i < workers; i++) {
        links[i] = (struct link){.waiting = &waiting};
        cr_assert_eq(weft_promise_create(&links[i].promise, sem_door(pool), &links[i].future), 0);
        cr_assert_eq(weft_submit(sem_door(pool), wait_for_link, &links[i], NULL), 0);
    }
    while (atomic_load(&waiting) < workers)
        sched_yield();
    cr_assert_eq(weft_submit(sem_door(pool), count_up, &ran, &counter), 0);
    for (int i = 0; i < 1000; i++)
        sched_yield();
    cr_assert_eq(ran, 0);
    for (int i = 0; i < workers; i++) {
        cr_assert_eq(weft_promise_fulfil(links[i].promise, 1), 0);
        weft_future_release(links[i].future);
    }
    sem_end(pool);
    cr_assert_eq(ran, 1);
    weft_future_release(counter);
}

PROMISE(bad_numbers)
{
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.spare_max = -7)), -EINVAL);
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.spare_max = WEFT_SEATS_MAX + 1)), -EINVAL);
}
