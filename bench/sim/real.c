/* SPDX-License-Identifier: MIT */
/* bench/sim/real.c - see real.h. */
#define WEFT_COUNT_FORKS
#include "real.h"

#include <weft/weft.h>

#include "must.h"

typedef struct job {
    const sim_loop *loop;
    long n, result;
} job;

static sim_time task;

static void spin(sim_time time)
{
    for (sim_time left = time * REAL_SPINS_PER_NS / SIM_NS; left > 0; left--)
        __asm__ volatile("");
}

WEFT_TASK(long, fib, long)

long fib(long n)
{
    spin(task);
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

static void run_fib(void *ctx)
{
    job *j = ctx;
    j->result = fib(j->n);
}

static void run_items(size_t begin, size_t end, void *ctx)
{
    job *j = ctx;
    for (size_t i = begin; i < end; i++) {
        spin(j->loop->until[i + 1] - j->loop->until[i]);
        __atomic_add_fetch(&j->result, 1, __ATOMIC_RELAXED);
    }
}

static void run_loop(void *ctx)
{
    job *j = ctx;
    sim_must(!weft_parallel_for(NULL, 0, j->loop->items, run_items, j), "weft_parallel_for failed");
}

static long run(void (*root)(void *), job j, weft_counters *done)
{
    weft_pool *pool;
    sim_must(!weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2)), "no pool");
    sim_must(!weft_run(pool, root, &j), "weft_run failed");
    *done = (weft_counters)WEFT_COUNTERS_INIT;
    sim_must(!weft_pool_counters(pool, -1, done), "no counters");
    sim_must(!weft_pool_destroy(pool), "weft_pool_destroy failed");
    return j.result;
}

long real_fib(const sim_tree *tree, weft_counters *done)
{
    task = tree->task;
    return run(run_fib, (job){.n = (long)tree->levels}, done);
}

long real_loop(const sim_loop *loop, weft_counters *done)
{
    return run(run_loop, (job){.loop = loop}, done);
}
