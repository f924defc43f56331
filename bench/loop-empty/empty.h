/* SPDX-License-Identifier: MIT */
/*
 * bench/loop-empty/empty.h - loops of BENCH_ITEMS empty iterations, back to back, from outside the pool.
 *
 *  - An iteration is an empty asm statement: it costs the cycle of its loop and cannot be removed.
 *  - Before the measurement the same loops run with a body that counts: each item must run once.
 */
#ifndef BENCH_LOOP_EMPTY_H
#define BENCH_LOOP_EMPTY_H

#include "../common.h"

static inline void empty_item(void)
{
    __asm__ volatile("");
}

static long empty_ran[BENCH_ITEMS];

static inline void empty_count(long i)
{
    __atomic_fetch_add(&empty_ran[i], 1, __ATOMIC_RELAXED);
}

static inline void empty_batch(long calls, void *ctx)
{
    void (*loop)(void) = *(void (**)(void))ctx;
    for (long i = 0; i < calls; i++)
        loop();
}

/* `counting` is the same loop with empty_count as its body. */
static inline int empty_metric(const char *metric, void (*loop)(void), void (*counting)(void))
{
    const long loops = 1000;
    long wrong = 0;
    memset(empty_ran, 0, sizeof empty_ran);
    empty_batch(loops, &counting);
    bench_print(metric, bench_time_batch(empty_batch, &loop) * 1e6, "us");
    for (long i = 0; i < BENCH_ITEMS; i++)
        wrong += empty_ran[i] != loops;
    return bench_check("the number of items that did not run once a loop", wrong, 0);
}

#endif
