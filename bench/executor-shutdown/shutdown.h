/* SPDX-License-Identifier: MIT */
/*
 * bench/executor-shutdown/shutdown.h - a million tasks that nobody has begun are given up: until all are gone, per task.
 *
 *  - All workers are kept busy meanwhile, by tasks that count with the others.
 *  - Each task has an argument with a destructor.
 *  - Verified: each argument's destructor ran once. `share`: of the tasks that were given up, not run.
 */
#ifndef BENCH_SHUTDOWN_H
#define BENCH_SHUTDOWN_H

#include "../common.h"

#include <sched.h>
#include <stdint.h>

#define SHUTDOWN_TASKS 1000000
#define SHUTDOWN_TASKS_QUICK 100000

static unsigned char shutdown_destroyed[SHUTDOWN_TASKS]; /* how often, each */
static long shutdown_gone, shutdown_ran, shutdown_at_gate, shutdown_open_at;

static inline void shutdown_destroy(long i)
{
    shutdown_destroyed[i]++;
    __atomic_fetch_add(&shutdown_gone, 1, __ATOMIC_RELEASE);
}

/* Keeps a worker until so many arguments have been destroyed. */
static inline void shutdown_gate(void)
{
    __atomic_fetch_add(&shutdown_at_gate, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&shutdown_gone, __ATOMIC_ACQUIRE) <
           __atomic_load_n(&shutdown_open_at, __ATOMIC_RELAXED))
        sched_yield();
}

/* The first `gates` tasks keep the workers. */
static inline void shutdown_task(long i, int gates)
{
    if (i < gates)
        shutdown_gate();
    __atomic_fetch_add(&shutdown_ran, 1, __ATOMIC_RELAXED);
}

/* From any thread that has submitted. */
static inline void shutdown_wait_for_gates(int gates)
{
    while (__atomic_load_n(&shutdown_at_gate, __ATOMIC_RELAXED) < gates)
        sched_yield();
}

static inline void shutdown_open(void)
{
    __atomic_store_n(&shutdown_open_at, 0, __ATOMIC_RELAXED);
}

static inline int shutdown_check(long n)
{
    long once = 0;
    for (long i = 0; i < n; i++)
        once += shutdown_destroyed[i] == 1;
    return bench_check("the number of arguments destroyed once", once, n);
}

/* seconds(n, workers): makes n tasks pending and gives them up; what the second half took. The gates open when all but
 * those that wait there are gone. */
static inline int shutdown_measure(const struct bench *b, double (*seconds)(long n, int workers))
{
    const long n = b->quick ? SHUTDOWN_TASKS_QUICK : SHUTDOWN_TASKS;
    double took[BENCH_REPEATS], sum = 0;
    int runs = 0, status = 0;
    long ran = 0;
    while (runs < BENCH_REPEATS && sum < BENCH_SECONDS && !status) {
        memset(shutdown_destroyed, 0, sizeof shutdown_destroyed);
        shutdown_gone = shutdown_ran = shutdown_at_gate = 0;
        shutdown_open_at = n - b->workers;
        sum += took[runs++] = seconds(n, b->workers);
        ran += shutdown_ran;
        status = shutdown_check(n);
    }
    bench_print("time", bench_median(took, runs) / (double)n * 1e9, "ns");
    bench_print("share", 100 * (1 - (double)ran / (double)(n * runs)), "%");
    return status;
}

#endif
