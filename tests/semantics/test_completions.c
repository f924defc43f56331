/* SPDX-License-Identifier: MIT */
/* test_completions.c - each future comes out once, ended, with its tag; a waiter runs what nobody has begun. */
#include "sem.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define MANY 3000

static weft_completions *make(void)
{
    weft_completions *set = NULL;
    cr_assert_eq(weft_completions_create(&set), 0);
    return set;
}

static int answer(void *arg)
{
    return (int)(intptr_t)arg;
}

static weft_future *submit(weft_pool *pool, intptr_t number)
{
    weft_executor *executor;
    weft_future *future = NULL;
    cr_assert_eq(weft_pool_executor(pool, &executor), 0);
    cr_assert_eq(weft_submit(executor, answer, (void *)number, &future), 0);
    return future;
}

static void take_all(weft_completions *set, int n)
{
    static char seen[MANY];
    weft_future *future;
    void *tag;
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < n; i++) {
        cr_assert_eq(weft_completions_next(set, WEFT_FOREVER, &future, &tag), 0);
        cr_assert_eq(weft_future_state(future), WEFT_DONE);
        cr_assert_eq(weft_future_status(future), (int)(intptr_t)tag);
        cr_assert_eq(seen[(intptr_t)tag]++, 0);
        weft_future_release(future);
    }
    cr_assert_eq(weft_completions_left(set), 0);
    cr_assert_eq(weft_completions_next(set, WEFT_FOREVER, &future, &tag), WEFT_EEND);
    cr_assert_null(future);
}

PROMISE(all_come_out_once_with_their_tags)
{
    weft_pool *pool = sem_pool();
    weft_completions *set = make();
    for (intptr_t i = 0; i < MANY; i++) {
        weft_future *future = submit(pool, i);
        cr_assert_eq(weft_completions_add(set, future, (void *)i), 0);
        weft_future_release(future);
    }
    take_all(set, MANY);
    weft_completions_destroy(set);
    sem_end(pool);
}

PROMISE(they_come_out_in_the_order_in_which_they_end)
{
    weft_completions *set = make();
    weft_promise *promise[8];
    weft_future *future;
    void *tag;
    for (intptr_t i = 0; i < 8; i++) {
        cr_assert_eq(weft_promise_create(&promise[i], NULL, &future), 0);
        cr_assert_eq(weft_completions_add(set, future, (void *)i), 0);
        weft_future_release(future);
    }
    cr_assert_eq(weft_completions_next(set, 0, NULL, NULL), -ETIMEDOUT);
    cr_assert_eq(weft_completions_left(set), 8);
    for (int i = 7; i >= 0; i--)
        cr_assert_eq(weft_promise_fulfil(promise[i], 0), 0);
    for (intptr_t i = 7; i >= 0; i--) {
        cr_assert_eq(weft_completions_next(set, 0, NULL, &tag), 0);
        cr_assert_eq((intptr_t)tag, i);
    }
    weft_completions_destroy(set);
}

PROMISE(the_set_grows_while_others_come_out)
{
    weft_pool *pool = sem_pool();
    weft_completions *set = make();
    weft_future *future = submit(pool, 500);
    void *tag;
    int out = 0;
    cr_assert_eq(weft_completions_add(set, future, (void *)500), 0);
    weft_future_release(future);
    while (!weft_completions_next(set, WEFT_FOREVER, &future, &tag)) {
        intptr_t next = (intptr_t)tag - 1;
        weft_future_release(future);
        out++;
        if (next == 0)
            continue;
        future = submit(pool, next);
        cr_assert_eq(weft_completions_add(set, future, (void *)next), 0);
        weft_future_release(future);
    }
    cr_assert_eq(out, 500);
    weft_completions_destroy(set);
    sem_end(pool);
}

static int collect_inside(void *arg)
{
    weft_pool *pool = arg;
    weft_executor *executor;
    weft_completions *set;
    int sum = 0;
    if (weft_completions_create(&set) || weft_pool_executor(pool, &executor))
        return -1;
    for (intptr_t i = 1; i <= 20; i++) {
        weft_future *future;
        if (weft_submit(executor, answer, (void *)i, &future) || weft_completions_add(set, future, NULL))
            return -1;
        weft_future_release(future);
    }
    weft_future *future;
    while (!weft_completions_next(set, WEFT_FOREVER, &future, NULL)) {
        sum += weft_future_status(future);
        weft_future_release(future);
    }
    weft_completions_destroy(set);
    return sum;
}

