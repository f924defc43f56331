/* SPDX-License-Identifier: MIT */
/*
 * bench/loop-skew/skew.h - 10^5 items of very unequal cost, as a multiple of the ideal time.
 *
 *  - The item of rank i takes total / H / (i + 1) iterations of an empty loop (Zipf), H being the sum of
 *    all 1 / (i + 1). Ranks stand in order, the heavy end first or, with BENCH_HEAVY_LAST, last.
 *  - The ideal is the serial time, measured in the same process between the parallel loops, divided by
 *    the workers. The first item alone is 1/12 of all: with more than 12 workers nobody reaches it.
 *  - Each item counts its runs: as many as there were loops, for each.
 */
#ifndef BENCH_LOOP_SKEW_H
#define BENCH_LOOP_SKEW_H

#include "../common.h"

struct skew {
    long n;
    long *cost;
    unsigned char *ran;
    int workers;
    int loops;
};

static inline void skew_item(const struct skew *s, long i)
{
    for (long left = s->cost[i]; left > 0; left--)
        __asm__ volatile("");
    s->ran[i]++;
}

static inline void skew_range(const struct skew *s, long begin, long end)
{
    for (long i = begin; i < end; i++)
        skew_item(s, i);
}

static inline struct skew skew_make(const struct bench *b)
{
    const long n = 100000;
    const double total = b->quick ? 1e7 : 6e7;
    struct skew s = {n, NULL, NULL, b->workers, 0};
    double h = 0;
    s.cost = (long *)bench_alloc((size_t)n * sizeof *s.cost);
    s.ran = (unsigned char *)bench_alloc((size_t)n);
    memset(s.ran, 0, (size_t)n);
    for (long i = 0; i < n; i++)
        h += 1.0 / (double)(i + 1);
    for (long i = 0; i < n; i++) {
        long cost = (long)(total / h / (double)(i + 1));
#ifdef BENCH_HEAVY_LAST
        s.cost[n - 1 - i] = cost;
#else
        s.cost[i] = cost;
#endif
    }
    return s;
}

static inline double skew_seconds(struct skew *s, void (*loop)(const struct skew *s))
{
    double start = bench_now();
    loop(s);
    s->loops++;
    return bench_now() - start;
}

static inline void skew_serial(const struct skew *s)
{
    skew_range(s, 0, s->n);
}

static inline int skew_check(const struct skew *s)
{
    long wrong = 0;
    for (long i = 0; i < s->n; i++)
        wrong += s->ran[i] != s->loops;
    return bench_check("the number of items that did not run once a loop", wrong, 0);
}

static inline int skew_metric(struct skew *s, const char *metric, void (*loop)(const struct skew *s))
{
    double ratio[BENCH_REPEATS];
    (void)skew_seconds(s, loop);
    for (int i = 0; i < BENCH_REPEATS; i++) {
        double serial = skew_seconds(s, skew_serial);
        ratio[i] = skew_seconds(s, loop) / (serial / s->workers);
    }
    bench_print(metric, bench_median(ratio, BENCH_REPEATS), "x");
    return skew_check(s);
}

#endif
