/* SPDX-License-Identifier: MIT */
/*
 * bench/imap/imap.h - a million items through a window of 1,024, results in order and as they are ready; per item.
 *
 *  - An item is its number, its result the same number: what is measured is the way there and back.
 *  - peak: the most memory that the process has grown by meanwhile. That it does not grow with the number of items:
 *    `grown` is what ten times as many items took more than the first.
 *  - Verified: the results' sum and number, and in order: each one's place.
 */
#ifndef BENCH_IMAP_H
#define BENCH_IMAP_H

#include "../common.h"

#define IMAP_ITEMS 1000000
#define IMAP_ITEMS_QUICK 100000
#define IMAP_WINDOW 1024

/* How many of n items came out wrong. */
typedef long imap_fn(long n, bool ordered);

struct imap_call {
    imap_fn *run;
    long n, wrong;
    bool ordered;
};

static inline void imap_once(void *arg)
{
    struct imap_call *call = (struct imap_call *)arg;
    call->wrong += call->run(call->n, call->ordered);
}

/* The most bytes that were resident since imap_forget. */
static inline double imap_peak(void)
{
    char line[128];
    long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    if (f)
        fclose(f);
    if (kib > 0)
        return (double)kib / 1024;
    fprintf(stderr, "cannot read VmHWM in /proc/self/status\n");
    exit(1);
}

static inline void imap_forget(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (f && fputs("5", f) >= 0 && fclose(f) == 0)
        return;
    fprintf(stderr, "cannot reset VmHWM by /proc/self/clear_refs\n");
    exit(1);
}

/* What n items take at most. */
static inline double imap_peak_of(struct imap_call *call, long n)
{
    call->n = n;
    imap_forget();
    imap_once(call);
    return imap_peak();
}

static inline void imap_print(const char *what, const char *metric, double value, const char *unit)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", what, metric);
    bench_print(name, value, unit);
}

static inline int imap_measure(const struct bench *b, const char *what, imap_fn *run, bool ordered)
{
    const long n = b->quick ? IMAP_ITEMS_QUICK : IMAP_ITEMS;
    struct imap_call call = {run, n / 10, 0, ordered};
    imap_once(&call);
    double few = imap_peak_of(&call, n / 10), many = imap_peak_of(&call, n);
    imap_print(what, "time", bench_time(imap_once, &call) / (double)n * 1e9, "ns");
    imap_print(what, "peak", many, "MiB");
    imap_print(what, "grown", (many - few) * 1024, "KiB");
    return bench_check("the number of wrong results", call.wrong, 0);
}

#endif
