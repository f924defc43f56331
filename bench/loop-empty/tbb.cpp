/* SPDX-License-Identifier: MIT */
/* bench/loop-empty/tbb.cpp - the empty loop by parallel_for with its default, the auto partitioner. */
#include "../common_tbb.h"
#include "empty.h"

static void loop()
{
    tbb::parallel_for(tbb::blocked_range<long>(0, BENCH_ITEMS), [](const tbb::blocked_range<long> &r) {
        for (long i = r.begin(); i < r.end(); i++)
            empty_item();
    });
}

static void counting()
{
    tbb::parallel_for(tbb::blocked_range<long>(0, BENCH_ITEMS), [](const tbb::blocked_range<long> &r) {
        for (long i = r.begin(); i < r.end(); i++)
            empty_count(i);
    });
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    bench_tbb t(b);
    return empty_metric("time", loop, counting);
}
