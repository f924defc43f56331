/* SPDX-License-Identifier: MIT */
/*
 * bench/reduce/reduce.h - the sum of 10^7 doubles, or of BENCH_ITEMS back to back, from outside the pool.
 *
 *  - Built with -fassociative-math, so that each runtime's inner loop is vectorized: bound by memory.
 *  - The doubles are small integers: the sum is exact in any order, and checked.
 */
#ifndef BENCH_REDUCE_H
#define BENCH_REDUCE_H

#include "../common.h"

struct reduce {
    long n;
    const double *x;
    double sum;
    void (*loop)(struct reduce *r);
};

static inline double reduce_range(const double *x, long begin, long end, double sum)
{
    for (long i = begin; i < end; i++)
        sum += x[i];
    return sum;
}

static inline double reduce_item(long i)
{
    return (double)(i % 1000 - 300);
}

static inline void reduce_batch(long calls, void *ctx)
{
    struct reduce *r = (struct reduce *)ctx;
    for (long i = 0; i < calls; i++)
        r->loop(r);
}

static inline void reduce_once(void *ctx)
{
    reduce_batch(1, ctx);
}

static inline int reduce_metric(struct reduce *r, const char *metric, void (*loop)(struct reduce *r))
{
    long expected = 0;
    for (long i = 0; i < r->n; i++)
        expected += i % 1000 - 300;
    r->loop = loop;
    r->sum = -1;
#ifdef BENCH_ITEMS
    bench_print(metric, bench_time_batch(reduce_batch, r) * 1e6, "us");
#else
    bench_print(metric, bench_time(reduce_once, r) * 1e3, "ms");
#endif
    return bench_check("the sum", (long)r->sum, expected);
}

static inline struct reduce reduce_make(const struct bench *b)
{
    struct reduce r = {b->quick ? 1000000 : 10000000, NULL, 0, NULL};
#ifdef BENCH_ITEMS
    r.n = BENCH_ITEMS;
#endif
    double *x = (double *)bench_alloc((size_t)r.n * sizeof *x);
    for (long i = 0; i < r.n; i++)
        x[i] = reduce_item(i);
    r.x = x;
    return r;
}

#endif
