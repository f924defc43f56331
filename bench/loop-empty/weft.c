/* SPDX-License-Identifier: MIT */
/* bench/loop-empty/weft.c - the empty loop by weft_parallel_for. */
#include "../common_weft.h"
#include "empty.h"

static weft_pool *pool;

static void body(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    for (size_t i = begin; i < end; i++)
        empty_item();
}

static void counting_body(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    for (size_t i = begin; i < end; i++)
        empty_count((long)i);
}

static void loop(void)
{
    bench_must("weft_parallel_for", weft_parallel_for(pool, 0, BENCH_ITEMS, body, NULL));
}

static void counting(void)
{
    bench_must("weft_parallel_for", weft_parallel_for(pool, 0, BENCH_ITEMS, counting_body, NULL));
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    pool = bench_weft(&b);
    int status = empty_metric("time", loop, counting);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}
