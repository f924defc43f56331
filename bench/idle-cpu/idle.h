/* SPDX-License-Identifier: MIT */
/*
 * bench/idle-cpu/idle.h - what a pool that was used and has nothing to do costs: CPU seconds a second.
 *
 *  - The pool computes fib(24) in tasks for 50 ms; then 20 ms pass, in which it may settle.
 *  - The main thread sleeps; what the process uses meanwhile, by getrusage, is the pool's.
 */
#ifndef BENCH_IDLE_H
#define BENCH_IDLE_H

#include "../common.h"

#include <sys/resource.h>

#define IDLE_FIB 24

static inline double idle_cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static inline void idle_sleep(double seconds)
{
    struct timespec t;
    t.tv_sec = (time_t)seconds;
    t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
    nanosleep(&t, NULL);
}

static inline int idle_measure(const struct bench *b, long (*fib)(long n))
{
    long result;
    double start = bench_now();
    do
        result = fib(IDLE_FIB);
    while (bench_now() - start < 0.05);
    idle_sleep(0.02);
    double cpu = idle_cpu();
    start = bench_now();
    idle_sleep(b->quick ? 0.5 : 2);
    cpu = idle_cpu() - cpu;
    bench_print("idle", cpu / (bench_now() - start), "cpus");
    return bench_check("fib", result, 46368);
}

#endif
