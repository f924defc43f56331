/* SPDX-License-Identifier: MIT */
/*
 * bench/tree/tree.h - the sum of a binary tree: two pointers and a long a node.
 *
 *  - Nodes stand in memory in the order in which a recursive build allocates them: root, left half,
 *    right half. So all programs fork the right half and go left: against memory order they would
 *    measure cache misses (ten times the serial time, with any runtime).
 *  - A node without a right child forks nothing: a tree of 2^23-1 nodes has 2^22-1 forks.
 *  - A tree of n nodes is as balanced as n allows; node values are 1, 2, ... n in that order.
 */
#ifndef BENCH_TREE_H
#define BENCH_TREE_H

#include "../common.h"

struct node {
    struct node *left, *right;
    long value;
};

static inline struct node *tree_fill(struct node **next, long n, long *value)
{
    if (n == 0)
        return NULL;
    struct node *node = (*next)++;
    long left = n / 2;
    node->value = ++*value;
    node->left = tree_fill(next, left, value);
    node->right = tree_fill(next, n - 1 - left, value);
    return node;
}

/* The root; free() ends the whole tree. */
static inline struct node *tree_build(long n)
{
    struct node *nodes = (struct node *)bench_alloc((size_t)n * sizeof *nodes), *next = nodes;
    long value = 0;
    return tree_fill(&next, n, &value);
}

static inline int tree_check(long n, long sum)
{
    return bench_check("the sum of the tree", sum, n * (n + 1) / 2);
}

#endif
