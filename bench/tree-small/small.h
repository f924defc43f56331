/* SPDX-License-Identifier: MIT */
/*
 * bench/tree-small/small.h - the sum of a tree of 1,000 nodes with a warm pool, ns a call.
 *
 *  - inside: call after call by a task that is in the pool already.
 *  - outside: each call enters the pool from outside and leaves it.
 */
#ifndef BENCH_TREE_SMALL_H
#define BENCH_TREE_SMALL_H

#include "../tree/tree.h"

#define SMALL_NODES 1000L

/* `calls` sums; the last one is kept in result if all were the same, else -1. */
struct small {
    struct node *root;
    long calls;
    long result;
};

static inline void small_note(struct small *s, long sum)
{
    if (s->result != sum)
        s->result = s->result == 0 ? sum : -1;
}

static inline int small_metric(const char *metric, void (*batch)(long calls, void *ctx))
{
    struct small s = {tree_build(SMALL_NODES), 0, 0};
    double seconds = bench_time_batch(batch, &s);
    bench_print(metric, seconds * 1e9, "ns");
    free(s.root);
    return tree_check(SMALL_NODES, s.result);
}

static inline int small_measure(void (*inside)(long, void *), void (*outside)(long, void *))
{
    int status = small_metric("inside", inside);
    return small_metric("outside", outside) | status;
}

#endif
