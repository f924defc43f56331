/* SPDX-License-Identifier: MIT */
/*
 * bench/flat/flat.h - a million empty tasks from one spawner, in ns a task.
 *
 *  - The task is never inlined: what remains of it is a call, a load and a branch.
 *  - The same tasks count themselves in a round that is not measured: each must run exactly once.
 */
#ifndef BENCH_FLAT_H
#define BENCH_FLAT_H

#include "../common.h"

static bool flat_counting;
static long flat_count;

BENCH_NOINLINE static void flat_task(void)
{
    if (__builtin_expect(flat_counting, 0))
        __atomic_fetch_add(&flat_count, 1, __ATOMIC_RELAXED);
}

struct flat_run {
    void (*spawn)(long tasks);
    long tasks;
};

static inline void flat_once(void *ctx)
{
    struct flat_run *f = (struct flat_run *)ctx;
    f->spawn(f->tasks);
}

static inline int flat_measure(const struct bench *b, void (*spawn)(long tasks))
{
    struct flat_run f = {spawn, b->quick ? 100000 : 1000000};
    flat_counting = true;
    flat_once(&f);
    flat_counting = false;
    double seconds = bench_time(flat_once, &f);
    bench_print("time", seconds * 1e9 / (double)f.tasks, "ns");
    return bench_check("the number of tasks that ran", flat_count, f.tasks);
}

#endif
