/* SPDX-License-Identifier: MIT */
/* bench/loop-cheap/tbb.cpp - the cheap loop by parallel_for with its default, the auto partitioner. */
#include "../common_tbb.h"
#include "cheap.h"

static void loop(cheap *c)
{
    tbb::parallel_for(tbb::blocked_range<long>(0, c->n), [c](const tbb::blocked_range<long> &r) {
        cheap_range(c->x, c->y, r.begin(), r.end());
    });
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    cheap c = cheap_make(&b);
    bench_tbb t(b);
    return cheap_metric(&c, "time", loop);
}
