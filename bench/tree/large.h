/* SPDX-License-Identifier: MIT */
/* bench/tree/large.h - one sum of a tree of 2^23-1 nodes, in ms. */
#ifndef BENCH_TREE_LARGE_H
#define BENCH_TREE_LARGE_H

#include "tree.h"

struct large_run {
    long (*sum)(const struct node *root);
    struct node *root;
    long result;
};

static inline void large_once(void *ctx)
{
    struct large_run *t = (struct large_run *)ctx;
    BENCH_HIDE(t->root);
    t->result = t->sum(t->root);
}

static inline int large_measure(const struct bench *b, long (*sum)(const struct node *root))
{
    long n = (1L << (b->quick ? 17 : 23)) - 1;
    struct large_run t = {sum, tree_build(n), 0};
    double seconds = bench_time(large_once, &t);
    bench_print("time", seconds * 1e3, "ms");
    free(t.root);
    return tree_check(n, t.result);
}

#endif
