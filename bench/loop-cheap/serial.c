/* SPDX-License-Identifier: MIT */
/* bench/loop-cheap/serial.c - the cheap loop without a runtime. */
#include "../common_serial.h"
#include "cheap.h"

static void loop(struct cheap *c)
{
    cheap_range(c->x, c->y, 0, c->n);
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    struct cheap c = cheap_make(&b);
    bench_serial();
    return cheap_metric(&c, "time", loop);
}
