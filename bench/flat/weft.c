/* SPDX-License-Identifier: MIT */
/* bench/flat/weft.c - a million forks into an array of handles, joined in reverse. */
#include "../common_weft.h"
#include "flat.h"

static weft_pool *pool;

static void empty(void);
WEFT_TASK_VOID(empty)

static void empty(void)
{
    flat_task();
}

struct flat {
    weft_handle(empty) * handles;
    long tasks;
};

static void root(void *ctx)
{
    struct flat *f = ctx;
    for (long i = 0; i < f->tasks; i++)
        weft_fork_at(empty, &f->handles[i]);
    for (long i = f->tasks; i-- > 0;)
        weft_join(empty, f->handles[i]);
}

static struct flat all;

static void spawn(long tasks)
{
    all.tasks = tasks;
    if (!all.handles)
        all.handles = bench_alloc((size_t)tasks * sizeof *all.handles);
    bench_must("weft_run", weft_run(pool, root, &all));
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    pool = bench_weft(&b);
    int status = flat_measure(&b, spawn);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    free(all.handles);
    return status;
}
