/* SPDX-License-Identifier: MIT */
/* bench/ramp/openmp.c - the job in a parallel region, a task for every right half. */
#include "../common_openmp.h"
#include "ramp.h"

static long sum(long first, long n)
{
    long left, right;
    if (n == 1)
        return ramp_leaf(first);
#pragma omp task shared(right)
    {
        ramp_task();
        right = sum(first + n / 2, n - n / 2);
    }
    left = sum(first, n / 2);
#pragma omp taskwait
    return left + right;
}

static long job(void)
{
    long result = 0;
#pragma omp parallel
#pragma omp single
    result = ramp_root(sum);
    return result;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_openmp(&b);
    return ramp_measure(&b, "", job);
}
