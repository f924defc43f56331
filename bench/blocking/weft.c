/* SPDX-License-Identifier: MIT */
/* bench/blocking/weft.c - the tasks say nothing of it (submit, map), announce it by weft_block_begin (section-map), or are
 * marked: one by one (marked), or all of an executor's (executor). inelastic: the same without spares. */
#include "../common_weft.h"
#include "blocking.h"

static weft_pool *pool;
static int spare_max;

static int task(void *unused)
{
    (void)unused;
    blocking_task();
    return 0;
}

static int item(void *out, const void *in, void *announces)
{
    (void)out;
    (void)in;
    if (announces)
        weft_block_begin();
    blocking_task();
    if (announces)
        weft_block_end();
    return 0;
}

static void make_pool(int workers)
{
    bench_must("weft_pool_create",
               weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = workers, .spare_max = spare_max)));
}

static double end_pool(double start)
{
    double took = bench_now() - start;
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return took;
}

/* The thread outside only waits. */
static void submit_all(weft_executor *executor, int blocking)
{
    weft_future *futures[BLOCKING_TASKS];
    weft_task_spec spec = {.size = sizeof spec, .fn = task, .blocking = blocking};
    for (int i = 0; i < BLOCKING_TASKS; i++)
        bench_must("weft_submit_task", weft_submit_task(executor, &spec, &futures[i]));
    for (int i = 0; i < BLOCKING_TASKS; i++) {
        bench_must("weft_future_wait", weft_future_wait(futures[i], WEFT_FOREVER));
        weft_future_release(futures[i]);
    }
}

static double by_submit(int workers, int blocking)
{
    weft_executor *own;
    make_pool(workers);
    bench_must("weft_pool_executor", weft_pool_executor(pool, &own));
    double start = bench_now();
    submit_all(own, blocking);
    return end_pool(start);
}

static double submit(int workers)
{
    return by_submit(workers, 0);
}

static double marked(int workers)
{
    return by_submit(workers, 1);
}

static double executor(int workers)
{
    weft_executor *door;
    make_pool(workers);
    bench_must("weft_executor_create",
               weft_executor_create(&door, WEFT_EXECUTOR_CONFIG(.pool = pool, .blocking = 1)));
    double start = bench_now();
    submit_all(door, 0);
    double took = bench_now() - start;
    bench_must("weft_executor_destroy", weft_executor_destroy(door));
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return took;
}

static double by_map(int workers, void *announces)
{
    make_pool(workers);
    double start = bench_now();
    bench_must("weft_parallel_map", weft_parallel_map(pool, item, NULL, 0, NULL, 0, BLOCKING_TASKS,
                                                      WEFT_MAP_CONFIG(.ctx = announces)));
    return end_pool(start);
}

static double map(int workers)
{
    return by_map(workers, NULL);
}

static double section_map(int workers)
{
    return by_map(workers, &pool);
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_version(weft_version());
    int status = blocking_measure(&b, "submit", submit) | blocking_measure(&b, "map", map) |
                 blocking_measure(&b, "section-map", section_map) | blocking_measure(&b, "marked", marked) |
                 blocking_measure(&b, "executor", executor);
    spare_max = WEFT_NONE;
    return blocking_measure(&b, "inelastic-submit", submit) | status;
}
