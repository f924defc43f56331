/* SPDX-License-Identifier: MIT */
/* test_combine.c - what follows a future runs once, after it, where it should; composed waits run what they wait for. */
#include "sem.h"

#include <time.h>

#define MANY 2000

static weft_future *submit(weft_pool *pool, weft_task_fn *fn, void *arg)
{
    weft_executor *executor;
    weft_future *future = NULL;
    cr_assert_eq(weft_pool_executor(pool, &executor), 0);
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
    return *(int *)arg;
}

static int add_before(weft_future *before, void *arg)
{
    return weft_future_status(before) + *(int *)arg;
}

static int count(weft_future *before, void *arg)
{
    (void)before;
    return atomic_fetch_add((atomic_int *)arg, 1) + 1;
}

static weft_future *then(weft_future *before, weft_executor *executor, weft_then_fn *fn, void *arg)
{
    weft_future *after = NULL;
    int err = weft_future_then(before, executor, fn, arg, &after);
    cr_assert_eq(err, 0, "then: %s", weft_strerror(err));
    weft_future_release(before);
    return after;
}

PROMISE(what_follows_sees_the_status_before)
{
    weft_pool *pool = sem_pool();
    int forty = 40, one = 1;
    weft_future *first = submit(pool, answer, &forty);
    cr_assert_eq(get(then(then(first, NULL, add_before, &one), WEFT_INLINE, add_before, &one)), 42);
    sem_end(pool);
}

PROMISE(what_follows_an_ended_future_runs_too)
{
    weft_pool *pool = sem_pool();
    int forty = 40, two = 2;
    weft_future *first = submit(pool, answer, &forty);
    cr_assert_eq(weft_future_wait(first, WEFT_FOREVER), 0);
    weft_future *after = then(first, WEFT_INLINE, add_before, &two);
    cr_assert_eq(weft_future_state(after), WEFT_DONE, "inline after an ended one: in the caller");
    cr_assert_eq(get(after), 42);
    sem_end(pool);
}

static void long_chain(weft_executor *executor)
{
    weft_pool *pool = sem_pool();
    atomic_int runs = 0;
    weft_promise *promise;
    weft_future *last;
    cr_assert_eq(weft_promise_create(&promise, NULL, &last), 0);
    for (int i = 0; i < 100000; i++)
        last = then(last, executor, count, &runs);
    cr_assert_eq(atomic_load(&runs), 0);
    cr_assert_eq(weft_promise_fulfil(promise, 0), 0);
    cr_assert_eq(get(last), 100000);
    sem_end(pool);
}

PROMISE(a_chain_of_100000_inline_needs_no_stack)
{
    long_chain(WEFT_INLINE);
}

PROMISE(a_chain_of_100000_through_queues)
{
    long_chain(NULL);
}

static int record(weft_future *before, void *arg)
{
    atomic_int *at = arg;
    (void)before;
    return atomic_fetch_add(at, 1);
}

PROMISE(followers_are_told_in_the_order_in_which_they_came)
{
    atomic_int at = 0;
    weft_promise *promise;
    weft_future *future, *after[64];
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    for (int i = 0; i < 64; i++)
        cr_assert_eq(weft_future_then(future, WEFT_INLINE, record, &at, &after[i]), 0);
    cr_assert_eq(weft_promise_fulfil(promise, 7), 0);
    for (int i = 0; i < 64; i++)
        cr_assert_eq(get(after[i]), i);
    weft_future_release(future);
}

PROMISE(a_cancelled_future_is_followed)
{
    weft_promise *promise;
    weft_future *future;
    int zero = 0;
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    weft_future *after;
    cr_assert_eq(weft_future_then(future, WEFT_INLINE, add_before, &zero, &after), 0);
    cr_assert_eq(weft_future_cancel(future), 0);
    cr_assert_eq(weft_promise_cancelled(promise), 1);
    cr_assert_eq(weft_promise_fulfil(promise, 1), -ECANCELED);
    cr_assert_eq(weft_future_status(future), -ECANCELED);
    weft_future_release(future);
    cr_assert_eq(get(after), -ECANCELED);
}

PROMISE(what_was_cancelled_before_its_turn_does_not_run)
{
    weft_promise *promise;
    weft_future *future, *after;
    atomic_int runs = 0;
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    cr_assert_eq(weft_future_then(future, NULL, count, &runs, &after), 0);
    cr_assert_eq(weft_future_cancel(after), 0);
    cr_assert_eq(weft_promise_fulfil(promise, 0), 0);
    cr_assert_eq(get(after), -ECANCELED);
    cr_assert_eq(get(future), 0);
    cr_assert_eq(atomic_load(&runs), 0);
}

