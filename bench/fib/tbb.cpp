/* SPDX-License-Identifier: MIT */
/* bench/fib/tbb.cpp - fib with a task group a call. */
#include "../common_tbb.h"
#include "fib.h"

static bench_tbb *tbb_;

FIB_CALL static long fib(long n)
{
    if (n < 2)
        return n;
    long left = 0;
    tbb::task_group group;
    group.run([&left, n] { left = fib(n - 1); });
    long right = fib(n - 2);
    group.wait();
    return left + right;
}

static long enter(long n)
{
    return tbb_->arena.execute([n] { return fib(n); });
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    bench_tbb t(b);
    tbb_ = &t;
    return fib_measure(&b, enter);
}
