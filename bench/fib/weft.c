/* SPDX-License-Identifier: MIT */
/* bench/fib/weft.c - fib as weft/fork.h shows it. */
#include "../common_weft.h"
#include "fib.h"

static weft_pool *pool;

WEFT_TASK(long, fib, long)

FIB_CALL long fib(long n)
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
    int status = fib_measure(&b, enter);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}
