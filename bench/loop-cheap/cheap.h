/* SPDX-License-Identifier: MIT */
/*
 * bench/loop-cheap/cheap.h - y = sqrt(x) * 1.5 + 2 over 10^7 doubles: vectorized, bound by memory.
 *
 *  - Built with -fno-math-errno, without which sqrt is a call that sets errno.
 *  - Every element is checked, after y was poisoned and a whole loop ran.
 */
#ifndef BENCH_LOOP_CHEAP_H
#define BENCH_LOOP_CHEAP_H

#include "../common.h"

#include <math.h>

struct cheap {
    long n;
    const double *x;
    double *y;
    void (*loop)(struct cheap *c);
};

static inline void cheap_range(const double *__restrict x, double *__restrict y, long begin, long end)
{
    for (long i = begin; i < end; i++)
        y[i] = sqrt(x[i]) * 1.5 + 2;
}

static inline void cheap_once(void *ctx)
{
    struct cheap *c = (struct cheap *)ctx;
    c->loop(c);
}

/* How many elements are wrong; the last bit may differ, where a compiler fuses. */
static inline long cheap_wrong(const struct cheap *c)
{
    long wrong = 0;
    for (long i = 0; i < c->n; i++) {
        double expected = sqrt((double)i) * 1.5 + 2;
        wrong += !(fabs(c->y[i] - expected) <= 1e-12 * expected);
    }
    return wrong;
}

static inline int cheap_metric(struct cheap *c, const char *metric, void (*loop)(struct cheap *c))
{
    c->loop = loop;
    memset(c->y, 0xff, (size_t)c->n * sizeof *c->y);
    bench_print(metric, bench_time(cheap_once, c) * 1e3, "ms");
    return bench_check("the number of wrong elements", cheap_wrong(c), 0);
}

static inline struct cheap cheap_make(const struct bench *b)
{
    struct cheap c = {b->quick ? 1000000 : 10000000, NULL, NULL, NULL};
    double *x = (double *)bench_alloc((size_t)c.n * sizeof *x);
    c.y = (double *)bench_alloc((size_t)c.n * sizeof *c.y);
    for (long i = 0; i < c.n; i++)
        x[i] = (double)i;
    c.x = x;
    return c;
}

#endif
