/* SPDX-License-Identifier: MIT */
/* bench/reduce-bins/serial.c - the histogram without a runtime. */
#include "../common_serial.h"
#include "bins.h"

static void loop(struct bins *b)
{
    memset(b->count, 0, sizeof b->count);
    bins_range(b->values, 0, b->n, b->count);
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    struct bins *bins = bins_make(&b);
    bench_serial();
    return bins_metric(bins, "time", loop);
}
