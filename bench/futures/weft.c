/* SPDX-License-Identifier: MIT */
/*
 * bench/futures/weft.c - weft_future_then, weft_when_all, weft_completions.
 *
 *  - A chain hangs on a promise that is fulfilled when it is there. inline: its hops run in the thread that fulfils it;
 *    else each is submitted to the pool by the one before.
 *  - The parts of a whole, or of a set, are submitted to the pool before and run meanwhile; ended: they have ended.
 */
#include "../common_weft.h"
#include "futures.h"

static weft_executor *executor;
static weft_future **parts;

static int hop(weft_future *before, void *arg)
{
    (void)arg;
    return weft_future_status(before) + 1;
}

static long chain(weft_executor *where, long hops)
{
    weft_promise *promise;
    weft_future *last, *next;
    int status = -1;
    bench_must("weft_promise_create", weft_promise_create(&promise, executor, &last));
    for (long i = 0; i < hops; i++, last = next) {
        bench_must("weft_future_then", weft_future_then(last, where, hop, NULL, &next));
        weft_future_release(last);
    }
    futures_chain_made = bench_now();
    bench_must("weft_promise_fulfil", weft_promise_fulfil(promise, 0));
    bench_must("weft_future_get", weft_future_get(last, &status));
    weft_future_release(last);
    return status;
}

static long chain_in_pool(long hops)
{
    return chain(executor, hops);
}

static long chain_inline(long hops)
{
    return chain(WEFT_INLINE, hops);
}

static int part(void *i)
{
    return futures_part((long)(intptr_t)i);
}

static void make(long n)
{
    for (long i = 0; i < n; i++)
        bench_must("weft_submit", weft_submit(executor, part, (void *)(intptr_t)i, &parts[i]));
}

static void make_ended(long n)
{
    make(n);
    bench_must("weft_wait", weft_wait(parts, (size_t)n, WEFT_ALL, WEFT_FOREVER, NULL));
}

static long drop(long n)
{
    long ended = 0;
    for (long i = 0; i < n; i++) {
        ended += weft_future_status(parts[i]) == (int)(i % 64);
        weft_future_release(parts[i]);
    }
    return ended;
}

static long whole(long n)
{
    weft_future *all;
    int status;
    bench_must("weft_when_all", weft_when_all(parts, (size_t)n, &all));
    bench_must("weft_future_get", weft_future_get(all, &status));
    weft_future_release(all);
    return status;
}

static long completions(long n)
{
    weft_completions *set;
    weft_future *future;
    void *tag;
    long sum = 0;
    bench_must("weft_completions_create", weft_completions_create(&set));
    for (long i = 0; i < n; i++)
        bench_must("weft_completions_add", weft_completions_add(set, parts[i], (void *)(intptr_t)i));
    while (weft_completions_next(set, WEFT_FOREVER, &future, &tag) == 0) {
        const long i = (long)(intptr_t)tag;
        sum += future == parts[i] && weft_future_status(future) == (int)(i % 64) ? i : -1;
        weft_future_release(future);
    }
    weft_completions_destroy(set);
    return sum;
}

static int measure(const struct bench *b)
{
    const struct futures_api in_pool = {"", chain_in_pool, make, whole, completions, drop};
    const struct futures_api in_line = {"inline-", chain_inline, NULL, NULL, NULL, NULL};
    const struct futures_api ended = {"ended-", NULL, make_ended, whole, completions, drop};
    if (BENCH_MEASURE == futures_measure_chain)
        return BENCH_MEASURE(b, &in_line) | BENCH_MEASURE(b, &in_pool);
    return BENCH_MEASURE(b, &ended) | BENCH_MEASURE(b, &in_pool);
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    weft_pool *pool = bench_weft(&b);
    bench_must("weft_pool_executor", weft_pool_executor(pool, &executor));
    parts = bench_alloc(FUTURES_PARTS * sizeof(weft_future *));
    int status = measure(&b);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    free(parts);
    return status;
}
