/* SPDX-License-Identifier: MIT */
/* bench/nqueens/openmp.c - queens with a task a child and one wait for all. */
#include "../common_openmp.h"
#include "nqueens.h"

static long queens(struct board b)
{
    long sums[QUEENS_MAX], sum = 0;
    int n = 0;
    if (board_full(b))
        return 1;
    for (unsigned free = board_free(b); free; free &= free - 1) {
        struct board child = board_put(b, free);
        long *to = &sums[n++];
#pragma omp task firstprivate(child, to)
        *to = queens(child);
    }
#pragma omp taskwait
    while (n-- > 0)
        sum += sums[n];
    return sum;
}

static long enter(struct board b)
{
    long result = 0;
#pragma omp parallel
#pragma omp single
    result = queens(b);
    return result;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_openmp(&b);
    return queens_measure(&b, enter);
}
