/* SPDX-License-Identifier: MIT */
/* bench/long-leaf/openmp.c - the long leaf with an OpenMP task for every child. */
#include "../common_openmp.h"
#include "leaf.h"

static uint64_t run(const struct leaf *l)
{
    uint64_t part[LEAF_CHILDREN], sum = 0;
#pragma omp parallel
#pragma omp single
    {
        for (long i = 0; i < LEAF_CHILDREN; i++) {
#pragma omp task shared(part) firstprivate(i)
            part[i] = leaf_child(l, i);
        }
        sum = leaf_parent(l);
#pragma omp taskwait
    }
    for (long i = 0; i < LEAF_CHILDREN; i++)
        sum += part[i];
    return sum;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_openmp(&b);
    return leaf_metric(&b, "ideal", run);
}
