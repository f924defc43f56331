/* SPDX-License-Identifier: MIT */
/* bench/long-leaf/tbb.cpp - the long leaf with one task group. */
#include "../common_tbb.h"
#include "leaf.h"

static bench_tbb *tbb_;

static uint64_t root(const leaf *l)
{
    uint64_t part[LEAF_CHILDREN];
    tbb::task_group group;
    for (long i = 0; i < LEAF_CHILDREN; i++)
        group.run([l, i, &part] { part[i] = leaf_child(l, i); });
    uint64_t sum = leaf_parent(l);
    group.wait();
    for (uint64_t one : part)
        sum += one;
    return sum;
}

static uint64_t run(const leaf *l)
{
    return tbb_->arena.execute([l] { return root(l); });
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    bench_tbb t(b);
    tbb_ = &t;
    return leaf_metric(&b, "ideal", run);
}
