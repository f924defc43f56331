/* SPDX-License-Identifier: MIT */
/*
 * bench/blocking/blocking.h - 64 tasks that sleep 20 ms each, from a pool that has just been made, until all have ended.
 *
 *  - The floor is 20 ms; N threads that only wait take 64 / N times as long.
 *  - Verified: each task ran once.
 */
#ifndef BENCH_BLOCKING_H
#define BENCH_BLOCKING_H

#include "../common.h"

#include <time.h>

#define BLOCKING_TASKS 64
#define BLOCKING_NS 20000000

static long blocking_ran;

static inline void blocking_task(void)
{
    struct timespec nap = {0, BLOCKING_NS};
    while (nanosleep(&nap, &nap))
        ;
    __atomic_fetch_add(&blocking_ran, 1, __ATOMIC_RELAXED);
}

/* seconds(workers): what it took, without the pool's making and end; the median of some. */
static inline int blocking_measure(const struct bench *b, const char *metric, double (*seconds)(int workers))
{
    double took[BENCH_REPEATS];
    int status = 0, runs = b->quick ? 1 : BENCH_REPEATS;
    for (int i = 0; i < runs; i++) {
        blocking_ran = 0;
        took[i] = seconds(b->workers);
        status |= bench_check("the number of tasks that ran", blocking_ran, BLOCKING_TASKS);
    }
    bench_print(metric, bench_median(took, runs) * 1e3, "ms");
    return status;
}

#endif
