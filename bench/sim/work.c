/* SPDX-License-Identifier: MIT */
/* bench/sim/work.c - see work.h. */
#include "work.h"

#include <math.h>
#include <stdlib.h>

#include "must.h"

/* splitmix64: Steele, Lea & Flood 2014. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* From 0 to below 1. */
static double drawn(uint64_t key)
{
    return (double)(mix(key ^ UINT64_C(0x5851f42d4c957f2d)) >> 11) * 0x1p-53;
}

sim_node sim_tree_root(const sim_tree *tree)
{
    uint64_t key = tree->shape == SIM_FIB ? tree->levels : mix(tree->seed);
    sim_node root = {.key = key};
    root.path = sim_tree_cost(tree, &root);
    return root;
}

static unsigned children_geometric(const sim_tree *tree, const sim_node *node)
{
    if (node->level >= tree->levels)
        return 0;
    if (!node->level)
        return (unsigned)ceil(tree->mean);
    return (unsigned)floor(log(1 - drawn(node->key)) / log(1 - 1 / (1 + tree->mean)));
}

static unsigned children_binomial(const sim_tree *tree, const sim_node *node)
{
    if (!node->level)
        return tree->first;
    return drawn(node->key) < tree->chance ? tree->many : 0;
}

unsigned sim_tree_children(const sim_tree *tree, const sim_node *node)
{
    switch (tree->shape) {
    case SIM_FIB:
        return node->key < 2 ? 0 : 2;
    case SIM_RECURSION:
        return node->level < tree->levels ? 2 : 0;
    case SIM_GEOMETRIC:
        return children_geometric(tree, node);
    default:
        return children_binomial(tree, node);
    }
}

sim_time sim_tree_cost(const sim_tree *tree, const sim_node *node)
{
    return tree->shape == SIM_RECURSION && node->level < tree->levels ? 0 : tree->task;
}

sim_node sim_tree_child(const sim_tree *tree, const sim_node *node, unsigned index)
{
    sim_node child = {.level = node->level + 1};
    if (tree->shape == SIM_FIB)
        child.key = node->key - 1 - index;
    else
        child.key = mix(node->key + (index + 1) * UINT64_C(0x9e3779b97f4a7c15));
    child.path = node->path + sim_tree_cost(tree, &child);
    return child;
}

/* With a stack of its own: the binomial tree is deep. */
uint64_t sim_tree_count(const sim_tree *tree)
{
    size_t room = 1024, length = 0;
    sim_node *stack = sim_alloc(room * sizeof *stack);
    uint64_t count = 0;
    stack[length++] = sim_tree_root(tree);
    while (length) {
        sim_node node = stack[--length];
        unsigned children = sim_tree_children(tree, &node);
        count++;
        if (length + children > room) {
            stack = realloc(stack, (room = 2 * (length + children)) * sizeof *stack);
            sim_must(stack, "no memory");
        }
        for (unsigned i = 0; i < children; i++)
            stack[length++] = sim_tree_child(tree, &node, i);
    }
    free(stack);
    return count;
}

void sim_loop_init(sim_loop *loop, enum sim_skew skew, uint32_t items, sim_time item)
{
    double harmonic = 0, until = 0;
    loop->items = items;
    loop->until = sim_alloc(((size_t)items + 1) * sizeof *loop->until);
    for (uint32_t i = 0; i < items; i++)
        harmonic += 1.0 / (i + 1);
    for (uint32_t i = 0; i < items; i++) {
        uint32_t rank = skew == SIM_HEAVY_LAST ? items - 1 - i : i;
        double share = skew == SIM_EVEN ? 1 : items / harmonic / (rank + 1);
        until += share * (double)item;
        loop->until[i + 1] = (sim_time)until;
    }
}

void sim_loop_fini(sim_loop *loop)
{
    free(loop->until);
}
