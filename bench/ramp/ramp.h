/* SPDX-License-Identifier: MIT */
/*
 * bench/ramp/ramp.h - how long a fork-join job that comes after 2 ms of idleness has only one worker.
 *
 *  - The job is the sum of 2,048 chains of some 1 us, halved recursively with a fork for the right half.
 *  - The time runs from the call that enters the pool to the start of the first task in another thread than the
 *    job's root; a job that ends without one counts with the time that it took (alone: their share).
 *  - Verified: the sum is the serial one.
 */
#ifndef BENCH_RAMP_H
#define BENCH_RAMP_H

#include "../common_latency.h"

#include <stdint.h>

#define RAMP_LEAVES 2048
#define RAMP_CHAIN 800

static __thread bool ramp_is_root; /* the calling thread runs the job's root */
static double ramp_first;          /* when another thread started a task; 0: none did */
static bool ramp_seen;             /* somebody writes ramp_first */

/* To be called by each task first. */
static inline void ramp_task(void)
{
    if (ramp_is_root || __atomic_load_n(&ramp_seen, __ATOMIC_RELAXED))
        return;
    double now = bench_now();
    if (!__atomic_exchange_n(&ramp_seen, true, __ATOMIC_RELAXED))
        ramp_first = now; /* read after the job's end */
}

static inline long ramp_leaf(long i)
{
    uint64_t x = (uint64_t)i;
    for (int k = 0; k < RAMP_CHAIN; k++)
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (long)(x >> 40);
}

static inline long ramp_serial(void)
{
    long sum = 0;
    for (long i = 0; i < RAMP_LEAVES; i++)
        sum += ramp_leaf(i);
    return sum;
}

/* job(sum) is what the runtime's root does, in the thread that runs it. */
static inline long ramp_root(long (*sum)(long first, long n))
{
    ramp_is_root = true;
    long result = sum(0, RAMP_LEAVES);
    ramp_is_root = false;
    return result;
}

struct ramp {
    long (*job)(void); /* enters the pool and gives ramp_root(...) */
    long expected, wrong, jobs, alone;
};

static inline double ramp_event(void *ctx)
{
    struct ramp *r = (struct ramp *)ctx;
    ramp_seen = false;
    ramp_first = 0;
    double start = bench_now();
    r->wrong += r->job() != r->expected;
    double end = bench_now();
    r->jobs++;
    r->alone += !ramp_seen;
    return (ramp_seen ? ramp_first : end) - start;
}

static inline int ramp_measure(const struct bench *b, const char *prefix, long (*job)(void))
{
    struct ramp r = {job, ramp_serial(), 0, 0, 0};
    char alone[64];
    snprintf(alone, sizeof alone, "%salone", prefix);
    latency_measure(b, prefix, latency_idle, ramp_event, &r);
    bench_print(alone, 100.0 * (double)r.alone / (double)r.jobs, "%");
    return bench_check("the number of wrong sums", r.wrong, 0);
}

#endif
