/* SPDX-License-Identifier: MIT */
/* bench/reduce/serial.c - the sum without a runtime. */
#include "../common_serial.h"
#include "reduce.h"

static void loop(struct reduce *r)
{
    const double *x = r->x;
    BENCH_HIDE(x);
    r->sum = reduce_range(x, 0, r->n, 0);
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    struct reduce r = reduce_make(&b);
    bench_serial();
    return reduce_metric(&r, "time", loop);
}
