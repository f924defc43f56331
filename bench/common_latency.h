/* SPDX-License-Identifier: MIT */
/*
 * bench/common_latency.h - the time of one event, taken many times: median and 99th percentile, in us.
 *
 *  - Idle (latency_idle before each event): the process has slept for 2 ms. Hot: the events come back to back.
 *  - The first tenth of the events warms up and does not count.
 */
#ifndef BENCH_COMMON_LATENCY_H
#define BENCH_COMMON_LATENCY_H

#include "common.h"

#define LATENCY_EVENTS 300
#define LATENCY_EVENTS_QUICK 100
#define LATENCY_IDLE_NS 2000000

static inline void latency_idle(void)
{
    struct timespec t;
    t.tv_sec = 0;
    t.tv_nsec = LATENCY_IDLE_NS;
    nanosleep(&t, NULL);
}

/* The same for others only: the caller computes meanwhile. */
__attribute__((unused)) static void latency_alone(void)
{
    double start = bench_now();
    while (bench_now() - start < LATENCY_IDLE_NS * 1e-9)
        ;
}

static inline int latency_events(const struct bench *b)
{
    return b->quick ? LATENCY_EVENTS_QUICK : LATENCY_EVENTS;
}

/* The metrics `<prefix>median` and `<prefix>p99`. */
static inline void latency_print(const char *prefix, double *seconds, int n)
{
    char name[64];
    snprintf(name, sizeof name, "%smedian", prefix);
    bench_print(name, bench_median(seconds, n) * 1e6, "us"); /* sorts */
    snprintf(name, sizeof name, "%sp99", prefix);
    bench_print(name, seconds[(n * 99 + 99) / 100 - 1] * 1e6, "us");
}

/* event(ctx) is one event; it gives the seconds that count. before(), if any, comes before each. */
static inline void latency_measure(const struct bench *b, const char *prefix, void (*before)(void),
                                   double (*event)(void *ctx), void *ctx)
{
    const int n = latency_events(b);
    double seconds[LATENCY_EVENTS];
    for (int i = -n / 10; i < n; i++) {
        if (before)
            before();
        double took = event(ctx);
        if (i >= 0)
            seconds[i] = took;
    }
    latency_print(prefix, seconds, n);
}

#endif
