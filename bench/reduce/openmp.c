/* SPDX-License-Identifier: MIT */
/* bench/reduce/openmp.c - the sum with OpenMP's reduction and schedules. */
#include "../common_openmp.h"
#include "reduce.h"

#define LOOP(name, kind)                                                 \
    static void name(struct reduce *r)                                   \
    {                                                                    \
        const double *x = r->x;                                          \
        const long n = r->n;                                             \
        double sum = 0;                                                  \
        BENCH_PRAGMA(omp parallel for schedule(kind) reduction(+ : sum)) \
        for (long i = 0; i < n; i++)                                     \
            sum += x[i];                                                 \
        r->sum = sum;                                                    \
    }

LOOP(static_loop, static)
LOOP(guided_loop, guided)

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    struct reduce r = reduce_make(&b);
    bench_openmp(&b);
    int status = reduce_metric(&r, "static", static_loop);
    return reduce_metric(&r, "guided", guided_loop) | status;
}
