/* SPDX-License-Identifier: MIT */
/* bench/pool-start/weft.c - create, run, destroy. */
#include "../common_weft.h"
#include "start.h"

static void twice(void *arg)
{
    *(long *)arg *= 2;
}

static long cycle(int workers)
{
    long number = 21;
    weft_pool *pool = bench_pool(workers);
    bench_must("weft_run", weft_run(pool, twice, &number));
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return number;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_version(weft_version());
    return start_measure(&b, cycle);
}
