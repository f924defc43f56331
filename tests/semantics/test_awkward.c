/* SPDX-License-Identifier: MIT */
/* test_awkward.c - the cases in which other pools hang, lose results or say nothing: each answers at once.
 *
 * - A row is a name and a function, which answers what was wrong, or NULL.
 * - Who watches breaks off with the row's name when one has not answered after six thousand naps of 10 ms: where the machine
 *   stands still, so does that clock. Less than a minute is no hang: others may have the CPU.
 * - WEFT_TEST_WORKERS says how many workers the pool has (0: none). No Criterion: it runs under ThreadSanitizer, too.
 */
#include "awkward.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

weft_pool *pool;
weft_executor *plain;
int workers;

weft_executor *executor_with(const weft_executor_config *given)
{
    weft_executor_config config = given ? *given : *WEFT_EXECUTOR_CONFIG(.pool = pool);
    weft_executor *executor = NULL;
    config.pool = pool;
    return weft_executor_create(&executor, &config) ? NULL : executor;
}

int get(weft_future *future)
{
    int status = -9999, err = weft_future_get(future, &status);
    weft_future_release(future);
    return err ? err : status;
}

static int answer(void *arg)
{
    return (int)(intptr_t)arg;
}

static int fail(void *arg)
{
    return weft_fail(-EIO, "%s: no such page", (const char *)arg);
}

int count(void *arg)
{
    return atomic_fetch_add((atomic_int *)arg, 1);
}

/* ---- errors --------------------------------------------------------------------------------------- */

static const char *a_task_fails(void)
{
    char name[] = "page";
    weft_future *future;
    int status = 0;
    WANT(weft_submit(plain, fail, name, &future) == 0);
    WANT(weft_future_get(future, &status) == 0 && status == -EIO);
    WANT(!strcmp(weft_future_error(future), "page: no such page"));
    WANT(weft_future_get(future, &status) == 0 && status == -EIO); /* and again */
    weft_future_release(future);
    WANT(weft_submit(plain, answer, (void *)3, &future) == 0 && get(future) == 3);
    return NULL;
}

static const char *a_result_that_fits_nowhere(void)
{
    weft_future *future = (weft_future *)pool;
    weft_task_spec spec = {.size = sizeof spec, .fn = answer, .arg = &future, .arg_bytes = SIZE_MAX / 2};
    WANT(weft_submit_task(plain, &spec, &future) == -EINVAL && !future);
    spec.arg_bytes = SIZE_MAX / 8;
    WANT(weft_submit_task(plain, &spec, &future) == -ENOMEM && !future);
    return NULL;
}

static void ignore(const char *label, int status, void *told)
{
    (void)label;
    *(int *)told += status;
}

static int then_fails(weft_future *before, void *arg)
{
    (void)arg;
    return weft_future_status(before) - 1;
}

static const char *a_callback_fails(void)
{
    int told = 0;
    weft_executor *executor =
        executor_with(WEFT_EXECUTOR_CONFIG(.on_error = ignore, .ctx = &told, .limit = 1));
    weft_future *future, *after;
    WANT(weft_submit(executor, answer, NULL, &future) == 0);
    WANT(weft_future_then(future, WEFT_INLINE, then_fails, NULL, NULL) == 0);
    WANT(weft_future_then(future, executor, then_fails, NULL, NULL) == 0);
    WANT(weft_future_then(future, executor, then_fails, NULL, &after) == 0);
    WANT(get(after) == -1 && get(future) == 0);
    WANT(weft_executor_destroy(executor) == 0 && told == -1);
    return NULL;
}

static int no_start(unsigned lane, void *ctx)
{
    (void)lane;
    (void)ctx;
    return -EACCES;
}

static const char *the_start_hook_fails(void)
{
    int told = 0;
    weft_executor *executor =
        executor_with(WEFT_EXECUTOR_CONFIG(.limit = 1, .start = no_start, .on_error = ignore, .ctx = &told));
    weft_executor_state state = {.size = sizeof state};
    weft_future *future;
    WANT(weft_submit(executor, answer, NULL, &future) == 0 && get(future) == -ECANCELED);
    WANT(weft_submit(executor, answer, NULL, &future) == -ESHUTDOWN);
    WANT(weft_executor_inspect(executor, &state) == 0 && state.broken == -EACCES);
    WANT(weft_executor_destroy(executor) == 0);
    return NULL;
}

