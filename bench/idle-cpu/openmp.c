/* SPDX-License-Identifier: MIT */
/* bench/idle-cpu/openmp.c - an idle team of OpenMP. */
#include "../common_openmp.h"
#include "idle.h"

static long fib(long n)
{
    if (n < 2)
        return n;
    long left, right;
#pragma omp task shared(left)
    left = fib(n - 1);
    right = fib(n - 2);
#pragma omp taskwait
    return left + right;
}

static long enter(long n)
{
    long result = 0;
#pragma omp parallel
#pragma omp single
    result = fib(n);
    return result;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_openmp(&b);
    return idle_measure(&b, enter);
}
