/* SPDX-License-Identifier: MIT */
/* bench/loop-empty/openmp.c - the empty loop with OpenMP's schedules. */
#include "../common_openmp.h"
#include "empty.h"

#define LOOP(name, kind, item)                        \
    static void name(void)                            \
    {                                                 \
        BENCH_PRAGMA(omp parallel for schedule(kind)) \
        for (long i = 0; i < BENCH_ITEMS; i++)        \
            item;                                     \
    }

LOOP(static_loop, static, empty_item())
LOOP(static_counting, static, empty_count(i))
LOOP(dynamic_loop, dynamic, empty_item())
LOOP(dynamic_counting, dynamic, empty_count(i))

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_openmp(&b);
    int status = empty_metric("static", static_loop, static_counting);
    return empty_metric("dynamic", dynamic_loop, dynamic_counting) | status;
}
