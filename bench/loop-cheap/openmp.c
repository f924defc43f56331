/* SPDX-License-Identifier: MIT */
/* bench/loop-cheap/openmp.c - the cheap loop with OpenMP's schedules. */
#include "../common_openmp.h"
#include "cheap.h"

#define LOOP(name, kind)                              \
    static void name(struct cheap *c)                 \
    {                                                 \
        const double *restrict x = c->x;              \
        double *restrict y = c->y;                    \
        const long n = c->n;                          \
        BENCH_PRAGMA(omp parallel for schedule(kind)) \
        for (long i = 0; i < n; i++)                  \
            y[i] = sqrt(x[i]) * 1.5 + 2;              \
    }

LOOP(static_loop, static)
LOOP(dynamic_loop, dynamic)
LOOP(guided_loop, guided)

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    struct cheap c = cheap_make(&b);
    bench_openmp(&b);
    int status = cheap_metric(&c, "static", static_loop);
    status |= cheap_metric(&c, "dynamic", dynamic_loop);
    return cheap_metric(&c, "guided", guided_loop) | status;
}
