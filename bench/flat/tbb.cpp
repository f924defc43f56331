/* SPDX-License-Identifier: MIT */
/* bench/flat/tbb.cpp - a million tasks in one task group. */
#include "../common_tbb.h"
#include "flat.h"

static bench_tbb *tbb_;

static void spawn(long tasks)
{
    tbb_->arena.execute([tasks] {
        tbb::task_group group;
        for (long i = 0; i < tasks; i++)
            group.run([] { flat_task(); });
        group.wait();
    });
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    bench_tbb t(b);
    tbb_ = &t;
    return flat_measure(&b, spawn);
}
