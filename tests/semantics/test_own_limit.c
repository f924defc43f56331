/* SPDX-License-Identifier: MIT */
/* A task holds its executor's only ticket and waits for what comes into that executor's queue only later: after a time, or after a
 * promise. Nobody else may run it, so the waiter does, however it waits, and whoever else waits for
 * the waiter is not told of a deadlock. */
#include "waits.h"

#define MS INT64_C(1000000)

struct scene {
    weft_executor *one;
    weft_promise *promise;
    int (*wait)(weft_future *future);
    weft_future *(*later)(struct scene *s);
    pthread_t keeper;
    weft_future *waiter;
    atomic_int ran;
};

static int note(void *arg)
{
    (void)atomic_fetch_add(&((struct scene *)arg)->ran, 1);
    return 0;
}

static int note_after(weft_future *before, void *arg)
{
    (void)before;
    return note(arg);
}

/* ---- what comes later --------------------------------------------------------------------------- */

static weft_future *after_a_time(struct scene *s)
{
    weft_future *future = NULL;
    cr_assert_eq(weft_submit_after(s->one, MS, note, s, &future), 0);
    return future;
}

static void *keep_later(void *arg)
{
    struct scene *s = arg;
    nanosleep(&(struct timespec){.tv_nsec = MS}, NULL); /* when it sleeps, most times */
    return weft_promise_fulfil(s->promise, 0) ? s : NULL;
}

static weft_future *after_a_promise(struct scene *s)
{
    weft_future *promised = NULL, *future = NULL;
    cr_assert_eq(weft_promise_create(&s->promise, s->one, &promised), 0);
    cr_assert_eq(weft_future_then(promised, s->one, note_after, s, &future), 0);
    weft_future_release(promised);
    s->keeper = thread_start(keep_later, s, 0);
    return future;
}

static weft_future *(*const laters[])(struct scene *s) = {after_a_time, after_a_promise};

enum { LATERS = sizeof laters / sizeof *laters };

/* ---- who waits ---------------------------------------------------------------------------------- */

static int wait_here(void *arg)
{
    struct scene *s = arg;
    weft_future *future = s->later(s);
    int err = s->wait(future);
    weft_future_release(future);
    if (s->later == after_a_promise)
        pthread_join(s->keeper, NULL);
    return err;
}

static int wait_for_waiter(void *arg)
{
    return weft_future_get(((struct scene *)arg)->waiter, NULL);
}

static void waits_once(struct scene *s, weft_executor *door, const char *name)
{
    weft_future *second = NULL;
    int status = 1;
    atomic_store(&s->ran, 0);
    cr_assert_eq(weft_submit(s->one, wait_here, s, &s->waiter), 0);
    cr_assert_eq(weft_submit(door, wait_for_waiter, s, &second), 0);
    cr_assert_eq(weft_future_get(second, &status), 0);
    cr_assert_eq(status, 0, "%s: who waits for the waiter: %d", name, status);
    cr_assert_eq(weft_future_get(s->waiter, &status), 0);
    cr_assert_eq(status, 0, "%s: %d", name, status);
    cr_assert_eq(s->ran, 1);
    weft_future_release(second);
    weft_future_release(s->waiter);
}

enum { TIMES = 20 };

PROMISE(what_comes_later_to_an_executor_that_the_waiter_fills_is_run_by_the_waiter)
{
    weft_pool *pool = sem_pool();
    struct scene s = {.one = NULL};
    cr_assert_eq(weft_executor_create(&s.one, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)), 0);
    for (int i = 0; i < TIMES * LATERS * WAITS; i++) {
        s.later = laters[i % LATERS];
        s.wait = waits[i / LATERS % WAITS].wait;
        waits_once(&s, sem_door(pool), waits[i / LATERS % WAITS].name);
    }
    cr_assert_eq(weft_executor_destroy(s.one), 0);
    sem_end(pool);
}

/* ---- its parts ---------------------------------------------------------------------------------- */

enum { PARTS = 64 };

struct parts {
    weft_executor *one;
    atomic_int ran, refused, other;
};

