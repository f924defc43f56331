/* SPDX-License-Identifier: MIT */
/* bench/loop-skew/openmp.c - the skewed loop with OpenMP's schedules. */
#include "../common_openmp.h"
#include "skew.h"

#define LOOP(name, kind)                              \
    static void name(const struct skew *s)            \
    {                                                 \
        const long n = s->n;                          \
        BENCH_PRAGMA(omp parallel for schedule(kind)) \
        for (long i = 0; i < n; i++)                  \
            skew_item(s, i);                          \
    }

LOOP(static_loop, static)
LOOP(dynamic_loop, dynamic)
LOOP(guided_loop, guided)

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    struct skew s = skew_make(&b);
    bench_openmp(&b);
    int status = skew_metric(&s, "static", static_loop);
    status |= skew_metric(&s, "dynamic", dynamic_loop);
    return skew_metric(&s, "guided", guided_loop) | status;
}
