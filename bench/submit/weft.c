/* SPDX-License-Identifier: MIT */
/* bench/submit/weft.c - weft_submit, weft_future_get, weft_future_release. */
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

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    weft_pool *pool = bench_weft(&b);
    futures = bench_alloc(SUBMIT_TASKS * sizeof *futures);
    memset(futures, 0xff, SUBMIT_TASKS * sizeof *futures);
    bench_must("weft_pool_executor", weft_pool_executor(pool, &executor));
    int status = submit_measure(&b, &(const struct submit_api){"", submit, get, b.workers});
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    free(futures);
    return status;
}
