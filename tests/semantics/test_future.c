/* SPDX-License-Identifier: MIT */
/* test_future.c - what a wait returns is about the wait, releasing never waits, callbacks run where they were asked to, and
 * no worker waits for room in its own pool. */
#include "sem.h"

static weft_future *submit(weft_executor *executor, weft_task_fn *fn, void *arg)
{
    weft_future *future = NULL;
    int err = weft_submit(executor, fn, arg, &future);
    cr_assert_eq(err, 0, "submit: %s", weft_strerror(err));
    return future;
}

static int get(weft_future *future)
{
    int status = 12345, err = weft_future_get(future, &status);
    cr_assert_eq(err, 0, "get: %s", weft_strerror(err));
    weft_future_release(future);
    return status;
}

static int answer(void *arg)
{
    return (int)(intptr_t)arg;
}

/* ---- statuses ------------------------------------------------------------------------------------- */

static void waits_for(weft_future *future, int expected)
{
    weft_completions *set;
    weft_future *all, *out;
    int status = 12345;
    size_t index;
    cr_assert_eq(weft_future_get(future, &status), 0);
    cr_assert_eq(status, expected);
    cr_assert_eq(weft_future_wait(future, WEFT_FOREVER), 0);
    cr_assert_eq(weft_future_wait(future, 1), 0);
    cr_assert_eq(weft_wait(&future, 1, WEFT_ALL, WEFT_FOREVER, &index), 0);
    cr_assert_eq(weft_wait(&future, 1, WEFT_FIRST_ERROR, WEFT_FOREVER, &index), 0);
    cr_assert_eq(weft_when_all(&future, 1, &all), 0);
    cr_assert_eq(get(all), expected);
    cr_assert_eq(weft_completions_create(&set), 0);
    cr_assert_eq(weft_completions_add(set, future, NULL), 0);
    cr_assert_eq(weft_completions_next(set, WEFT_FOREVER, &out, NULL), 0);
    cr_assert_eq(weft_future_status(out), expected);
    weft_future_release(out);
    weft_completions_destroy(set);
}

/* A task may answer what waits themselves return. */
PROMISE(what_a_wait_returns_is_about_the_wait_alone)
{
    static const int statuses[] = {-ETIMEDOUT, -EINVAL,      -EDEADLK,  -EAGAIN,     -ESHUTDOWN, -EOWNERDEAD,
                                   -ECANCELED, -EINPROGRESS, WEFT_EEND, WEFT_ESTACK, 1,          INT32_MIN};
    weft_pool *pool = sem_pool();
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        weft_future *future = submit(sem_door(pool), answer, (void *)(intptr_t)statuses[i]);
        waits_for(future, statuses[i]);
        cr_assert_eq(weft_future_state(future), WEFT_DONE);
        weft_future_release(future);
    }
    sem_end(pool);
}

/* ---- releasing ------------------------------------------------------------------------------------- */

struct held {
    struct gate running, go;
};

static int hold(void *arg)
{
    struct held *h = arg;
    gate_add(&h->running);
    gate_wait(&h->go, 1);
    return weft_should_stop();
}

static int note_status(weft_future *before, void *arg)
{
    atomic_store((atomic_int *)arg, 100 + weft_future_status(before));
    return 0;
}

PROMISE(to_release_a_running_future_neither_waits_nor_cancels)
{
    NEEDS_WORKERS(1);
    struct held h = {GATE_INIT, GATE_INIT};
    atomic_int status = 0;
    weft_pool *pool = sem_pool();
    weft_future *future = submit(sem_door(pool), hold, &h);
    gate_wait(&h.running, 1);
    cr_assert_eq(weft_future_then(future, WEFT_INLINE, note_status, &status, NULL), 0);
    weft_future_release(future); /* who waited here would wait for ever */
    gate_add(&h.go);
    sem_end(pool);
    cr_assert_eq(atomic_load(&status), 100, "it was asked to stop");
}

/* ---- callbacks ------------------------------------------------------------------------------------- */

struct where {
    pthread_t thread;
    atomic_int ran;
};

static int note_thread(weft_future *before, void *arg)
{
    struct where *w = arg;
    (void)before;
    w->thread = pthread_self();
    atomic_fetch_add(&w->ran, 1);
    return weft_worker_index();
}

static void *fulfil(void *promise)
{
    return (void *)(intptr_t)weft_promise_fulfil(promise, 0);
}

