/* SPDX-License-Identifier: MIT */
/* bench/tree-small/tbb.cpp - the small tree with a task group for every right child. */
#include "../common_tbb.h"
#include "small.h"

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

static void inside(long calls, void *ctx)
{
    small *s = static_cast<small *>(ctx);
    tbb_->arena.execute([s, calls] {
        for (long i = 0; i < calls; i++)
            small_note(s, sum(s->root));
    });
}

static void outside(long calls, void *ctx)
{
    for (long i = 0; i < calls; i++)
        inside(1, ctx);
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    bench_tbb t(b);
    tbb_ = &t;
    return small_measure(inside, outside);
}
