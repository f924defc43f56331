/* SPDX-License-Identifier: MIT */
/* bench/executor-shutdown/weft.c - weft_executor_shutdown(WEFT_CANCEL_PENDING); no future is held. */
#include "../common_weft.h"
#include "shutdown.h"

static weft_pool *pool;
static int gates;

static int task(void *i)
{
    shutdown_task((long)(intptr_t)i, gates);
    return 0;
}

static void destroy(void *i)
{
    shutdown_destroy((long)(intptr_t)i);
}

static double seconds(long n, int workers)
{
    weft_executor *executor;
    weft_task_spec spec = {.size = sizeof spec, .fn = task, .destroy = destroy};
    gates = workers;
    bench_must("weft_executor_create", weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.pool = pool)));
    for (long i = 0; i < n; i++) {
        spec.arg = (void *)(intptr_t)i;
        bench_must("weft_submit_task", weft_submit_task(executor, &spec, NULL));
    }
    shutdown_wait_for_gates(workers);
    double start = bench_now();
    bench_must("weft_executor_shutdown", weft_executor_shutdown(executor, WEFT_CANCEL_PENDING, WEFT_FOREVER));
    double took = bench_now() - start;
    bench_must("weft_executor_destroy", weft_executor_destroy(executor));
    return took;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    pool = bench_weft(&b);
    int status = shutdown_measure(&b, seconds);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}
