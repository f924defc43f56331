/* SPDX-License-Identifier: MIT */
/* sem.h - what all semantics tests share: a pool of the size under test, and the tasks that everybody needs.
 *
 * - WEFT_TEST_WORKERS says how many workers the pools have (0: none at all); meson runs every program
 *   for 0, 1, 2, 3 and 8 of them, and with 8 on one PU.
 * - A test that needs two threads says NEEDS_WORKERS(2) first: it is skipped, not passed, where there are fewer.
 * - Tasks only record what they saw; asserting is the business of the test's own thread.
 * - A hang is ended by the time limit of each test, never by a sleep.
 */
#ifndef WEFT_TESTS_SEM_H
#define WEFT_TESTS_SEM_H

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <weft/weft.h>

#ifndef SEM_SECONDS /* emulated machines are slow; so is one whose CPUs others have for a minute */
#define SEM_SECONDS 180
#endif
#define PROMISE(name) Test(semantics, name, .timeout = SEM_SECONDS)
#define UNUSED __attribute__((unused))
#define NEEDS_WORKERS(n)                                   \
    do {                                                   \
        if (sem_threads() < (n))                           \
            cr_skip_test("needs %d workers or more", (n)); \
    } while (0)

/* The number of threads that the pools under test have. */
static inline int sem_threads(void)
{
    const char *text = getenv("WEFT_TEST_WORKERS");
    return text ? atoi(text) : 2;
}

/* The same as a config says it. */
static inline int sem_workers(void)
{
    return sem_threads() ? sem_threads() : WEFT_NONE;
}

static inline weft_pool *sem_pool_with(const weft_pool_config *config)
{
    weft_pool *pool = NULL;
    int err = weft_pool_create(&pool, config);
    cr_assert_eq(err, 0, "create: %s", weft_strerror(err));
    cr_assert_not_null(pool);
    return pool;
}

static inline weft_pool *sem_pool(void)
{
    return sem_pool_with(WEFT_POOL_CONFIG(.workers = sem_workers()));
}

/* At most so many spares; WEFT_NONE: nobody takes the place of a worker that is held at a gate. */
static UNUSED weft_pool *sem_pool_with_spares(int most)
{
    return sem_pool_with(WEFT_POOL_CONFIG(.workers = sem_workers(), .spare_max = most));
}

static UNUSED weft_pool *sem_pool_without_spares(void)
{
    return sem_pool_with_spares(WEFT_NONE);
}

static inline void sem_end(weft_pool *pool)
{
    int err = weft_pool_destroy(pool);
    cr_assert_eq(err, 0, "destroy: %s", weft_strerror(err));
}

static UNUSED weft_executor *sem_door(weft_pool *pool)
{
    weft_executor *executor;
    cr_assert_eq(weft_pool_executor(pool, &executor), 0);
    return executor;
}

static UNUSED int64_t sem_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static UNUSED int64_t sem_in_ms(int64_t ms)
{
    return sem_now_ns() + ms * 1000000;
}

/* Runs fn as a part of a pool of the size under test that lives for this call only. */
static UNUSED void sem_in_pool(void (*fn)(void *), void *arg)
{
    weft_pool *pool = sem_pool();
    int err = weft_run(pool, fn, arg);
    cr_assert_eq(err, 0, "run: %s", weft_strerror(err));
    sem_end(pool);
}

/* What fn(arg) answers where the process may have no more descriptors. */
static UNUSED int sem_without_descriptors(int (*fn)(void *arg), void *arg)
{
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_max = limit.rlim_max}), 0);
    int answer = fn(arg);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return answer;
}

/* A door that opens once; waiting has no time limit but the test's own. */
struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    int count;
};
#define GATE_INIT                                              \
    {                                                          \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 \
    }

static UNUSED void gate_add(struct gate *g)
{
    pthread_mutex_lock(&g->mutex);
    g->count++;
    pthread_cond_broadcast(&g->moved);
    pthread_mutex_unlock(&g->mutex);
}

static UNUSED void gate_wait(struct gate *g, int count)
{
    pthread_mutex_lock(&g->mutex);
    while (g->count < count)
        pthread_cond_wait(&g->moved, &g->mutex);
    pthread_mutex_unlock(&g->mutex);
}

/* Looks at a flag until it is set, letting others run where PUs are few. */
static UNUSED void flag_wait(atomic_int *flag)
{
    while (!atomic_load(flag))
        sched_yield();
}

/* About n short steps of work that no compiler removes. */
static UNUSED void busy(unsigned n)
{
    for (volatile unsigned i = 0; i < n; i++)
        continue;
}

static UNUSED pthread_t thread_start(void *(*fn)(void *), void *arg, size_t stack_bytes)
{
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    if (stack_bytes)
        pthread_attr_setstacksize(&attr, stack_bytes);
    int err = pthread_create(&thread, &attr, fn, arg);
    cr_assert_eq(err, 0, "host thread: %s", strerror(err));
    pthread_attr_destroy(&attr);
    return thread;
}

#endif
