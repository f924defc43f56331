/* SPDX-License-Identifier: MIT */
/*
 * bench/common.h - what every program of a benchmark shares, in C and C++.
 *
 *  - A program is called as `<benchmark>-<runtime> --workers N [--quick]`.
 *  - It warms up, measures, verifies its result and prints `version STRING` once and lines
 *    `METRIC VALUE UNIT`. A wrong result: a sentence on stderr and exit status 1.
 *  - One call of the program gives one value a metric: the median of its own repeats. Rounds,
 *    interleaving and intervals are the business of bench/run.
 */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BENCH_REPEATS 7
#define BENCH_SECONDS 0.25 /* no further repeat is started after this long */
#define BENCH_LEFT_OUT 77  /* exit status: the system does not let it be measured; why: standard error */
/* Short calls are timed in batches of at least this long, after others that add up to more; calls between processes in longer
 * ones: for a while the kernel moves them from processor to processor. */
#ifdef BENCH_PROCESSES
#define BENCH_BATCH 0.05
#else
#define BENCH_BATCH 0.002
#endif

#if defined(__clang__)
#define BENCH_NOINLINE __attribute__((noinline))
#else
#define BENCH_NOINLINE __attribute__((noinline, noclone))
#endif

/* The compiler knows nothing of x from here on: what is computed from it is computed anew. */
#define BENCH_HIDE(x) __asm__ volatile("" : "+r"(x) : : "memory")

struct bench {
    int workers;
    bool quick;
};

static inline void bench_usage(const char *program)
{
    fprintf(stderr, "usage: %s --workers N [--quick]\n", program);
    exit(2);
}

static inline struct bench bench_args(int argc, char **argv)
{
    struct bench b = {0, false};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            b.quick = true;
        else if (strcmp(argv[i], "--workers") == 0 && i + 1 < argc)
            b.workers = (int)strtol(argv[++i], NULL, 10);
        else
            bench_usage(argv[0]);
    }
    if (b.workers < 1 || b.workers > 4096)
        bench_usage(argv[0]);
    return b;
}

static inline void bench_version(const char *version)
{
    printf("version %s\n", version);
}

static inline void bench_print(const char *metric, double value, const char *unit)
{
    printf("%s %.9g %s\n", metric, value, unit);
    fflush(stdout);
}

/* 0 if got is what was expected, else 1 and a sentence: the exit status of main. */
static inline int bench_check(const char *what, long got, long expected)
{
    if (got == expected)
        return 0;
    fprintf(stderr, "wrong result: %s is %ld, must be %ld\n", what, got, expected);
    return 1;
}

static inline void *bench_alloc(size_t bytes)
{
    void *p = malloc(bytes);
    if (!p) {
        fprintf(stderr, "no memory for %zu bytes\n", bytes);
        exit(1);
    }
    return p;
}

/* Seconds of the monotonic clock. */
static inline double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int bench_compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline double bench_median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, bench_compare);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static inline double bench_once(void (*run)(void *), void *ctx)
{
    double start = bench_now();
    run(ctx);
    return bench_now() - start;
}

/* The seconds that run(ctx) takes: median of the repeats after a first one that warms up. A first
 * run longer than all repeats may take has warmed up by itself: it is the result. */
static inline double bench_time(void (*run)(void *), void *ctx)
{
    double seconds[BENCH_REPEATS], first = bench_once(run, ctx), sum = 0;
    int n = 0;
    if (first > BENCH_SECONDS)
        return first;
    while (n < BENCH_REPEATS && sum < BENCH_SECONDS)
        sum += seconds[n++] = bench_once(run, ctx);
    return bench_median(seconds, n);
}

/* A short call, made `calls` times back to back by batch(calls, ctx): the seconds for one. */
static inline double bench_time_batch(void (*batch)(long calls, void *ctx), void *ctx)
{
    double seconds[BENCH_REPEATS], took = 0, sum = 0;
    long calls = 1;
    int n = 0;
    for (;; calls *= 2) {
        double start = bench_now();
        batch(calls, ctx);
        took = bench_now() - start;
        if (took > BENCH_BATCH)
            break;
    }
    while (n < BENCH_REPEATS && sum < BENCH_SECONDS) {
        double start = bench_now();
        batch(calls, ctx);
        took = bench_now() - start;
        sum += took;
        seconds[n++] = took / (double)calls;
    }
    return bench_median(seconds, n);
}

#endif
