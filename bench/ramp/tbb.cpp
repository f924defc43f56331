/* SPDX-License-Identifier: MIT */
/* bench/ramp/tbb.cpp - the job with a task group for every right half; bound: with threads that keep to
 * their processors. */
#include "../common_tbb.h"
#include "ramp.h"

static bench_tbb *tbb_;

static long sum(long first, long n)
{
    if (n == 1)
        return ramp_leaf(first);
    long right = 0;
    tbb::task_group group;
    group.run([&right, first, n] {
        ramp_task();
        right = sum(first + n / 2, n - n / 2);
    });
    long left = sum(first, n / 2);
    group.wait();
    return left + right;
}

static long job()
{
    return tbb_->arena.execute([] { return ramp_root(sum); });
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    bench_tbb t(b);
    tbb_ = &t;
    int status = ramp_measure(&b, "", job);
    bench_tbb_bound bound(t.arena);
    return ramp_measure(&b, "bound-", job) | status;
}
