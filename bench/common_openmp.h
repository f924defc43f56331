/* SPDX-License-Identifier: MIT */
/* bench/common_openmp.h - teams of N threads; bench/run sets OMP_PROC_BIND and OMP_PLACES. */
#ifndef BENCH_COMMON_OPENMP_H
#define BENCH_COMMON_OPENMP_H

#include "common.h"

#include <omp.h>

#define BENCH_PRAGMA(...) _Pragma(#__VA_ARGS__)

static inline void bench_openmp_threads(int workers)
{
    int threads = 0;
    omp_set_dynamic(0);
    omp_set_num_threads(workers);
#pragma omp parallel
#pragma omp single
    threads = omp_get_num_threads();
    if (threads != workers) {
        fprintf(stderr, "OpenMP: %d threads asked for, %d there\n", workers, threads);
        exit(1);
    }
}

static inline void bench_openmp_version(void)
{
    char text[128];
#ifdef __clang__
    snprintf(text, sizeof text, "clang %s OpenMP %d", __clang_version__, _OPENMP);
#else
    snprintf(text, sizeof text, "gcc %s OpenMP %d", __VERSION__, _OPENMP);
#endif
    bench_version(text);
}

static inline void bench_openmp(const struct bench *b)
{
    bench_openmp_version();
    bench_openmp_threads(b->workers);
}

#endif