/* On one worker nobody else could run them. */
PROMISE(a_task_collects_its_own)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor;
    weft_future *future;
    int status;
    cr_assert_eq(weft_pool_executor(pool, &executor), 0);
    cr_assert_eq(weft_submit(executor, collect_inside, pool, &future), 0);
    cr_assert_eq(weft_future_get(future, &status), 0);
    cr_assert_eq(status, 210);
    weft_future_release(future);
    sem_end(pool);
}

static int collect_composed(void *arg)
{
    weft_executor *executor = arg;
    weft_completions *set;
    weft_promise *promise;
    weft_future *part[3], *all, *out;
    void *tag = NULL;
    if (weft_completions_create(&set) || weft_promise_create(&promise, executor, &part[0]) ||
        weft_submit(executor, answer, (void *)0, &part[1]) ||
        weft_submit(executor, answer, (void *)4, &part[2]) || weft_when_all(&part[1], 2, &all) ||
        weft_completions_add(set, part[0], NULL) || weft_completions_add(set, all, set) ||
        weft_completions_next(set, WEFT_FOREVER, &out, &tag) || tag != set)
        return -1;
    int status = weft_future_status(out);
    weft_promise_destroy(promise);
    weft_completions_destroy(set);
    for (int i = 0; i < 3; i++)
        weft_future_release(part[i]);
    weft_future_release(all);
    weft_future_release(out);
    return status;
}

/* What a composed future needs and nobody has begun is run by who waits for the set. */
PROMISE(a_task_collects_what_its_tasks_make_together)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor, *serial;
    weft_future *future;
    int status;
    cr_assert_eq(weft_pool_executor(pool, &executor), 0);
    cr_assert_eq(weft_submit(executor, collect_composed, executor, &future), 0);
    cr_assert_eq(weft_future_get(future, &status), 0);
    cr_assert_eq(status, 4);
    weft_future_release(future);
    cr_assert_eq(
        weft_executor_create(&serial, WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL)), 0);
    cr_assert_eq(collect_composed(serial), 4);
    cr_assert_eq(weft_executor_destroy(serial), 0);
    sem_end(pool);
}

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

PROMISE(the_descriptor_is_readable_while_something_is_there)
{
    weft_completions *set = make();
    weft_promise *promise[3];
    weft_future *future;
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(weft_promise_create(&promise[i], NULL, &future), 0);
        cr_assert_eq(weft_completions_add(set, future, NULL), 0);
        weft_future_release(future);
    }
    cr_assert_eq(weft_promise_fulfil(promise[0], 0), 0);
    int fd = weft_completions_fd(set);
    cr_assert_geq(fd, 0);
    cr_assert_eq(weft_completions_fd(set), fd);
    cr_assert(readable(fd), "one had ended before");
    cr_assert_eq(weft_completions_next(set, 0, NULL, NULL), 0);
    cr_assert_eq(weft_completions_next(set, 0, NULL, NULL), -ETIMEDOUT);
    cr_assert_not(readable(fd));
    cr_assert_eq(weft_promise_fulfil(promise[1], 0), 0);
    cr_assert_eq(weft_promise_fulfil(promise[2], 0), 0);
    cr_assert(readable(fd));
    cr_assert_eq(weft_completions_next(set, 0, NULL, NULL), 0);
    cr_assert(readable(fd), "another one is there");
    cr_assert_eq(weft_completions_next(set, 0, NULL, NULL), 0);
    cr_assert_eq(weft_completions_next(set, 0, NULL, NULL), WEFT_EEND);
    cr_assert_not(readable(fd));
    weft_completions_destroy(set);
}

static int fd_of(void *set)
{
    return weft_completions_fd(set);
}

