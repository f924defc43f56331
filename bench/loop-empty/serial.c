/* SPDX-License-Identifier: MIT */
/* bench/loop-empty/serial.c - the empty loop without a runtime. */
#include "../common_serial.h"
#include "empty.h"

static void loop(void)
{
    for (long i = 0; i < BENCH_ITEMS; i++)
        empty_item();
}

static void counting(void)
{
    for (long i = 0; i < BENCH_ITEMS; i++)
        empty_count(i);
}

int main(int argc, char **argv)
{
    (void)bench_args(argc, argv);
    bench_serial();
    return empty_metric("time", loop, counting);
}
