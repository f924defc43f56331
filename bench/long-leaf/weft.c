/* SPDX-License-Identifier: MIT */
/* bench/long-leaf/weft.c - the long leaf with handles in an array; polite: no child is published by force. */
#include "../common_weft.h"
#include "leaf.h"

static weft_pool *pool;

WEFT_TASK(uint64_t, child, const struct leaf *, long)

uint64_t child(const struct leaf *l, long i)
{
    return leaf_child(l, i);
}

struct root {
    const struct leaf *leaf;
    uint64_t sum;
};

static void root(void *arg)
{
    struct root *r = arg;
    weft_handle(child) handles[LEAF_CHILDREN];
    for (long i = 0; i < LEAF_CHILDREN; i++)
        weft_fork_at(child, &handles[i], r->leaf, i);
    r->sum = leaf_parent(r->leaf);
    for (long i = LEAF_CHILDREN; i-- > 0;)
        r->sum += weft_join(child, handles[i]);
}

static uint64_t run(const struct leaf *l)
{
    struct root r = {l, 0};
    bench_must("weft_run", weft_run(pool, root, &r));
    return r.sum;
}

static int metric(const struct bench *b, const char *name, int force)
{
    bench_must("weft_pool_create",
               weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = b->workers, .force = force)));
    int status = leaf_metric(b, name, run);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_version(weft_version());
    int status = metric(&b, "ideal", 0);
    return metric(&b, "polite", WEFT_NONE) | status;
}
