/* SPDX-License-Identifier: MIT */
/* bench/reduce-bins/weft.c - the histogram by weft_parallel_reduce, called from outside. */
#include "../common_weft.h"
#include "bins.h"

static weft_pool *pool;

static void count(size_t begin, size_t end, void *acc, void *values)
{
    bins_range(values, (long)begin, (long)end, acc);
}

static void add(void *acc, const void *right, void *values)
{
    (void)values;
    bins_add(acc, right);
}

static void loop(struct bins *b)
{
    void *values = (void *)(uintptr_t)b->values;
    bench_must("weft_parallel_reduce", weft_parallel_reduce(pool, 0, (size_t)b->n, count, add, NULL, b->count,
                                                            sizeof b->count, values));
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    struct bins *bins = bins_make(&b);
    pool = bench_weft(&b);
    int status = bins_metric(bins, "time", loop);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}
