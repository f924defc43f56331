/* SPDX-License-Identifier: MIT */
/* bench/reduce/weft.c - the sum by weft_parallel_reduce, called from outside. */
#include "../common_weft.h"
#include "reduce.h"

static weft_pool *pool;

static void add(size_t begin, size_t end, void *sum, void *ctx)
{
    const struct reduce *r = ctx;
    *(double *)sum = reduce_range(r->x, (long)begin, (long)end, *(double *)sum);
}

static void add_up(void *sum, const void *right, void *ctx)
{
    (void)ctx;
    *(double *)sum += *(const double *)right;
}

static void loop(struct reduce *r)
{
    bench_must("weft_parallel_reduce",
               weft_parallel_reduce(pool, 0, (size_t)r->n, add, add_up, NULL, &r->sum, sizeof r->sum, r));
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    struct reduce r = reduce_make(&b);
    pool = bench_weft(&b);
    int status = reduce_metric(&r, "time", loop);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}
