/* SPDX-License-Identifier: MIT */
/*
 * bench/blocking-cpu/weft.c - a job that computes on all workers, alone and while 64 tasks of the same pool sleep 20 ms
 * over and over, as a multiple of what it takes alone in the same run.
 *
 *  - beside-marked: the sleepers' executor is marked blocking; beside-sections: they announce it; beside: they say nothing.
 *  - inelastic: alone in a pool without spares, as a multiple of alone in one with them.
 *  - Pairs, one right after the other; the least of either: what other programs do to the machine comes on top.
 *  - Verified: the job's sum.
 */
#include "../common_weft.h"

#include <time.h>

#define ITEMS 2000
#define STEPS 40000
#define SLEEPERS 64

enum how { ALONE, SILENT, SECTIONS, MARKED };

static weft_executor *door;
static long stop, asleep, sections;

static int sleeper(void *unused)
{
    struct timespec nap = {0, 20000000};
    (void)unused;
    if (sections)
        weft_block_begin();
    while (nanosleep(&nap, &nap))
        ;
    if (sections)
        weft_block_end();
    if (__atomic_load_n(&stop, __ATOMIC_RELAXED) || weft_submit(door, sleeper, NULL, NULL))
        __atomic_fetch_sub(&asleep, 1, __ATOMIC_RELEASE);
    return 0;
}

static void compute(size_t begin, size_t end, void *sum)
{
    for (size_t i = begin; i < end; i++) {
        unsigned long x = i + 1;
        for (int step = 0; step < STEPS; step++)
            x = x * 6364136223846793005u + 1442695040888963407u;
        __atomic_fetch_add((unsigned long *)sum, x, __ATOMIC_RELAXED);
    }
}

static double job(weft_pool *pool, unsigned long *sum)
{
    double start = bench_now();
    *sum = 0;
    bench_must("weft_parallel_for", weft_parallel_for(pool, 0, ITEMS, compute, sum));
    return bench_now() - start;
}

static void let_sleep(weft_pool *pool, enum how how)
{
    if (how == MARKED)
        bench_must("weft_executor_create",
                   weft_executor_create(&door, WEFT_EXECUTOR_CONFIG(.pool = pool, .blocking = 1)));
    else
        bench_must("weft_pool_executor", weft_pool_executor(pool, &door));
    stop = 0;
    sections = how == SECTIONS;
    asleep = SLEEPERS;
    for (int i = 0; i < SLEEPERS; i++)
        bench_must("weft_submit", weft_submit(door, sleeper, NULL, NULL));
    struct timespec settle = {0, 100000000};
    nanosleep(&settle, NULL);
}

static void let_end(enum how how)
{
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&asleep, __ATOMIC_ACQUIRE))
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    if (how == MARKED)
        bench_must("weft_executor_destroy", weft_executor_destroy(door));
}

static double seconds(int workers, enum how how, int spare_max, unsigned long *sum)
{
    weft_pool *pool;
    bench_must("weft_pool_create",
               weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = workers, .spare_max = spare_max)));
    if (how != ALONE)
        let_sleep(pool, how);
    double took = job(pool, sum);
    if (how != ALONE)
        let_end(how);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return took;
}

static double least(const double *values, int n)
{
    double min = values[0];
    for (int i = 1; i < n; i++)
        min = values[i] < min ? values[i] : min;
    return min;
}

static int pairs(const struct bench *b, const char *metric, enum how how, int spare_max)
{
    double alone[BENCH_REPEATS], other[BENCH_REPEATS];
    int runs = b->quick ? 1 : BENCH_REPEATS, status = 0;
    for (int i = 0; i < runs; i++) {
        unsigned long alone_sum, sum;
        if (i % 2)
            other[i] = seconds(b->workers, how, spare_max, &sum);
        alone[i] = seconds(b->workers, ALONE, 0, &alone_sum);
        if (!(i % 2))
            other[i] = seconds(b->workers, how, spare_max, &sum);
        status |= bench_check("the job's sum", (long)sum, (long)alone_sum);
    }
    bench_print(metric, least(other, runs) / least(alone, runs), "x");
    return status;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_version(weft_version());
    return pairs(&b, "beside-marked", MARKED, 0) | pairs(&b, "beside-sections", SECTIONS, 0) |
           pairs(&b, "beside", SILENT, 0) | pairs(&b, "inelastic", ALONE, WEFT_NONE);
}
