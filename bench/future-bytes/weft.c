/* SPDX-License-Identifier: MIT */
/*
 * bench/future-bytes/weft.c - weft_submit (submit); through an executor with a limit (limit); weft_submit_task with a copied
 * argument of 16 bytes, a destructor and a label (spec); a promise; what follows one future (then).
 */
#include "../common_weft.h"
#include "bytes.h"

static weft_pool *pool;
static weft_executor *executor, *limited;
static weft_future **futures;
static weft_promise **promises;
static weft_future *first;

static void start(int workers)
{
    futures = bench_alloc(BYTES_FUTURES * sizeof *futures);
    promises = bench_alloc(BYTES_FUTURES * sizeof *promises);
    memset(futures, 0xff, BYTES_FUTURES * sizeof *futures);
    memset(promises, 0xff, BYTES_FUTURES * sizeof *promises);
    pool = bench_pool(workers);
    bench_must("weft_pool_executor", weft_pool_executor(pool, &executor));
    bench_must("weft_executor_create",
               weft_executor_create(&limited, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = workers)));
}

static int wait_at_gate(void *arg)
{
    (void)arg;
    bytes_wait_at_gate();
    return 0;
}

static void gate(void)
{
    bench_must("weft_submit", weft_submit(executor, wait_at_gate, NULL, NULL));
}

static int get(long i)
{
    int status = -1;
    bench_must("weft_future_get", weft_future_get(futures[i], &status));
    weft_future_release(futures[i]);
    return status;
}

static int task(void *i)
{
    return bytes_status((long)(intptr_t)i);
}

static void submit(long i)
{
    bench_must("weft_submit", weft_submit(executor, task, (void *)(intptr_t)i, &futures[i]));
}

static void submit_limited(long i)
{
    bench_must("weft_submit", weft_submit(limited, task, (void *)(intptr_t)i, &futures[i]));
}

struct argument {
    long number, unused;
};

static int task_of_copy(void *copy)
{
    return bytes_status(((struct argument *)copy)->number);
}

static void destroy(void *copy)
{
    (void)copy;
}

static void submit_spec(long i)
{
    struct argument argument = {i, 0};
    const weft_task_spec spec = {.size = sizeof spec,
                                 .fn = task_of_copy,
                                 .arg = &argument,
                                 .arg_bytes = sizeof argument,
                                 .destroy = destroy,
                                 .label = "copied"};
    bench_must("weft_submit_task", weft_submit_task(executor, &spec, &futures[i]));
}

static void promise(long i)
{
    bench_must("weft_promise_create", weft_promise_create(&promises[i], executor, &futures[i]));
}

static void fulfil(long n)
{
    for (long i = 0; i < n; i++)
        bench_must("weft_promise_fulfil", weft_promise_fulfil(promises[i], bytes_status(i)));
}

static int follow(weft_future *before, void *i)
{
    (void)before;
    return bytes_status((long)(intptr_t)i);
}

static void then(long i)
{
    if (!first)
        bench_must("weft_promise_create", weft_promise_create(&promises[0], executor, &first));
    bench_must("weft_future_then",
               weft_future_then(first, executor, follow, (void *)(intptr_t)i, &futures[i]));
}

static void fulfil_first(long n)
{
    (void)n;
    bench_must("weft_promise_fulfil", weft_promise_fulfil(promises[0], 0));
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    const struct bytes_kind kinds[] = {
        {"submit", start, gate, submit, NULL, get},     {"limit", start, gate, submit_limited, NULL, get},
        {"spec", start, gate, submit_spec, NULL, get},  {"promise", start, gate, promise, fulfil, get},
        {"then", start, gate, then, fulfil_first, get},
    };
    int status = 0;
    bench_version(weft_version());
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        status |= bytes_measure(&b, &kinds[i]);
    return status;
}
