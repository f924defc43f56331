/* SPDX-License-Identifier: MIT */
/* bench/tree/openmp.c - the large tree with an OpenMP task for every right child. */
#include "../common_openmp.h"
#include "large.h"

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

static long enter(const struct node *root)
{
    long result = 0;
#pragma omp parallel
#pragma omp single
    result = sum(root);
    return result;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_openmp(&b);
    return large_measure(&b, enter);
}
