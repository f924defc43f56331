/* SPDX-License-Identifier: MIT */
/* bench/idle-cpu/tbb.cpp - idle threads of oneTBB. */
#include "../common_tbb.h"
#include "idle.h"

static bench_tbb *tbb_;

static long fib(long n)
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
    return idle_measure(&b, enter);
}
