/* SPDX-License-Identifier: MIT */
/* bench/mpi/ranks.h - how many tasks, items and bytes; items whose costs follow Zipf's law. */
#ifndef BENCH_MPI_RANKS_H
#define BENCH_MPI_RANKS_H

#include "../common.h"

enum { TASKS = 10000, ITEMS = 100000, SKEWED = 10000, LONG = 1000000 };

/* Item of rank i: total / H / (i + 1) iterations of an empty loop. */
static inline void ranks_costs(long *cost, bool heavy_last, bool quick)
{
    const double total = quick ? 1e8 : 4e8;
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

#endif
