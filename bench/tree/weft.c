/* SPDX-License-Identifier: MIT */
/* bench/tree/weft.c - the large tree with a fork for every right child. */
#include "../common_weft.h"
#include "large.h"

static weft_pool *pool;

WEFT_TASK(long, sum, const struct node *)

long sum(const struct node *node)
{
    if (!node)
        return 0;
    if (!node->right)
        return sum(node->left) + node->value;
    weft_fork(sum, right, node->right);
    long left = sum(node->left);
    return left + weft_join(sum, right) + node->value;
}

struct call {
    const struct node *root;
    long sum;
};

static void root(void *ctx)
{
    struct call *c = ctx;
    c->sum = sum(c->root);
}

static long enter(const struct node *tree)
{
    struct call c = {tree, 0};
    bench_must("weft_run", weft_run(pool, root, &c));
    return c.sum;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    pool = bench_weft(&b);
    int status = large_measure(&b, enter);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}
