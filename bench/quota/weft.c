/* SPDX-License-Identifier: MIT */
/* bench/quota/weft.c - a pool of one worker and a pool of N, both created in the group; the idle one sleeps. */
#include "../common_weft.h"
#include "quota.h"

static weft_pool *pools[2];

WEFT_TASK(long, fib, long)

long fib(long n)
{
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

static void root(void *n)
{
    *(long *)n = fib(*(long *)n);
}

static long run_fib(bool many, long n)
{
    bench_must("weft_run", weft_run(pools[many], root, &n));
    return n;
}

static void body(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    quota_items((long)begin, (long)end);
}

static void run_loop(bool many, long begin, long end)
{
    bench_must("weft_parallel_for", weft_parallel_for(pools[many], (size_t)begin, (size_t)end, body, NULL));
}

static int in_group(const struct bench *b)
{
    static const struct quota_api api = {run_fib, run_loop};
    bench_version(weft_version());
    pools[0] = bench_pool(1);
    pools[1] = bench_pool(b->workers);
    int status = quota_measure(b, &api);
    bench_must("weft_pool_destroy", weft_pool_destroy(pools[1]));
    bench_must("weft_pool_destroy", weft_pool_destroy(pools[0]));
    return status;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    return group_run(QUOTA_US, QUOTA_PERIOD_US, in_group, &b);
}
