/* SPDX-License-Identifier: MIT */
/*
 * bench/processes/weft.c - weft_executor_processes: a task there and back, many, the items of a map; and a large array, of
 * which each block is looked up in a table, as a multiple of what the pool's threads take: bytes go there and back, or
 * (shared) the array is memory that the workers have, too.
 */
#define BENCH_PROCESSES
#include "../common_weft.h"

#include <weft/bulk.h>
#include <weft/process.h>

enum { BLOCK = 64 << 10, TASKS = 100000, TIMES = 5 };

static weft_executor *processes, *threads;
static unsigned char table[256];

__attribute__((constructor)) static void fill_table(void)
{
    for (int i = 0; i < 256; i++)
        table[i] = (unsigned char)(i * 5 + 3);
}

/* ---- what runs there ----------------------------------------------------------------------------- */

static int task(const void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int item(void *out, const void *in, void *ctx)
{
    (void)ctx;
    *(int *)out = *(const int *)in + 1;
    return 0;
}

static int block(void *out, const void *in, void *ctx)
{
    const unsigned char *from = in;
    unsigned char *to = out;
    (void)ctx;
    for (size_t i = 0; i < BLOCK; i++)
        to[i] = table[from[i]];
    return 0;
}

/* ---- what is measured ---------------------------------------------------------------------------- */

static const weft_task_spec spec = {.size = sizeof spec, .fn2 = task};

static int collect(weft_future *future)
{
    int status = -1;
    bench_must("weft_future_get", weft_future_get(future, &status));
    weft_future_release(future);
    return status;
}

static void there_and_back(long calls, void *wrong)
{
    for (long i = 0; i < calls; i++) {
        weft_future *future;
        bench_must("weft_submit_task", weft_submit_task(processes, &spec, &future));
        *(long *)wrong += collect(future) != 0;
    }
}

struct many {
    weft_future **futures;
    int *items;
    long n, wrong;
};

static void submit_all(void *arg)
{
    struct many *m = arg;
    for (long i = 0; i < m->n; i++)
        bench_must("weft_submit_task", weft_submit_task(processes, &spec, &m->futures[i]));
    for (long i = 0; i < m->n; i++)
        m->wrong += collect(m->futures[i]) != 0;
}

static void map_all(void *arg)
{
    struct many *m = arg;
    for (long i = 0; i < m->n; i++)
        m->items[i] = (int)i;
    bench_must("weft_executor_map", weft_executor_map(processes, item, m->items, sizeof(int), m->items,
                                                      sizeof(int), (size_t)m->n, NULL));
    for (long i = 0; i < m->n; i++)
        m->wrong += m->items[i] != (int)i + 1;
}

static int measure_many(bool quick)
{
    struct many m = {.n = quick ? TASKS / 10 : TASKS};
    m.futures = bench_alloc((size_t)m.n * sizeof *m.futures);
    m.items = bench_alloc((size_t)m.n * sizeof *m.items);
    bench_print("task-time", bench_time(submit_all, &m) / (double)m.n * 1e6, "us");
    bench_print("map-time", bench_time(map_all, &m) / (double)m.n * 1e6, "us");
    free(m.futures);
    free(m.items);
    return bench_check("what came back wrong", m.wrong, 0);
}

struct array {
    unsigned char *bytes;
    size_t blocks;
    unsigned char byte; /* each, by now */
};

static double map_blocks(weft_executor *executor, struct array *a)
{
    double begin = bench_now();
    bench_must("weft_executor_map",
               weft_executor_map(executor, block, a->bytes, BLOCK, a->bytes, BLOCK, a->blocks, NULL));
    a->byte = table[a->byte];
    return bench_now() - begin;
}

static long count_wrong(const struct array *a)
{
    long wrong = 0;
    for (size_t i = 0; i < a->blocks * BLOCK; i++)
        wrong += a->bytes[i] != a->byte;
    return wrong;
}

static void print_times(const char *time, const char *ratio, double *there, double *times,
                        const struct array *a)
{
    bench_print(time, bench_median(there, TIMES) / (double)(a->blocks * BLOCK) * (1 << 30) * 1e3, "ms/GiB");
    bench_print(ratio, bench_median(times, TIMES), "x");
}

/* Processors and memory are faster and slower for a while on a shared machine: so each is between two runs of the threads. */
static int measure_array(bool quick)
{
    struct array own = {.blocks = (quick ? (size_t)256 << 20 : (size_t)1 << 30) / BLOCK}, shared = own;
    double there[TIMES], times[TIMES], shared_there[TIMES], shared_times[TIMES];
    void *memory;
    bench_must("weft_shared_alloc", weft_shared_alloc(shared.blocks * BLOCK, &memory));
    own.bytes = bench_alloc(own.blocks * BLOCK);
    shared.bytes = memory;
    memset(own.bytes, 0, own.blocks * BLOCK);
    memset(shared.bytes, 0, shared.blocks * BLOCK);
    double here = map_blocks(threads, &own);
    for (int i = 0; i < TIMES; i++) {
        double before = here;
        there[i] = map_blocks(processes, &own);
        here = map_blocks(threads, &own);
        times[i] = there[i] / ((before + here) / 2);
        before = here;
        shared_there[i] = map_blocks(processes, &shared);
        here = map_blocks(threads, &own);
        shared_times[i] = shared_there[i] / ((before + here) / 2);
    }
    print_times("array-time", "array-ratio", there, times, &own);
    print_times("shared-time", "shared-ratio", shared_there, shared_times, &shared);
    int status = bench_check("wrong bytes", count_wrong(&own) + count_wrong(&shared), 0);
    free(own.bytes);
    bench_must("weft_shared_free", weft_shared_free(memory));
    return status;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    weft_pool *pool = bench_weft(&b);
    long wrong = 0;
    bench_must("weft_pool_executor", weft_pool_executor(pool, &threads));
    bench_must(
        "weft_executor_processes",
        weft_executor_processes(&processes, WEFT_PROCESSES_CONFIG(.pool = pool, .processes = b.workers)));
    bench_print("hot-time", bench_time_batch(there_and_back, &wrong) * 1e6, "us");
    int status = bench_check("tasks that failed", wrong, 0);
    status |= measure_many(b.quick);
    status |= measure_array(b.quick);
    bench_must("weft_executor_destroy", weft_executor_destroy(processes));
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}
