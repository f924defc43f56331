/* SPDX-License-Identifier: MIT */
/*
 * bench/fib/fib.h - fib(38), a fork at every call.
 *
 *  - fib: the function as one would write it; the compiler may inline a level of it into another.
 *  - fib-calls (BENCH_REAL_CALLS): every call of fib is a call, in every runtime and in the serial
 *    program; built with -fno-optimize-sibling-calls, so that no call becomes a loop either.
 */
#ifndef BENCH_FIB_H
#define BENCH_FIB_H

#include "../common.h"

#ifdef BENCH_REAL_CALLS
#define FIB_CALL BENCH_NOINLINE
#else
#define FIB_CALL
#endif

struct fib_run {
    long (*fib)(long n); /* enters the runtime where it has to be entered */
    long n;
    long result;
};

static inline void fib_once(void *ctx)
{
    struct fib_run *f = (struct fib_run *)ctx;
    BENCH_HIDE(f->n);
    f->result = f->fib(f->n);
}

static inline long fib_expected(long n)
{
    long a = 0, b = 1;
    for (long i = 0; i < n; i++) {
        long next = a + b;
        a = b;
        b = next;
    }
    return a;
}

/* Measures, prints and verifies: the exit status of main. */
static inline int fib_measure(const struct bench *b, long (*fib)(long n))
{
    struct fib_run f = {fib, b->quick ? 30 : 38, 0};
    double seconds = bench_time(fib_once, &f);
    bench_print("time", seconds * 1e3, "ms");
    return bench_check("fib", f.result, fib_expected(f.n));
}

#endif
