/* SPDX-License-Identifier: MIT */
/* bench/tree/tbb.cpp - the large tree with a task group for every right child. */
#include "../common_tbb.h"
#include "large.h"

static bench_tbb *tbb_;

static long sum(const node *root)
{
    if (!root)
        return 0;
    if (!root->right)
        return sum(root->left) + root->value;
    long right = 0;
    tbb::task_group group;
    group.run([&right, root] { right = sum(root->right); });
    long left = sum(root->left);
    group.wait();
    return left + right + root->value;
}

static long enter(const node *root)
{
    return tbb_->arena.execute([root] { return sum(root); });
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    bench_tbb t(b);
    tbb_ = &t;
    return large_measure(&b, enter);
}