static const char *a_promise_is_dropped(void)
{
    weft_promise *promise;
    weft_future *future, *all;
    WANT(weft_promise_create(&promise, plain, &future) == 0 && weft_when_all(&future, 1, &all) == 0);
    weft_promise_destroy(promise);
    WANT(get(all) == -ECANCELED && get(future) == -ECANCELED);
    return NULL;
}

/* ---- waiting for what could never come ------------------------------------------------------------- */

struct nest {
    weft_executor *executor;
    int depth;
};

static int nested(void *arg)
{
    struct nest *n = arg, inner = {n->executor, n->depth - 1};
    weft_future *future;
    if (!n->depth)
        return 7;
    int err = weft_submit(n->executor, nested, &inner, &future);
    return err ? err : get(future);
}

static int apply_nested(void *arg)
{
    struct nest *n = arg, inner = {n->executor, n->depth - 1};
    int status = -1;
    int err = n->depth ? weft_apply(n->executor, apply_nested, &inner, &status) : 0;
    return err ? err : n->depth ? status : 7;
}

static const char *tasks_wait_for_tasks_on_one_worker(void)
{
    for (int engine = WEFT_ENGINE_POOL; engine <= WEFT_ENGINE_SERIAL; engine++) {
        struct nest n = {executor_with(WEFT_EXECUTOR_CONFIG(.limit = 1, .engine = engine, .queue_limit = 1)),
                         30};
        weft_future *future;
        int status = 0;
        WANT(weft_submit(n.executor, nested, &n, &future) == 0 && get(future) == 7);
        WANT(weft_apply(n.executor, apply_nested, &n, &status) == 0 && status == 7);
        WANT(weft_executor_destroy(n.executor) == 0);
    }
    return NULL;
}

static _Atomic(weft_future *) own;

static int wait_for_oneself(void *arg)
{
    weft_future *all;
    (void)arg;
    while (!atomic_load(&own))
        sched_yield();
    int alone = weft_future_get(own, NULL), err = weft_when_all((weft_future *[]){own}, 1, &all);
    return err ? err : alone == -EDEADLK ? get(all) : alone;
}

static const char *a_task_waits_for_itself(void)
{
    weft_future *future;
    weft_executor *executor = executor_with(WEFT_EXECUTOR_CONFIG(.engine = WEFT_ENGINE_SERIAL));
    atomic_store(&own, NULL);
    WANT(weft_submit(executor, wait_for_oneself, NULL, &future) == 0);
    atomic_store(&own, future);
    WANT(get(future) == -EDEADLK);
    WANT(weft_executor_destroy(executor) == 0);
    return NULL;
}

static int end_own(void *arg)
{
    weft_executor *executor = *(weft_executor **)arg;
    int end = weft_executor_shutdown(executor, WEFT_DRAIN, WEFT_FOREVER),
        destroy = weft_executor_destroy(executor);
    return end == -EDEADLK && destroy == -EDEADLK ? weft_pool_destroy(pool) : -1;
}

static const char *a_task_ends_its_own_executor_and_pool(void)
{
    weft_executor *executor = executor_with(NULL);
    weft_future *future;
    WANT(weft_submit(executor, end_own, &executor, &future) == 0 && get(future) == -EDEADLK);
    WANT(weft_executor_destroy(executor) == 0);
    return NULL;
}

static const char *a_timeout_cancels_nothing(void)
{
    weft_promise *promise;
    weft_future *future;
    size_t index;
    WANT(weft_promise_create(&promise, plain, &future) == 0);
    WANT(weft_future_wait(future, 0) == -ETIMEDOUT && weft_future_wait(future, INT64_MIN) == -ETIMEDOUT);
    WANT(weft_wait(&future, 1, WEFT_FIRST, 1, &index) == -ETIMEDOUT);
    WANT(weft_future_state(future) == WEFT_PENDING && !weft_promise_cancelled(promise));
    WANT(weft_promise_fulfil(promise, 5) == 0 && weft_future_wait(future, 0) == 0 && get(future) == 5);
    return NULL;
}

