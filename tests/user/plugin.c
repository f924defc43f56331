/* SPDX-License-Identifier: MIT */
/*
 * plugin.c - a plugin that uses weft; its host (plugin_host.c) knows nothing of it.
 * plugin_work computes through the default pool and a pool of its own, destroys both, and answers 0 or what
 * went wrong.
 */
#include <weft/weft.h>

#define ITEMS 1000

const char *plugin_work(void);

WEFT_TASK(long, fib, int)

long fib(int n)
{
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

static int doubled(void *out, const void *in, void *ctx)
{
    (void)ctx;
    *(int *)out = 2 * *(const int *)in;
    return 0;
}

static void root(void *result)
{
    *(long *)result = fib(18);
}

static int map_is_right(weft_pool *pool)
{
    static int in[ITEMS], out[ITEMS];
    for (int i = 0; i < ITEMS; i++)
        in[i] = i, out[i] = 0;
    if (weft_parallel_map(pool, doubled, in, sizeof *in, out, sizeof *out, ITEMS, NULL))
        return 0;
    for (int i = 0; i < ITEMS; i++)
        if (out[i] != 2 * i)
            return 0;
    return 1;
}

static const char *work_in(weft_pool *pool)
{
    long result = 0;
    if (!map_is_right(pool))
        return "the map is wrong";
    if (weft_run(pool, root, &result) || result != 2584)
        return "fork and join are wrong";
    return NULL;
}

const char *plugin_work(void)
{
    weft_pool *own = NULL, *standard = NULL;
    const char *wrong = work_in(NULL);
    if (wrong)
        return wrong;
    if (weft_pool_create(&own, WEFT_POOL_CONFIG(.workers = 3)))
        return "no pool";
    wrong = work_in(own);
    if (weft_pool_destroy(own))
        return "the pool does not end";
    if (weft_pool_default(&standard) || weft_pool_destroy(standard))
        return "the default pool does not end";
    return wrong;
}