PROMISE(a_promise_that_is_dropped_is_an_error_and_no_hang)
{
    weft_promise *promise;
    weft_future *future;
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    cr_assert_eq(weft_future_wait(future, 0), -ETIMEDOUT);
    weft_promise_destroy(promise);
    weft_promise_destroy(NULL);
    cr_assert_eq(weft_future_state(future), WEFT_DONE);
    cr_assert_eq(get(future), -ECANCELED);
}

static void *fulfil(void *arg)
{
    cr_assert_eq(weft_promise_fulfil(arg, 5), 0);
    return NULL;
}

PROMISE(an_outside_thread_fulfils_what_others_wait_for)
{
    for (int i = 0; i < 200; i++) {
        weft_promise *promise;
        weft_future *future;
        pthread_t thread;
        cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
        cr_assert_eq(pthread_create(&thread, NULL, fulfil, promise), 0);
        cr_assert_eq(get(future), 5);
        pthread_join(thread, NULL);
    }
}

PROMISE(a_promise_outlives_the_pool_that_its_record_is_from)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor;
    weft_promise *promise;
    weft_future *future;
    cr_assert_eq(weft_pool_executor(pool, &executor), 0);
    cr_assert_eq(weft_promise_create(&promise, executor, &future), 0);
    sem_end(pool);
    cr_assert_eq(weft_promise_fulfil(promise, 3), 0);
    cr_assert_eq(get(future), 3);
}

/* ---- several ------------------------------------------------------------------------------------ */

static weft_future *futures[MANY];
static int statuses[MANY];

static void submit_all(weft_pool *pool, int n)
{
    for (int i = 0; i < n; i++)
        futures[i] = submit(pool, answer, &statuses[i]);
}

static void release_all(int n)
{
    for (int i = 0; i < n; i++)
        weft_future_release(futures[i]);
}

PROMISE(all_is_done_when_all_have_ended)
{
    weft_pool *pool = sem_pool();
    weft_future *all;
    submit_all(pool, MANY);
    cr_assert_eq(weft_when_all(futures, MANY, &all), 0);
    cr_assert_eq(get(all), 0);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(weft_future_state(futures[i]), WEFT_DONE);
    release_all(MANY);
    sem_end(pool);
}

PROMISE(all_tells_the_first_error_of_the_array)
{
    weft_pool *pool = sem_pool();
    weft_future *all;
    statuses[70] = -EIO;
    statuses[30] = 17;
    submit_all(pool, 100);
    cr_assert_eq(weft_when_all(futures, 100, &all), 0);
    cr_assert_eq(get(all), 17);
    release_all(100);
    sem_end(pool);
}

PROMISE(all_of_none_is_done)
{
    weft_future *all;
    cr_assert_eq(weft_when_all(NULL, 0, &all), 0);
    cr_assert_eq(weft_future_state(all), WEFT_DONE);
    cr_assert_eq(get(all), 0);
}

PROMISE(any_is_the_first_that_ends)
{
    weft_promise *promise[3];
    weft_future *future[3], *any;
    for (int i = 0; i < 3; i++)
        cr_assert_eq(weft_promise_create(&promise[i], NULL, &future[i]), 0);
    cr_assert_eq(weft_when_any(future, 3, &any), 0);
    cr_assert_eq(weft_when_any_index(any), -1);
    cr_assert_eq(weft_promise_fulfil(promise[1], 11), 0);
    cr_assert_eq(weft_when_any_index(any), 1);
    cr_assert_eq(get(any), 11);
    cr_assert_eq(weft_promise_fulfil(promise[0], 10), 0);
    weft_promise_destroy(promise[2]);
    for (int i = 0; i < 3; i++)
        weft_future_release(future[i]);
}

PROMISE(a_cancelled_any_has_no_index)
{
    weft_promise *promise;
    weft_future *future, *any;
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    cr_assert_eq(weft_when_any(&future, 1, &any), 0);
    cr_assert_eq(weft_future_cancel(any), 0);
    cr_assert_eq(weft_promise_fulfil(promise, 1), 0);
    cr_assert_eq(weft_when_any_index(any), -1);
    cr_assert_eq(get(any), -ECANCELED);
    weft_future_release(future);
}

