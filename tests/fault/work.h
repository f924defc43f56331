/* SPDX-License-Identifier: MIT */
/* work.h - one small program that uses every kind of call, and says what came out wrong.
 *
 * - use_pool(pool) answers 0, or the line that saw a wrong result; it checks results, not speed.
 */
#ifndef WEFT_TESTS_WORK_H
#define WEFT_TESTS_WORK_H

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <weft/weft.h>

static WEFT_TASK(long, work_fib, int)

    static long work_fib(int n)
{
    if (n < 2)
        return n;
    weft_fork(work_fib, left, n - 1);
    long right = work_fib(n - 2);
    return weft_join(work_fib, left) + right;
}

static void work_run_fib(void *out)
{
    *(long *)out = work_fib(15);
}

struct work_loop {
    weft_local *local;
    atomic_long total, without_local;
};

static void work_body(size_t begin, size_t end, void *arg)
{
    struct work_loop *w = arg;
    long *mine = w->local ? weft_local_get(w->local) : NULL;
    if (mine)
        *mine += (long)(end - begin);
    else
        atomic_fetch_add(&w->without_local, (long)(end - begin));
    atomic_fetch_add(&w->total, (long)(end - begin));
}

static int work_double(void *out, const void *in, void *ctx)
{
    (void)ctx;
    *(int *)out = *(const int *)in * 2;
    return 0;
}

static void work_add(void *value, void *sum)
{
    *(long *)sum += *(long *)value;
}

static int work_fork_join(weft_pool *pool)
{
    long result = 0;
    return weft_run(pool, work_run_fib, &result) != 0 || result != 610 ? __LINE__ : 0;
}

static int work_map(weft_pool *pool)
{
    int in[300], status[300];
    for (int i = 0; i < 300; i++)
        in[i] = i;
    if (weft_parallel_map(pool, work_double, in, sizeof *in, in, sizeof *in, 300,
                          WEFT_MAP_CONFIG(.status = status)))
        return __LINE__;
    for (int i = 0; i < 300; i++)
        if (in[i] != 2 * i || status[i] != 0)
            return __LINE__;
    return 0;
}

/* Worker-local values may be refused for want of memory; what was counted must add up all the same. */
static int work_loop(weft_pool *pool)
{
    struct work_loop w = {NULL, 0, 0};
    long sum = 0;
    int err = weft_local_create(&w.local, pool, WEFT_LOCAL_CONFIG(.bytes = sizeof(long)));
    if (err && err != -ENOMEM)
        return __LINE__;
    if (err)
        w.local = NULL;
    if (weft_parallel_for(pool, 10, 2010, work_body, &w))
        return __LINE__;
    if (w.local)
        weft_local_each(w.local, work_add, &sum);
    weft_local_destroy(w.local);
    return atomic_load(&w.total) != 2000 || sum + atomic_load(&w.without_local) != 2000 ? __LINE__ : 0;
}

enum { WORK_BINS = 4096 };

static void work_fill(size_t begin, size_t end, void *bins, void *arg)
{
    (void)arg;
    for (size_t i = begin; i < end; i++)
        ((int *)bins)[i % WORK_BINS]++;
}

static void work_merge(void *bins, const void *right, void *arg)
{
    (void)arg;
    for (int i = 0; i < WORK_BINS; i++)
        ((int *)bins)[i] += ((const int *)right)[i];
}

/* Accumulators too large to lie on the stack may be refused for want of memory; then nothing was written. */
static int work_reduce(weft_pool *pool)
{
    static int bins[WORK_BINS];
    bins[7] = -1;
    int err =
        weft_parallel_reduce(pool, 0, 3 * WORK_BINS, work_fill, work_merge, NULL, bins, sizeof bins, NULL);
    if (err)
        return err != -ENOMEM || bins[7] != -1 ? __LINE__ : 0;
    for (int i = 0; i < WORK_BINS; i++)
        if (bins[i] != 3)
            return __LINE__;
    return 0;
}

static void work_call(void *out)
{
    ++*(int *)out;
}

static int work_invoke(weft_pool *pool)
{
    int counts[3] = {0};
    const weft_call calls[] = {{work_call, &counts[0]}, {work_call, &counts[1]}, {work_call, &counts[2]}};
    if (weft_parallel_invoke(pool, calls, 3))
        return __LINE__;
    return counts[0] != 1 || counts[1] != 1 || counts[2] != 1 ? __LINE__ : 0;
}

static int work_errand(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 7;
}

/* A task may be refused for want of memory; then it does not run. */
static int work_tasks(weft_pool *pool)
{
    weft_executor *executor;
    weft_future *future[40];
    atomic_int ran = 0;
    int bad = 0, accepted = 0, status;
    if (weft_pool_executor(pool, &executor))
        return __LINE__;
    for (int i = 0; i < 40; i++) {
        int err = weft_submit(executor, work_errand, &ran, &future[i]);
        accepted += err == 0;
        if ((err && err != -ENOMEM) || !err == !future[i])
            bad = __LINE__;
    }
    for (int i = 0; i < 40; i++) {
        if (future[i] && (weft_future_get(future[i], &status) || status != 7))
            bad = __LINE__;
        weft_future_release(future[i]);
    }
    return bad || atomic_load(&ran) == accepted ? bad : __LINE__;
}

static int use_pool(weft_pool *pool)
{
    int bad = work_fork_join(pool);
    bad = bad ? bad : work_tasks(pool);
    bad = bad ? bad : work_map(pool);
    bad = bad ? bad : work_reduce(pool);
    bad = bad ? bad : work_invoke(pool);
    return bad ? bad : work_loop(pool);
}

#endif
