/* SPDX-License-Identifier: MIT */
/* bench/loop-skew/tbb.cpp - the skewed loop by parallel_for with its default, the auto partitioner. */
#include "../common_tbb.h"
#include "skew.h"

static void loop(const skew *s)
{
    tbb::parallel_for(tbb::blocked_range<long>(0, s->n),
                      [s](const tbb::blocked_range<long> &r) { skew_range(s, r.begin(), r.end()); });
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    skew s = skew_make(&b);
    bench_tbb t(b);
    return skew_metric(&s, "ideal", loop);
}
