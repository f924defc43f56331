/* SPDX-License-Identifier: MIT */
/* bench/idle-cpu/weft.c - an idle pool of weft. */
#include "../common_weft.h"
#include "idle.h"

static weft_pool *pool;

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

static long enter(long n)
{
    bench_must("weft_run", weft_run(pool, root, &n));
    return n;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    pool = bench_weft(&b);
    int status = idle_measure(&b, enter);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}
