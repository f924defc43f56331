/* SPDX-License-Identifier: MIT */
/*
 * bench/quota/quota.h - N workers on half a CPU of quota, as a multiple of what one worker takes under the same quota.
 *
 *  - The group may use 50 ms of CPU time in each 100 ms. Whatever workers burn beside their work is missing for it.
 *  - fib(41), a loop over 10^6 items of 2,000 iterations each, and the same items in 1,000 loops one after the other, where
 *    workers fall asleep and are woken; each takes one worker more than 1 s, some ten periods.
 *  - One worker and N in turn, QUOTA_ROUNDS times; each metric is the median of the paired ratios. one-fib and so on:
 *    the seconds of one worker.
 *  - Verified: fib's value; each item counts its runs.
 */
#ifndef BENCH_QUOTA_H
#define BENCH_QUOTA_H

#include "../fib/fib.h"
#include "group.h"

#define QUOTA_US 50000
#define QUOTA_PERIOD_US 100000
#define QUOTA_ROUNDS 3
#define QUOTA_ITEM 2000
#define QUOTA_LOOPS 1000

/* Of a runtime: with one worker (many false) or N. */
struct quota_api {
    long (*fib)(bool many, long n); /* NULL: none */
    void (*loop)(bool many, long begin, long end);
};

static unsigned char *quota_ran; /* an item's entry is its runner's */

static inline void quota_items(long begin, long end)
{
    for (long i = begin; i < end; i++) {
        for (long left = QUOTA_ITEM; left > 0; left--)
            __asm__ volatile("");
        quota_ran[i]++;
    }
}

static inline double quota_fib(const struct quota_api *api, bool many, long n, long *wrong)
{
    double start = bench_now();
    *wrong += api->fib(many, n) != fib_expected(n);
    return bench_now() - start;
}

static inline double quota_in_loops(const struct quota_api *api, bool many, long items, long loops,
                                    long *wrong)
{
    memset(quota_ran, 0, (size_t)items);
    double start = bench_now();
    for (long i = 0; i < loops; i++)
        api->loop(many, items / loops * i, items / loops * (i + 1));
    double took = bench_now() - start;
    for (long i = 0; i < items; i++)
        *wrong += quota_ran[i] != 1;
    return took;
}

static inline double quota_loop(const struct quota_api *api, bool many, long items, long *wrong)
{
    return quota_in_loops(api, many, items, 1, wrong);
}

static inline double quota_loops(const struct quota_api *api, bool many, long items, long *wrong)
{
    return quota_in_loops(api, many, items, QUOTA_LOOPS, wrong);
}

/* Prints the metrics `<name>` and `one-<name>`. */
static inline void quota_compare(const char *name, const struct quota_api *api, long n, long *wrong,
                                 double (*run)(const struct quota_api *api, bool many, long n, long *wrong))
{
    double ratio[QUOTA_ROUNDS], one[QUOTA_ROUNDS];
    char one_name[32];
    for (int i = 0; i < QUOTA_ROUNDS; i++) {
        one[i] = run(api, false, n, wrong);
        ratio[i] = run(api, true, n, wrong) / one[i];
    }
    snprintf(one_name, sizeof one_name, "one-%s", name);
    bench_print(name, bench_median(ratio, QUOTA_ROUNDS), "x");
    bench_print(one_name, bench_median(one, QUOTA_ROUNDS), "s");
}

static inline int quota_measure(const struct bench *b, const struct quota_api *api)
{
    const long items = b->quick ? 200000 : 1000000;
    long wrong = 0;
    quota_ran = (unsigned char *)bench_alloc((size_t)items);
    if (api->fib)
        quota_compare("fib", api, b->quick ? 38 : 41, &wrong, quota_fib);
    quota_compare("loop", api, items, &wrong, quota_loop);
    quota_compare("loops", api, items, &wrong, quota_loops);
    free(quota_ran);
    return bench_check("the number of wrong results and items", wrong, 0);
}

#endif
