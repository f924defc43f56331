/* SPDX-License-Identifier: MIT */
/*
 * bench/sim/work.h - what is run: trees that unfold while they are run, loops of items with known costs.
 *
 * A node of a tree is a task: it takes its cost, forks all children but the last, calls the last, joins the others
 * from the youngest to the oldest. The trees:
 *   fib         fib(n): a call without children below 2; each call takes `task`
 *   recursion   a complete binary tree, a leaf takes `task`
 *   geometric   an unbalanced tree: the number of children is drawn geometrically with mean `mean`, down to `levels`
 *   binomial    another: `first` children of the root, then `many` with probability `chance`, else none
 * After Olivier et al. 2006 (UTS), with splitmix64 in place of its SHA-1: a node's key makes its children's.
 */
#ifndef SIM_WORK_H
#define SIM_WORK_H

#include "queue.h"

typedef struct sim_node {
    uint64_t key;
    sim_time path; /* what is on the way from the root to here: the longest one is the span */
    uint32_t level;
} sim_node;

typedef struct sim_tree {
    enum { SIM_FIB, SIM_RECURSION, SIM_GEOMETRIC, SIM_BINOMIAL } shape;
    sim_time task;
    uint32_t levels;
    double mean, chance;
    unsigned first, many;
    uint64_t seed;
} sim_tree;

sim_node sim_tree_root(const sim_tree *tree);
unsigned sim_tree_children(const sim_tree *tree, const sim_node *node);
sim_node sim_tree_child(const sim_tree *tree, const sim_node *node, unsigned index);
sim_time sim_tree_cost(const sim_tree *tree, const sim_node *node);
/* How many tasks it has, by running through it. */
uint64_t sim_tree_count(const sim_tree *tree);

/* Item i takes until[i + 1] - until[i]. */
typedef struct sim_loop {
    uint32_t items;
    sim_time *until;
} sim_loop;

/* All alike, or of very unequal cost: that of rank i is 1 / (i + 1) of the first (Zipf), the heavy end first or last. */
enum sim_skew { SIM_EVEN, SIM_HEAVY_FIRST, SIM_HEAVY_LAST };
/* `item` is what one takes on average. */
void sim_loop_init(sim_loop *loop, enum sim_skew skew, uint32_t items, sim_time item);
void sim_loop_fini(sim_loop *loop);

#endif
