/* SPDX-License-Identifier: MIT */
/* bench/loop-cheap/weft.c - the cheap loop by weft_parallel_for, called from outside. */
#include "../common_weft.h"
#include "cheap.h"

static weft_pool *pool;

static void body(size_t begin, size_t end, void *ctx)
{
    const struct cheap *c = ctx;
    cheap_range(c->x, c->y, (long)begin, (long)end);
}

static void loop(struct cheap *c)
{
    bench_must("weft_parallel_for", weft_parallel_for(pool, 0, (size_t)c->n, body, c));
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    struct cheap c = cheap_make(&b);
    pool = bench_weft(&b);
    int status = cheap_metric(&c, "time", loop);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}
