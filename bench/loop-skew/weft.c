/* SPDX-License-Identifier: MIT */
/* bench/loop-skew/weft.c - the skewed loop by weft_parallel_for, called from outside. */
#include "../common_weft.h"
#include "skew.h"

static weft_pool *pool;

static void body(size_t begin, size_t end, void *ctx)
{
    skew_range(*(const struct skew **)ctx, (long)begin, (long)end);
}

static void loop(const struct skew *s)
{
    bench_must("weft_parallel_for", weft_parallel_for(pool, 0, (size_t)s->n, body, &s));
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    struct skew s = skew_make(&b);
    pool = bench_weft(&b);
    int status = skew_metric(&s, "ideal", loop);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}
