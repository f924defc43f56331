/* SPDX-License-Identifier: MIT */
/* bench/ramp/weft.c - the job by weft_run. */
#include "../common_weft.h"
#include "ramp.h"

static weft_pool *pool;

WEFT_TASK(long, sum, long, long)

long sum(long first, long n)
{
    ramp_task();
    if (n == 1)
        return ramp_leaf(first);
    weft_fork(sum, right, first + n / 2, n - n / 2);
    long left = sum(first, n / 2);
    return left + weft_join(sum, right);
}

static void root(void *result)
{
    *(long *)result = ramp_root(sum);
}

static long job(void)
{
    long result;
    bench_must("weft_run", weft_run(pool, root, &result));
    return result;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    pool = bench_weft(&b);
    int status = ramp_measure(&b, "", job);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}