PROMISE(wait_for_the_first_and_for_the_first_error)
{
    weft_promise *promise[4];
    weft_future *future[4];
    size_t index;
    for (int i = 0; i < 4; i++)
        cr_assert_eq(weft_promise_create(&promise[i], NULL, &future[i]), 0);
    cr_assert_eq(weft_wait(future, 4, WEFT_FIRST, 0, &index), -ETIMEDOUT);
    cr_assert_eq(weft_wait(future, 4, WEFT_ALL, 0, &index), -ETIMEDOUT);
    cr_assert_eq(weft_promise_fulfil(promise[2], 0), 0);
    cr_assert_eq(weft_wait(future, 4, WEFT_FIRST, WEFT_FOREVER, &index), 0);
    cr_assert_eq(index, 2);
    cr_assert_eq(weft_wait(future, 4, WEFT_FIRST_ERROR, 0, &index), -ETIMEDOUT);
    cr_assert_eq(weft_promise_fulfil(promise[3], -EIO), 0);
    cr_assert_eq(weft_wait(future, 4, WEFT_FIRST_ERROR, WEFT_FOREVER, &index), 0);
    cr_assert_eq(index, 3);
    cr_assert_eq(weft_promise_fulfil(promise[0], 0), 0);
    cr_assert_eq(weft_promise_fulfil(promise[1], 0), 0);
    cr_assert_eq(weft_wait(future, 4, WEFT_ALL, WEFT_FOREVER, &index), 0);
    cr_assert_eq(index, 4);
    for (int i = 0; i < 4; i++)
        weft_future_release(future[i]);
}

PROMISE(first_error_of_none_wrong_waits_for_all)
{
    weft_pool *pool = sem_pool();
    size_t index = 0;
    submit_all(pool, 100);
    cr_assert_eq(weft_wait(futures, 100, WEFT_FIRST_ERROR, WEFT_FOREVER, &index), 0);
    cr_assert_eq(index, 100);
    release_all(100);
    sem_end(pool);
}

struct family {
    weft_executor *executor;
    int ended;
};

static int small(void *arg)
{
    (void)arg;
    return 1;
}

/* On a pool of one worker nobody else is there to run what is waited for. */
static int parent(void *arg)
{
    struct family *f = arg;
    weft_future *child[8], *all, *after, *any;
    for (int i = 0; i < 8; i++)
        if (weft_submit(f->executor, small, NULL, &child[i]))
            return -1;
    if (weft_when_all(child, 8, &all) || weft_future_then(all, f->executor, count, &f->ended, &after) ||
        weft_when_any(child, 8, &any))
        return -2;
    int status = -3, err = weft_future_get(any, &status);
    if (!err && status == 1)
        err = weft_future_get(after, &status);
    for (int i = 0; i < 8; i++)
        weft_future_release(child[i]);
    weft_future_release(all);
    weft_future_release(after);
    weft_future_release(any);
    return err ? err : status;
}

PROMISE(a_task_waits_for_what_its_tasks_make_together)
{
    weft_pool *pool = sem_pool();
    struct family f = {.ended = 0};
    cr_assert_eq(weft_pool_executor(pool, &f.executor), 0);
    cr_assert_eq(get(submit(pool, parent, &f)), 1);
    sem_end(pool);
}

/* A task that nobody has begun is run by who waits for it together with a promise, wherever it stands among them. */
static int task_or_promise(void *arg)
{
    struct family *f = arg;
    weft_promise *promise;
    weft_future *one[2], *all, *after, *three[3], *any;
    size_t index = 9;
    int status = -1;
    if (weft_promise_create(&promise, f->executor, &one[0]) ||
        weft_submit(f->executor, small, NULL, &one[1]) ||
        weft_wait(one, 2, WEFT_FIRST, WEFT_FOREVER, &index) || index != 1)
        return -1;
    weft_future_release(one[1]);
    if (weft_submit(f->executor, small, NULL, &one[1]) || weft_when_all(one, 2, &all) ||
        weft_future_then(one[1], f->executor, count, &f->ended, &after))
        return -2;
    three[0] = all;
    three[1] = one[0];
    three[2] = after;
    if (weft_when_any(three, 3, &any) || weft_future_get(any, &status))
        return -3;
    weft_promise_destroy(promise);
    for (int i = 0; i < 3; i++)
        weft_future_release(three[i]);
    weft_future_release(one[1]);
    weft_future_release(any);
    return status;
}