static const char *waiting_for_nobody(void)
{
    weft_completions *set;
    weft_future *out;
    size_t index = 9;
    WANT(weft_wait(NULL, 0, WEFT_ALL, WEFT_FOREVER, &index) == 0 && index == 0);
    WANT(weft_wait(NULL, 0, WEFT_FIRST_ERROR, WEFT_FOREVER, &index) == 0 && index == 0);
    WANT(weft_wait(NULL, 0, WEFT_FIRST, WEFT_FOREVER, &index) == -EINVAL);
    WANT(weft_when_any(NULL, 0, &out) == -EINVAL && !out);
    WANT(weft_when_all(NULL, 0, &out) == 0 && get(out) == 0);
    WANT(weft_completions_create(&set) == 0);
    WANT(weft_completions_next(set, WEFT_FOREVER, &out, NULL) == WEFT_EEND && !out);
    weft_completions_destroy(set);
    return NULL;
}

static const char *one_future_twice_in_a_set(void)
{
    weft_completions *set;
    weft_future *future;
    void *first, *second;
    WANT(weft_completions_create(&set) == 0 && weft_submit(plain, answer, NULL, &future) == 0);
    WANT(weft_completions_add(set, future, &first) == 0 && weft_completions_add(set, future, &second) == 0);
    weft_future_release(future);
    WANT(weft_completions_next(set, WEFT_FOREVER, NULL, &first) == 0);
    WANT(weft_completions_next(set, WEFT_FOREVER, NULL, &second) == 0 && first != second);
    WANT(weft_completions_next(set, WEFT_FOREVER, NULL, NULL) == WEFT_EEND);
    weft_completions_destroy(set);
    return NULL;
}

/* ---- the table ------------------------------------------------------------------------------------ */

#define ROW(name) #name, name

static const struct {
    const char *name;
    const char *(*run)(void);
} rows[] = {
    {ROW(a_task_fails)},
    {ROW(a_result_that_fits_nowhere)},
    {ROW(a_callback_fails)},
    {ROW(the_start_hook_fails)},
    {ROW(a_promise_is_dropped)},
    {ROW(tasks_wait_for_tasks_on_one_worker)},
    {ROW(a_task_waits_for_itself)},
    {ROW(a_task_ends_its_own_executor_and_pool)},
    {ROW(a_timeout_cancels_nothing)},
    {ROW(waiting_for_nobody)},
    {ROW(one_future_twice_in_a_set)},
    {ROW(closed_and_joined_in_any_order)},
    {ROW(a_running_task_is_cancelled)},
    {ROW(released_before_it_ran)},
    {ROW(maps_over_nothing)},
    {ROW(sizes_that_make_no_sense)},
    {ROW(a_source_fails)},
    {ROW(a_source_without_end_is_pulled_as_far_as_it_is_read)},
    {ROW(a_stream_is_read_after_its_executor_was_shut_down)},
};

enum { ROWS = sizeof rows / sizeof *rows, NAPS = 6000 };
static atomic_int at;

static void *watch(void *arg)
{
    const struct timespec nap = {0, 10000000};
    (void)arg;
    for (int row = -1, naps = 0;; naps++) {
        if (row != atomic_load(&at)) {
            row = atomic_load(&at);
            naps = 0;
        }
        if (naps == NAPS) {
            fprintf(stderr, "%s: no answer\n", rows[row].name);
            abort();
        }
        nanosleep(&nap, NULL);
    }
}

int main(void)
{
    const char *text = getenv("WEFT_TEST_WORKERS"), *wrong;
    int failed = 0, skipped = 0;
    pthread_t watcher;
    workers = text ? atoi(text) : 2;
    if (weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = workers ? workers : WEFT_NONE)) ||
        weft_pool_executor(pool, &plain) || pthread_create(&watcher, NULL, watch, NULL) ||
        pthread_detach(watcher))
        return 1;
    for (int i = 0; i < ROWS; i++) {
        atomic_store(&at, i);
        if ((wrong = rows[i].run()) == NULL)
            continue;
        if (!*wrong) {
            fprintf(stderr, "skipped: %s: needs a worker\n", rows[i].name);
            skipped++;
        } else {
            fprintf(stderr, "%s: not so: %s\n", rows[i].name, wrong);
            failed++;
        }
    }
    int err = weft_pool_destroy(pool);
    printf("%d passed, %d failed, %d skipped\n", (int)ROWS - failed - skipped, failed + (err != 0), skipped);
    return failed || err;
}
