/* SPDX-License-Identifier: MIT */
/* bench/pool-start/openmp.c - a parallel region, then omp_pause_resource_all, which ends the threads. */
#include "../common_openmp.h"
#include "start.h"

static long cycle(int workers)
{
    long number = 21, threads = 0;
#pragma omp parallel num_threads(workers) reduction(+ : threads)
    threads += 1;
    if (omp_pause_resource_all(omp_pause_hard) != 0)
        return -1;
    return threads == workers ? 2 * number : threads;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_openmp_version();
    omp_set_dynamic(0);
    return start_measure(&b, cycle);
}
