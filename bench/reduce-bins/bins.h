/* SPDX-License-Identifier: MIT */
/*
 * bench/reduce-bins/bins.h - how often each of 16,384 values occurs among 10^7: accumulators of 64 KiB.
 *
 *  - A cheap item, a combine of about 2 us and as much to begin an accumulator: it counts how many there are.
 *  - Every bin is checked against a serial count.
 */
#ifndef BENCH_BINS_H
#define BENCH_BINS_H

#include "../common.h"

#define BINS 16384

struct bins {
    long n;
    const unsigned short *values;
    unsigned count[BINS];
    void (*loop)(struct bins *b);
};

static inline void bins_range(const unsigned short *values, long begin, long end, unsigned *count)
{
    for (long i = begin; i < end; i++)
        count[values[i]]++;
}

static inline void bins_add(unsigned *count, const unsigned *more)
{
    for (long i = 0; i < BINS; i++)
        count[i] += more[i];
}

static inline void bins_once(void *ctx)
{
    struct bins *b = (struct bins *)ctx;
    b->loop(b);
}

static inline int bins_metric(struct bins *b, const char *metric, void (*loop)(struct bins *b))
{
    static unsigned expected[BINS];
    long wrong = 0;
    memset(expected, 0, sizeof expected);
    bins_range(b->values, 0, b->n, expected);
    memset(b->count, 0xff, sizeof b->count);
    b->loop = loop;
    bench_print(metric, bench_time(bins_once, b) * 1e3, "ms");
    for (long i = 0; i < BINS; i++)
        wrong += b->count[i] != expected[i];
    return bench_check("the number of wrong bins", wrong, 0);
}

static inline struct bins *bins_make(const struct bench *b)
{
    struct bins *bins = (struct bins *)bench_alloc(sizeof *bins);
    bins->n = b->quick ? 1000000 : 10000000;
    unsigned short *values = (unsigned short *)bench_alloc((size_t)bins->n * sizeof *values);
    for (long i = 0; i < bins->n; i++)
        values[i] = (unsigned short)((unsigned long)i * 0x9e3779b97f4a7c15u >> 50);
    bins->values = values;
    return bins;
}

#endif
