/* SPDX-License-Identifier: MIT */
/* bench/tree-small/openmp.c - the small tree with an OpenMP task for every right child. */
#include "../common_openmp.h"
#include "small.h"

static long sum(const struct node *node)
{
    if (!node)
        return 0;
    if (!node->right)
        return sum(node->left) + node->value;
    long left, right;
#pragma omp task shared(right)
    right = sum(node->right);
    left = sum(node->left);
#pragma omp taskwait
    return left + right + node->value;
}

static void inside(long calls, void *ctx)
{
    struct small *s = ctx;
#pragma omp parallel
#pragma omp single
    for (long i = 0; i < calls; i++)
        small_note(s, sum(s->root));
}

static void outside(long calls, void *ctx)
{
    for (long i = 0; i < calls; i++)
        inside(1, ctx);
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_openmp(&b);
    return small_measure(inside, outside);
}
