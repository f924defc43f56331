/* SPDX-License-Identifier: MIT */
/* bench/tree-small/weft.c - the small tree with a fork for every right child. */
#include "../common_weft.h"
#include "small.h"

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

static void some(void *ctx)
{
    struct small *s = ctx;
    for (long i = 0; i < s->calls; i++)
        small_note(s, sum(s->root));
}

static void enter(struct small *s, long calls)
{
    s->calls = calls;
    bench_must("weft_run", weft_run(pool, some, s));
}

static void inside(long calls, void *ctx)
{
    enter(ctx, calls);
}

static void outside(long calls, void *ctx)
{
    for (long i = 0; i < calls; i++)
        enter(ctx, 1);
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    pool = bench_weft(&b);
    int status = small_measure(inside, outside);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}
