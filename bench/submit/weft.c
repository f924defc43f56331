/* SPDX-License-Identifier: MIT */
/* bench/submit/weft.c - weft_submit, weft_future_get, weft_future_release; no-take-over: the thread outside never
 * runs a task itself. */
#include "../common_weft.h"
#include "submit.h"

static weft_executor *executor;
static weft_future **futures;

static int task(void *i)
{
    return submit_task((long)(intptr_t)i);
}

static void submit(long i)
{
    bench_must("weft_submit", weft_submit(executor, task, (void *)(intptr_t)i, &futures[i]));
}

static int get(long i)
{
    int status = -1;
    bench_must("weft_future_get", weft_future_get(futures[i], &status));
    weft_future_release(futures[i]);
    return status;
}

static void (*root)(void *);

static int call_root(void *arg)
{
    root(arg);
    return 0;
}

/* Only in a pool that does not let the thread outside take it over. */
static void inside(void (*run)(void *), void *arg)
{
    weft_future *done;
    root = run;
    bench_must("weft_submit", weft_submit(executor, call_root, arg, &done));
    bench_must("weft_future_get", weft_future_get(done, NULL));
    weft_future_release(done);
}

static int measure(const struct bench *b, const char *prefix, int take_over)
{
    weft_pool *pool;
    bench_must("weft_pool_create",
               weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = b->workers, .take_over = take_over)));
    bench_must("weft_pool_executor", weft_pool_executor(pool, &executor));
    const struct submit_api api = {prefix, submit, get, NULL, NULL, inside};
    int status = submit_measure(b, &api);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    int status;
    bench_version(weft_version());
    futures = bench_alloc(SUBMIT_TASKS * sizeof *futures);
    memset(futures, 0xff, SUBMIT_TASKS * sizeof *futures);
    if (BENCH_MEASURE == submit_measure_inside) {
        status = measure(&b, "", WEFT_NONE);
    } else {
        status = measure(&b, "", 0);
        if (BENCH_MEASURE != submit_measure_start) /* there nobody waits for a task that has not begun */
            status |= measure(&b, "no-take-over-", WEFT_NONE);
    }
    free(futures);
    return status;
}