PROMISE(a_task_is_run_by_who_waits_for_it_or_a_promise)
{
    weft_pool *pool = sem_pool();
    weft_executor *serial;
    struct family f = {.ended = 0};
    cr_assert_eq(weft_pool_executor(pool, &f.executor), 0);
    cr_assert_eq(get(submit(pool, task_or_promise, &f)), 1);
    cr_assert_eq(
        weft_executor_create(&serial, WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL)), 0);
    f = (struct family){.executor = serial};
    cr_assert_eq(task_or_promise(&f), 1);
    cr_assert_eq(weft_executor_destroy(serial), 0);
    sem_end(pool);
}

static int wait_for_itself(void *arg)
{
    weft_future **own = arg, *all;
    while (!__atomic_load_n(own, __ATOMIC_ACQUIRE))
        sched_yield();
    if (weft_when_all(own, 1, &all))
        return -1;
    int err = weft_future_get(all, NULL);
    weft_future_release(all);
    return err;
}

PROMISE(a_composed_wait_for_oneself_says_so)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    weft_future *own = NULL;
    weft_future *future = submit(pool, wait_for_itself, &own);
    __atomic_store_n(&own, future, __ATOMIC_RELEASE);
    cr_assert_eq(get(future), -EDEADLK);
    sem_end(pool);
}

PROMISE(bad_input_is_refused_and_changes_nothing)
{
    weft_future *future, *out = (weft_future *)1, *two[2];
    weft_promise *promise;
    atomic_int runs = 0;
    size_t index;
    cr_assert_eq(weft_promise_create(NULL, NULL, &future), -EINVAL);
    cr_assert_eq(weft_promise_create(&promise, NULL, NULL), -EINVAL);
    cr_assert_null(promise);
    cr_assert_eq(weft_promise_fulfil(NULL, 0), -EINVAL);
    cr_assert_eq(weft_promise_cancelled(NULL), -EINVAL);
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    cr_assert_eq(weft_promise_cancelled(promise), 0);
    cr_assert_eq(weft_future_then(NULL, NULL, count, &runs, &out), -EINVAL);
    cr_assert_null(out);
    cr_assert_eq(weft_future_then(future, NULL, NULL, &runs, &out), -EINVAL);
    two[0] = future;
    two[1] = NULL;
    cr_assert_eq(weft_when_all(two, 2, &out), -EINVAL);
    cr_assert_eq(weft_when_all(two, 1, NULL), -EINVAL);
    cr_assert_eq(weft_when_all(NULL, 1, &out), -EINVAL);
    cr_assert_eq(weft_when_any(two, 0, &out), -EINVAL);
    cr_assert_eq(weft_when_any_index(future), -1);
    cr_assert_eq(weft_wait(two, 2, WEFT_ALL, 0, NULL), -EINVAL);
    cr_assert_eq(weft_wait(two, 0, WEFT_FIRST, 0, &index), -EINVAL);
    cr_assert_eq(weft_wait(two, 1, 3, 0, &index), -EINVAL);
    weft_promise_destroy(promise);
    cr_assert_eq(get(future), -ECANCELED);
    cr_assert_eq(atomic_load(&runs), 0);
}

/* ---- where it was to go is gone ------------------------------------------------------------------- */

static int never(weft_future *before, void *arg)
{
    (void)before;
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

PROMISE(what_follows_into_an_executor_that_is_gone_is_cancelled)
{
    weft_pool *pool = sem_pool();
    weft_executor *first, *second;
    weft_promise *promise;
    weft_future *before, *after;
    atomic_int ran = 0;
    cr_assert_eq(weft_executor_create(&first, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)), 0);
    cr_assert_eq(weft_promise_create(&promise, first, &before), 0);
    cr_assert_eq(weft_future_then(before, first, never, &ran, &after), 0);
    cr_assert_eq(weft_executor_destroy(first), 0);
    cr_assert_eq(weft_executor_create(&second, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)), 0);
    cr_assert_eq(weft_promise_fulfil(promise, 0), 0);
    cr_assert_eq(weft_future_get(after, NULL), 0);
    cr_assert_eq(weft_future_state(after), WEFT_CANCELLED, "the second one is another");
    cr_assert_eq(weft_executor_destroy(second), 0);
    cr_assert_eq(ran, 0);
    weft_future_release(before);
    weft_future_release(after);
    sem_end(pool);
}

PROMISE(what_follows_into_a_pool_that_is_gone_is_cancelled)
{
    weft_pool *pool = sem_pool();
    weft_executor *own;
    weft_promise *promise;
    weft_future *before, *after;
    atomic_int ran = 0;
    weft_pool_executor(pool, &own);
    cr_assert_eq(weft_promise_create(&promise, own, &before), 0);
    cr_assert_eq(weft_future_then(before, own, never, &ran, &after), 0);
    sem_end(pool);
    cr_assert_eq(weft_promise_fulfil(promise, 0), 0);
    cr_assert_eq(weft_future_state(after), WEFT_CANCELLED);
    cr_assert_eq(ran, 0);
    weft_future_release(before);
    weft_future_release(after);
}

