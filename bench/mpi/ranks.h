/* SPDX-License-Identifier: MIT */
/* bench/mpi/ranks.h - how many tasks, items and bytes; items whose costs follow Zipf's law. */
#ifndef BENCH_MPI_RANKS_H
#define BENCH_MPI_RANKS_H

#ifdef BENCH_COMMON_H
#error "ranks.h comes before common.h: calls between processes are timed in longer batches"
#endif
#define BENCH_PROCESSES
#include "../common.h"

enum { TASKS = 10000, ITEMS = 100000, SKEWED = 10000, LONG = 1000000, RANKS_TIMES = 5 };

/* Iterations of an empty loop, of all skewed items together. */
static inline long ranks_total(bool quick)
{
    return quick ? 100000000 : 400000000;
}

/* Item of rank i: total / H / (i + 1) iterations of an empty loop. */
static inline void ranks_costs(long *cost, bool heavy_last, bool quick)
{
    const double total = (double)ranks_total(quick);
    double h = 0;
    for (long i = 0; i < SKEWED; i++)
        h += 1.0 / (double)(i + 1);
    for (long i = 0; i < SKEWED; i++)
        cost[heavy_last ? SKEWED - 1 - i : i] = (long)(total / h / (double)(i + 1));
}

static inline void ranks_work(long cost)
{
    for (; cost > 0; cost--)
        __asm__ volatile("");
}

static inline void ranks_work_all(void *total)
{
    ranks_work(*(long *)total);
}

/* What equal parts of that work take, one in each rank at the same time, over the serial time by their number: 1 where each has a
 * processor for itself, and they do not slow each other down. */
static inline double ranks_equal_parts(void (*work_equally)(void *), void *ctx, const struct bench *b)
{
    double ratio[RANKS_TIMES];
    long total = ranks_total(b->quick);
    for (int i = 0; i < RANKS_TIMES; i++) {
        double serial = bench_once(ranks_work_all, &total);
        ratio[i] = bench_once(work_equally, ctx) / (serial / b->workers);
    }
    return bench_median(ratio, RANKS_TIMES);
}

#endif
