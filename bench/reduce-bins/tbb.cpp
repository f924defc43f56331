/* SPDX-License-Identifier: MIT */
/* bench/reduce-bins/tbb.cpp - the histogram by parallel_reduce of a body, which makes accumulators at a steal only. */
#include "../common_tbb.h"
#include "bins.h"

#include <tbb/parallel_reduce.h>
#include <vector>

struct counter {
    const unsigned short *values;
    std::vector<unsigned> count;
    explicit counter(const unsigned short *v) : values(v), count(BINS)
    {
    }
    counter(counter &other, tbb::split) : counter(other.values)
    {
    }
    void operator()(const tbb::blocked_range<long> &r)
    {
        bins_range(values, r.begin(), r.end(), count.data());
    }
    void join(const counter &right)
    {
        bins_add(count.data(), right.count.data());
    }
};

static void loop(bins *b)
{
    counter c(b->values);
    tbb::parallel_reduce(tbb::blocked_range<long>(0, b->n), c);
    memcpy(b->count, c.count.data(), sizeof b->count);
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    struct bins *h = bins_make(&b);
    bench_tbb t(b);
    return bins_metric(h, "time", loop);
}