PROMISE(without_a_descriptor_the_set_works_on_and_may_ask_again)
{
    weft_completions *set = make();
    weft_promise *promise;
    weft_future *future;
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    cr_assert_eq(weft_completions_add(set, future, NULL), 0);
    cr_assert_eq(sem_without_descriptors(fd_of, set), -EMFILE);
    cr_assert_eq(weft_promise_fulfil(promise, 7), 0);
    int fd = weft_completions_fd(set);
    cr_assert_geq(fd, 0);
    cr_assert(readable(fd));
    cr_assert_eq(weft_completions_next(set, 0, NULL, NULL), 0);
    cr_assert_eq(weft_future_status(future), 7);
    weft_future_release(future);
    weft_completions_destroy(set);
}

PROMISE(a_set_is_destroyed_before_its_futures_end)
{
    weft_completions *set = make();
    weft_promise *promise;
    weft_future *future;
    int status;
    cr_assert_eq(weft_promise_create(&promise, NULL, &future), 0);
    cr_assert_eq(weft_completions_add(set, future, NULL), 0);
    weft_completions_destroy(set);
    weft_completions_destroy(NULL);
    cr_assert_eq(weft_promise_fulfil(promise, 9), 0);
    cr_assert_eq(weft_future_get(future, &status), 0);
    cr_assert_eq(status, 9);
    weft_future_release(future);
}

struct consumer {
    weft_completions *set;
    long sum, got;
};

static void *consume(void *arg)
{
    struct consumer *c = arg;
    weft_future *future;
    while (!weft_completions_next(c->set, WEFT_FOREVER, &future, NULL)) {
        c->sum += weft_future_status(future);
        c->got++;
        weft_future_release(future);
    }
    return NULL;
}

static long resident_bytes(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "%ld %ld", &pages, &resident), 2);
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

/* One is always there already, so that nobody ever looks for something to run. */
PROMISE(a_set_does_not_grow_with_what_has_come_out)
{
    weft_pool *pool = sem_pool();
    weft_completions *set = make();
    weft_executor *own;
    long before = 0;
    cr_assert_eq(weft_pool_executor(pool, &own), 0);
    for (int i = 0; i < 210000; i++) {
        weft_promise *promise;
        weft_future *future;
        cr_assert_eq(weft_promise_create(&promise, own, &future), 0);
        cr_assert_eq(weft_completions_add(set, future, NULL), 0);
        weft_future_release(future);
        cr_assert_eq(weft_promise_fulfil(promise, 0), 0);
        cr_assert_eq(weft_completions_next(set, WEFT_FOREVER, NULL, NULL), 0);
        if (i == 10000)
            before = resident_bytes();
    }
    cr_assert_lt(resident_bytes() - before, 8 << 20, "%ld bytes more", resident_bytes() - before);
    weft_completions_destroy(set);
    sem_end(pool);
}

PROMISE(several_consumers_get_different_ones)
{
    weft_pool *pool = sem_pool();
    struct consumer c[3];
    pthread_t thread[3];
    weft_completions *set = make();
    long sum = 0, got = 0;
    for (intptr_t i = 0; i < MANY; i++) {
        weft_future *future = submit(pool, i);
        cr_assert_eq(weft_completions_add(set, future, NULL), 0);
        weft_future_release(future);
    }
    for (int i = 0; i < 3; i++) {
        c[i] = (struct consumer){.set = set};
        pthread_create(&thread[i], NULL, consume, &c[i]);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(thread[i], NULL);
        sum += c[i].sum;
        got += c[i].got;
    }
    cr_assert_eq(got, MANY);
    cr_assert_eq(sum, (long)MANY * (MANY - 1) / 2);
    weft_completions_destroy(set);
    sem_end(pool);
}

PROMISE(bad_input_is_refused)
{
    weft_completions *set = make();
    weft_future *future = (weft_future *)1;
    cr_assert_eq(weft_completions_create(NULL), -EINVAL);
    cr_assert_eq(weft_completions_add(set, NULL, NULL), -EINVAL);
    cr_assert_eq(weft_completions_add(NULL, NULL, NULL), -EINVAL);
    cr_assert_eq(weft_completions_next(NULL, 0, &future, NULL), -EINVAL);
    cr_assert_null(future);
    cr_assert_eq(weft_completions_fd(NULL), -EINVAL);
    cr_assert_eq(weft_completions_left(NULL), 0);
    cr_assert_eq(weft_completions_next(set, WEFT_FOREVER, NULL, NULL), WEFT_EEND);
    weft_completions_destroy(set);
}