static int note_part(void *arg)
{
    (void)atomic_fetch_add(&((struct parts *)arg)->ran, 1);
    return 0;
}

static void submit_and_wait(size_t begin, size_t end, void *arg)
{
    struct parts *p = arg;
    for (size_t i = begin; i < end; i++) {
        weft_future *future = NULL;
        int err = weft_submit(p->one, note_part, p, &future);
        if (!err)
            err = weft_future_get(future, NULL);
        atomic_fetch_add(err == -EDEADLK ? &p->refused : &p->other, err != 0);
        weft_future_release(future);
    }
}

static int run_parts(void *arg)
{
    return weft_parallel_for(NULL, 0, PARTS, submit_and_wait, arg);
}

/* ---- a part waits while the task's own thread runs what it has lent its place to ------------------- */

struct lender {
    weft_executor *one;
    pthread_t own;
    atomic_int lends, waits, lent, ran;
    atomic_int answer; /* to the part's wait; 1: none yet */
};

static int is_lent(void *arg)
{
    struct lender *l = arg;
    int64_t until = sem_now_ns() + 300000000;
    atomic_store(&l->lent, 1);
    while (atomic_load(&l->answer) == 1 && sem_now_ns() < until)
        sched_yield();
    return 0;
}

static int note_ran(void *arg)
{
    (void)atomic_fetch_add(&((struct lender *)arg)->ran, 1);
    return 0;
}

static int submit_and_get(weft_executor *door, weft_task_fn *fn, void *arg)
{
    weft_future *future = NULL;
    int err = weft_submit(door, fn, arg, &future);
    if (!err)
        err = weft_future_get(future, NULL);
    weft_future_release(future);
    return err;
}

/* Once in the task's own thread, which runs is_lent() in its wait; once in another one. */
static void lend_or_wait(size_t begin, size_t end, void *arg)
{
    struct lender *l = arg;
    bool own = pthread_equal(l->own, pthread_self());
    (void)begin, (void)end;
    if (atomic_exchange(own ? &l->lends : &l->waits, 1))
        return;
    flag_wait(own ? &l->waits : &l->lent);
    if (own)
        cr_assert_eq(submit_and_get(l->one, is_lent, l), 0);
    else
        atomic_store(&l->answer, submit_and_get(l->one, note_ran, l));
}

static int spread(void *arg)
{
    struct lender *l = arg;
    l->own = pthread_self();
    return weft_parallel_for(NULL, 0, PARTS, lend_or_wait, arg);
}

/* That ends, and nobody else may begin: the task has its place back. */
PROMISE(a_part_does_not_wait_for_a_place_that_is_only_lent)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    struct lender l = {.answer = 1};
    cr_assert_eq(weft_executor_create(&l.one, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)), 0);
    cr_assert_eq(submit_and_get(l.one, spread, &l), 0);
    cr_assert_eq(l.answer, -EDEADLK);
    cr_assert_eq(weft_executor_destroy(l.one), 0);
    cr_assert_eq(l.ran, 1, "what was submitted runs then");
    sem_end(pool);
}

/* In the task's own thread its place is lent; elsewhere a wait may be refused, and what was submitted runs later. */
PROMISE(parts_that_wait_for_the_executor_of_their_task_are_served_or_told)
{
    weft_pool *pool = sem_pool();
    struct parts p = {.one = NULL};
    cr_assert_eq(weft_executor_create(&p.one, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)), 0);
    for (int round = 0; round < TIMES; round++) {
        weft_future *future = NULL;
        int status = 1;
        cr_assert_eq(weft_submit(p.one, run_parts, &p, &future), 0);
        cr_assert_eq(weft_future_get(future, &status), 0);
        weft_future_release(future);
        cr_assert_eq(status, 0);
    }
    cr_assert_eq(p.other, 0);
    cr_assert(sem_threads() || !p.refused, "%d refused, and there is no other thread", p.refused);
    cr_assert_eq(weft_executor_destroy(p.one), 0);
    cr_assert_eq(p.ran, TIMES * PARTS);
    sem_end(pool);
}