PROMISE(inline_is_the_thread_that_ends_it_or_the_caller)
{
    struct where ends = {.ran = 0}, late = {.ran = 0};
    weft_promise *promise;
    weft_future *future;
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    cr_assert_eq(weft_future_then(future, WEFT_INLINE, note_thread, &ends, NULL), 0);
    pthread_t thread = thread_start(fulfil, promise, 0);
    void *err;
    pthread_join(thread, &err);
    cr_assert_null(err);
    cr_assert_eq(atomic_load(&ends.ran), 1, "before fulfil returned");
    cr_assert(pthread_equal(ends.thread, thread));
    cr_assert_eq(weft_future_then(future, WEFT_INLINE, note_thread, &late, NULL), 0);
    cr_assert_eq(atomic_load(&late.ran), 1, "before then returned");
    cr_assert(pthread_equal(late.thread, pthread_self()));
    weft_future_release(future);
}

PROMISE(on_an_executor_is_a_worker_of_its_pool)
{
    NEEDS_WORKERS(1);
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .take_over = WEFT_NONE)),
                 0);
    struct where w[2] = {{.ran = 0}, {.ran = 0}};
    weft_promise *promise;
    weft_future *future, *after[2];
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    cr_assert_eq(weft_future_then(future, sem_door(pool), note_thread, &w[0], &after[0]), 0);
    cr_assert_eq(weft_promise_fulfil(promise, 0), 0);
    cr_assert_eq(weft_future_then(future, sem_door(pool), note_thread, &w[1], &after[1]), 0);
    for (int i = 0; i < 2; i++) {
        cr_assert_geq(get(after[i]), 0);
        cr_assert_not(pthread_equal(w[i].thread, pthread_self()));
    }
    weft_future_release(future);
    sem_end(pool);
}

/* No lock is held while it runs: it may use whatever it follows. */
struct user {
    weft_completions *set;
    weft_promise *other;
    weft_future *inner;
    atomic_int ran;
};

static int count(weft_future *before, void *arg)
{
    (void)before;
    return atomic_fetch_add((atomic_int *)arg, 1) + 1;
}

static int use_everything(weft_future *before, void *arg)
{
    struct user *u = arg;
    weft_future *out;
    int err = weft_future_then(before, WEFT_INLINE, count, &u->ran, &u->inner);
    if (!err)
        err = weft_completions_add(u->set, before, u);
    if (!err)
        err = weft_completions_next(u->set, WEFT_FOREVER, &out, NULL);
    if (!err)
        weft_future_release(out);
    if (!err)
        err = weft_future_cancel(before) == -EALREADY ? 0 : -1;
    return err ? err : weft_promise_fulfil(u->other, 5);
}

PROMISE(a_callback_may_use_what_it_follows)
{
    struct user u = {.ran = 0};
    weft_promise *promise;
    weft_future *future, *other, *after;
    cr_assert_eq(weft_completions_create(&u.set), 0);
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    cr_assert_eq(weft_promise_create(&u.other, NULL, &other), 0);
    cr_assert_eq(weft_completions_add(u.set, other, NULL), 0);
    cr_assert_eq(weft_future_then(future, WEFT_INLINE, use_everything, &u, &after), 0);
    cr_assert_eq(weft_promise_fulfil(promise, 0), 0);
    cr_assert_eq(get(after), 0);
    cr_assert_eq(get(u.inner), 1);
    cr_assert_eq(get(other), 5);
    weft_completions_destroy(u.set);
    weft_future_release(future);
}

/* ---- a full queue ---------------------------------------------------------------------------------- */

struct crowd {
    weft_executor *executor;
    int at_once;
};

static int count_up(void *arg)
{
    ++*(int *)arg;
    return 0;
}

/* limit 1: nobody else runs them meanwhile. The first lies in the queue, each further one runs before submit returns. */
static int fill_own_queue(void *arg)
{
    struct crowd *c = arg;
    static int runs;
    runs = 0;
    for (int i = 0; i < 10; i++)
        if (weft_submit(c->executor, count_up, &runs, NULL))
            return -1;
    c->at_once = runs;
    return 0;
}

PROMISE(a_worker_runs_what_its_own_full_queue_has_no_room_for)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    for (int when_full = WEFT_BLOCK; when_full <= WEFT_CALLER_RUNS; when_full++) {
        struct crowd c = {.at_once = 0};
        cr_assert_eq(
            weft_executor_create(&c.executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1, .queue_limit = 1,
                                                                   .when_full = when_full)),
            0);
        cr_assert_eq(weft_submit(c.executor, fill_own_queue, &c, NULL), 0);
        cr_assert_eq(weft_executor_destroy(c.executor), 0);
        cr_assert_eq(c.at_once, 9, "%d", c.at_once);
    }
    sem_end(pool);
}