PROMISE(what_follows_was_accepted_when_it_was_attached_and_no_full_queue_refuses_it)
{
    weft_pool *pool = sem_pool();
    weft_executor *full;
    weft_promise *promise;
    weft_future *before, *after;
    atomic_int ran = 0;
    cr_assert_eq(
        weft_executor_create(&full, WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL,
                                                         .queue_limit = 1, .when_full = WEFT_REJECT)),
        0);
    cr_assert_eq(weft_promise_create(&promise, full, &before), 0);
    cr_assert_eq(weft_future_then(before, full, never, &ran, &after), 0);
    cr_assert_eq(weft_future_then(before, full, never, &ran, NULL), 0);
    cr_assert_eq(weft_promise_fulfil(promise, 0), 0);
    cr_assert_eq(weft_future_get(after, NULL), 0);
    cr_assert_eq(weft_executor_destroy(full), 0);
    cr_assert_eq(ran, 2);
    weft_future_release(before);
    weft_future_release(after);
    sem_end(pool);
}

/* ---- waits that were given up --------------------------------------------------------------------- */

struct unheard {
    atomic_int told;
    weft_promise *gate;
    weft_future *open;
};

static void hear_error(const char *label, int status, void *ctx)
{
    struct unheard *u = ctx;
    (void)label;
    atomic_fetch_add(&u->told, status == -EIO);
}

static int fail_later(weft_future *before, void *arg)
{
    (void)before;
    (void)arg;
    return -EIO;
}

PROMISE(a_wait_that_timed_out_holds_nothing)
{
    weft_pool *pool = sem_pool();
    struct unheard u = {0};
    weft_executor *executor;
    weft_future *two[2];
    size_t index;
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1,
                                                                      .on_error = hear_error, .ctx = &u)),
                 0);
    cr_assert_eq(weft_promise_create(&u.gate, executor, &u.open), 0);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(weft_future_then(u.open, executor, fail_later, NULL, &two[i]), 0);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(weft_wait(two, 2, i % 2 ? WEFT_FIRST : WEFT_FIRST_ERROR, 1, &index), -ETIMEDOUT);
    for (int i = 0; i < 2; i++)
        weft_future_release(two[i]);
    cr_assert_eq(weft_promise_fulfil(u.gate, 0), 0);
    cr_assert_eq(weft_executor_destroy(executor), 0);
    cr_assert_eq(u.told, 2, "nobody holds their futures");
    weft_future_release(u.open);
    sem_end(pool);
}

/* ---- serial executors ---------------------------------------------------------------------------- */

static atomic_bool may_end;

static int wait_for_leave(void *arg)
{
    (void)arg;
    while (!atomic_load(&may_end))
        sched_yield();
    return 0;
}

static void *give_leave(void *arg)
{
    (void)arg;
    struct timespec while_asleep = {.tv_nsec = 3000000};
    nanosleep(&while_asleep, NULL); /* whether it sleeps by then or not, it has to go on */
    atomic_store(&may_end, true);
    return NULL;
}

PROMISE(one_of_several_that_comes_to_a_serial_executor_while_its_waiter_sleeps_is_run)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    weft_executor *serial;
    weft_future *two[2];
    weft_promise *never_kept;
    atomic_int ran = 0;
    size_t index = 9;
    pthread_t other;
    atomic_store(&may_end, false);
    cr_assert_eq(
        weft_executor_create(&serial, WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL)), 0);
    cr_assert_eq(weft_promise_create(&never_kept, serial, &two[0]), 0);
    weft_future *before = submit(pool, wait_for_leave, NULL);
    while (weft_future_state(before) == WEFT_PENDING)
        sched_yield();
    cr_assert_eq(weft_future_then(before, serial, count, &ran, &two[1]), 0);
    pthread_create(&other, NULL, give_leave, NULL);
    cr_assert_eq(weft_wait(two, 2, WEFT_FIRST, WEFT_FOREVER, &index), 0);
    cr_assert(index == 1 && ran == 1);
    pthread_join(other, NULL);
    weft_promise_destroy(never_kept);
    for (int i = 0; i < 2; i++)
        weft_future_release(two[i]);
    weft_future_release(before);
    weft_executor_destroy(serial);
    sem_end(pool);
}
