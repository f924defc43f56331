/* SPDX-License-Identifier: MIT */
/* bench/reduce/tbb.cpp - the sum by parallel_reduce with its default, the auto partitioner. */
#include "../common_tbb.h"
#include "reduce.h"

#include <functional>
#include <tbb/parallel_reduce.h>

static void loop(reduce *r)
{
    r->sum = tbb::parallel_reduce(
        tbb::blocked_range<long>(0, r->n), 0.0,
        [r](const tbb::blocked_range<long> &range, double sum) {
            return reduce_range(r->x, range.begin(), range.end(), sum);
        },
        std::plus<double>());
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    struct reduce r = reduce_make(&b);
    bench_tbb t(b);
    return reduce_metric(&r, "time", loop);
}
