/* SPDX-License-Identifier: MIT */
/* bench/flat/openmp.c - a million OpenMP tasks and one wait. */
#include "../common_openmp.h"
#include "flat.h"

static void spawn(long tasks)
{
#pragma omp parallel
#pragma omp single
    {
        for (long i = 0; i < tasks; i++) {
#pragma omp task
            flat_task();
        }
#pragma omp taskwait
    }
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_openmp(&b);
    return flat_measure(&b, spawn);
}
