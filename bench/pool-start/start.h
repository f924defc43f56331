/* SPDX-License-Identifier: MIT */
/*
 * bench/pool-start/start.h - what a pool costs from its creation to its end, in us.
 *
 *  - first: the first one in the process, with the look at the machine that it may take.
 *  - again: later ones (median). again-64: later ones with 64 threads, divided by 64.
 *  - A pool is created, one short call runs in it, its threads are ended.
 */
#ifndef BENCH_POOL_START_H
#define BENCH_POOL_START_H

#include "../common.h"

#define START_MANY 64

/* cycle(workers) creates a pool, runs 21 -> 42 in it and ends it. */
static inline double start_seconds(long (*cycle)(int workers), int workers, int *status)
{
    double start = bench_now();
    long got = cycle(workers);
    double seconds = bench_now() - start;
    *status |= bench_check("the answer", got, 42);
    return seconds;
}

static inline double start_median(long (*cycle)(int workers), int workers, int *status)
{
    double seconds[BENCH_REPEATS];
    for (int i = 0; i < BENCH_REPEATS; i++)
        seconds[i] = start_seconds(cycle, workers, status);
    return bench_median(seconds, BENCH_REPEATS);
}

static inline int start_measure(const struct bench *b, long (*cycle)(int workers))
{
    int status = 0;
    bench_print("first", start_seconds(cycle, b->workers, &status) * 1e6, "us");
    bench_print("again", start_median(cycle, b->workers, &status) * 1e6, "us");
    bench_print("again-64", start_median(cycle, START_MANY, &status) * 1e6 / START_MANY, "us");
    return status;
}

#endif
