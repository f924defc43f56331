/* SPDX-License-Identifier: MIT */
/*
 * bench/futures/futures.h - what combinations of futures cost, from a thread outside the pool.
 *
 *  - BENCH_MEASURE (a flag in benchmarks.txt) is one of the futures_measure_ functions below.
 *  - Verified: each hop adds 1 to what the hop before it answered; each part counts in the whole, each completion comes
 *    out once, with its own tag.
 *  - run-only: of a chain, from its first future's end to its last one's, without making it.
 *  - What is measured is the combination: futures that it needs are made before, and released after.
 */
#ifndef BENCH_FUTURES_H
#define BENCH_FUTURES_H

#include "../common.h"

#include <stdint.h>

#define FUTURES_HOPS 1000
#define FUTURES_CHAINS 200 /* after a tenth that warms up; the median counts */
#define FUTURES_PARTS 100000
#define FUTURES_PARTS_QUICK 10000

/* What a runtime does, with FUTURES_PARTS at most; NULL: not with this one. */
struct futures_api {
    const char *prefix; /* of the metrics' names */
    /* A chain of so many hops behind a first future that ends with 0 when the chain is there, which sets
     * futures_chain_made: what the last one answered. */
    long (*chain)(long hops);
    /* Futures 0 .. n - 1; part i ends with futures_part(i), when the whole that is made of them is there. */
    void (*make)(long n);
    long (*whole)(long n); /* waits for one future of all n: its status, that of the first that is not 0 */
    long (*completions)(long n); /* takes all of them out as they end: the sum of their numbers */
    long (*drop)(long n);        /* releases them: how many had ended with their own statuses */
};

static double futures_chain_made;           /* when the last chain was there */
static uint32_t futures_ran[FUTURES_PARTS]; /* each entry is the running task's own */

static inline int futures_part(long i)
{
    futures_ran[i]++;
    return (int)(i % 64);
}

static inline void futures_print(const struct futures_api *api, const char *metric, double seconds)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", api->prefix, metric);
    bench_print(name, seconds * 1e9, "ns");
}

/* ---- a chain ---------------------------------------------------------------------------------------- */

static inline long futures_chains_run(const struct futures_api *api, double *all, double *hops)
{
    long wrong = 0;
    for (int i = -FUTURES_CHAINS / 10; i < FUTURES_CHAINS; i++) {
        double start = bench_now();
        wrong += api->chain(FUTURES_HOPS) != FUTURES_HOPS;
        double end = bench_now();
        if (i < 0)
            continue;
        all[i] = (end - start) / FUTURES_HOPS;
        hops[i] = (end - futures_chain_made) / FUTURES_HOPS;
    }
    return wrong;
}

__attribute__((unused)) static int futures_measure_chain(const struct bench *b, const struct futures_api *api)
{
    double all[FUTURES_CHAINS], hops[FUTURES_CHAINS];
    (void)b;
    long wrong = futures_chains_run(api, all, hops);
    futures_print(api, "time", bench_median(all, FUTURES_CHAINS));
    futures_print(api, "run-only", bench_median(hops, FUTURES_CHAINS));
    return bench_check("the number of wrong ends", wrong, 0);
}

/* ---- many ------------------------------------------------------------------------------------------- */

static inline int futures_many(const struct bench *b, const struct futures_api *api, long (*take)(long),
                               long (*expected)(long))
{
    const long n = b->quick ? FUTURES_PARTS_QUICK : FUTURES_PARTS;
    double seconds[BENCH_REPEATS], sum = 0;
    int runs = 0, status = 0;
    memset(futures_ran, 0, sizeof futures_ran);
    while (runs < BENCH_REPEATS && sum < BENCH_SECONDS && !status) {
        api->make(n);
        double start = bench_now();
        long got = take(n);
        sum += seconds[runs++] = bench_now() - start;
        status = bench_check("what came together", got, expected(n));
        status |= bench_check("the number of ended parts", api->drop(n), n);
    }
    for (long i = 0; i < n && !status; i++)
        status = bench_check("how often a task ran", (long)futures_ran[i], runs);
    futures_print(api, "time", bench_median(seconds, runs) / (double)n);
    return status;
}

static inline long futures_first(long n)
{
    return n > 1; /* part 1 */
}

static inline long futures_sum(long n)
{
    return n * (n - 1) / 2;
}

__attribute__((unused)) static int futures_measure_all(const struct bench *b, const struct futures_api *api)
{
    return futures_many(b, api, api->whole, futures_first);
}

__attribute__((unused)) static int futures_measure_completions(const struct bench *b,
                                                               const struct futures_api *api)
{
    return futures_many(b, api, api->completions, futures_sum);
}

#endif
