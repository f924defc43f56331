/* SPDX-License-Identifier: MIT */
/*
 * bench/long-leaf/leaf.h - a parent that forks 64 children and then computes for long before its first join.
 *
 *  - A child is a chain of 800,000 dependent multiplications, some 1 ms; the parent's own chain is 20 as long.
 *  - The result is the time as a multiple of the ideal: all the work, measured serially in the same process
 *    between the parallel runs, divided by the workers, but not less than the parent's own chain.
 *  - Verified: the sum of all chains' ends is that of the serial run.
 */
#ifndef BENCH_LONG_LEAF_H
#define BENCH_LONG_LEAF_H

#include "../common.h"

#include <stdint.h>

#define LEAF_CHILDREN 64
#define LEAF_PARENT 20 /* children that the parent's own chain is long */

struct leaf {
    long length; /* of a child's chain */
    int workers;
};

static inline uint64_t leaf_chain(uint64_t x, long length)
{
    for (; length > 0; length--)
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return x;
}

static inline uint64_t leaf_child(const struct leaf *l, long i)
{
    return leaf_chain((uint64_t)i, l->length);
}

static inline uint64_t leaf_parent(const struct leaf *l)
{
    return leaf_chain(LEAF_CHILDREN, LEAF_PARENT * l->length);
}

static inline uint64_t leaf_serial(const struct leaf *l)
{
    uint64_t sum = leaf_parent(l);
    for (long i = 0; i < LEAF_CHILDREN; i++)
        sum += leaf_child(l, i);
    return sum;
}

static inline double leaf_seconds(const struct leaf *l, uint64_t (*run)(const struct leaf *l), uint64_t *sum)
{
    double start = bench_now();
    *sum = run(l);
    return bench_now() - start;
}

static inline double leaf_ideal(const struct leaf *l, double serial)
{
    double shared = serial / l->workers, chain = serial * LEAF_PARENT / (LEAF_CHILDREN + LEAF_PARENT);
    return shared > chain ? shared : chain;
}

/* run computes what leaf_serial computes, with l->workers workers. */
static inline int leaf_metric(const struct bench *b, const char *metric,
                              uint64_t (*run)(const struct leaf *l))
{
    const struct leaf l = {b->quick ? 80000 : 800000, b->workers};
    double ratio[BENCH_REPEATS];
    uint64_t expected, got;
    long wrong = 0;
    (void)leaf_seconds(&l, run, &got);
    for (int i = 0; i < BENCH_REPEATS; i++) {
        double serial = leaf_seconds(&l, leaf_serial, &expected);
        ratio[i] = leaf_seconds(&l, run, &got) / leaf_ideal(&l, serial);
        wrong += got != expected;
    }
    bench_print(metric, bench_median(ratio, BENCH_REPEATS), "x");
    return bench_check("the number of wrong sums", wrong, 0);
}

#endif
