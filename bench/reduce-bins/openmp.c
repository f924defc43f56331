/* SPDX-License-Identifier: MIT */
/* bench/reduce-bins/openmp.c - the histogram with OpenMP's reduction of an array. */
#include "../common_openmp.h"
#include "bins.h"

#define LOOP(name, kind)                                                          \
    static void name(struct bins *b)                                              \
    {                                                                             \
        const unsigned short *values = b->values;                                 \
        unsigned *count = b->count;                                               \
        const long n = b->n;                                                      \
        memset(count, 0, sizeof b->count);                                        \
        BENCH_PRAGMA(omp parallel for schedule(kind) reduction(+ : count[:BINS])) \
        for (long i = 0; i < n; i++)                                              \
            count[values[i]]++;                                                   \
    }

LOOP(static_loop, static)
LOOP(guided_loop, guided)

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    struct bins *bins = bins_make(&b);
    bench_openmp(&b);
    int status = bins_metric(bins, "static", static_loop);
    return bins_metric(bins, "guided", guided_loop) | status;
}
