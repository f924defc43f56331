/* SPDX-License-Identifier: MIT */
/* test_combine.c - several as one: who waits for it runs what it is made of. */
#include "combined.h"

#define MANY 2000

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

static int once(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

/* They can be read, and waited for; there is no room to make something of them. */
static int never(weft_future *before, void *arg)
{
    (void)before;
    (void)arg;
    cr_assert_fail("it ran");
    return 1;
}

PROMISE(futures_of_a_pool_that_is_gone_can_be_read_but_not_combined)
{
    weft_pool *pool = sem_pool();
    weft_executor *own;
    weft_future *future, *combined = (weft_future *)1;
    weft_completions *set;
    atomic_int ran = 0;
    size_t index;
    weft_pool_executor(pool, &own);
    cr_assert_eq(weft_submit(own, once, &ran, &future), 0);
    cr_assert_eq(weft_completions_create(&set), 0);
    sem_end(pool);
    cr_assert_eq(weft_when_all(&future, 1, &combined), -ESHUTDOWN);
    cr_assert_null(combined);
    cr_assert_eq(weft_when_any(&future, 1, &combined), -ESHUTDOWN);
    cr_assert_null(combined);
    cr_assert_eq(weft_completions_add(set, future, NULL), -ESHUTDOWN);
    cr_assert_eq(weft_completions_left(set), 0);
    cr_assert_eq(weft_future_then(future, NULL, never, NULL, &combined), -ESHUTDOWN);
    cr_assert_null(combined);
    cr_assert_eq(weft_future_then(future, WEFT_INLINE, never, NULL, NULL), -ESHUTDOWN);
    cr_assert_eq(weft_wait(&future, 1, WEFT_ALL, WEFT_FOREVER, NULL), 0);
    cr_assert_eq(weft_wait(&future, 1, WEFT_FIRST, WEFT_FOREVER, &index), 0);
    cr_assert_eq(index, 0);
    cr_assert_eq(weft_wait(&future, 1, WEFT_FIRST_ERROR, 0, &index), 0);
    cr_assert_eq(index, 1, "none of them failed");
    cr_assert_eq(get(future), 0);
    cr_assert_eq(ran, 1);
    weft_completions_destroy(set);
}

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
