/* SPDX-License-Identifier: MIT */
/*
 * bench/mpi/weft.c - weft_mpi_run: a task there and back, also with many bytes, many tasks, the items of a map,
 * items of very unequal cost.
 *
 * The first rank submits and does nothing else; each of the others has a pool of one worker.
 */
#include "ranks.h"

#include "../common_weft.h"

#include <weft/bulk.h>
#include <weft/mpi.h>

/* ---- what runs there ----------------------------------------------------------------------------- */

static int task(const void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int echo(const void *arg, void *result)
{
    memcpy(result, arg, LONG);
    return 0;
}

static int part(const void *cost, void *result)
{
    (void)result;
    ranks_work(*(const long *)cost);
    return 0;
}

static int item(void *out, const void *in, void *ctx)
{
    (void)ctx;
    *(int *)out = *(const int *)in + 1;
    return 0;
}

static int skewed(void *out, const void *in, void *ctx)
{
    (void)ctx;
    ranks_work(*(const long *)in);
    *(long *)out = *(const long *)in + 1;
    return 0;
}

/* ---- what is measured ---------------------------------------------------------------------------- */

struct job {
    struct bench b;
    weft_executor *ranks;
    weft_future **futures;
    int *items;
    unsigned char *bytes;
    long *cost, *out;
    long wrong;
};

static weft_future *submit(const struct job *j)
{
    static const weft_task_spec spec = {.size = sizeof spec, .fn2 = task};
    weft_future *future;
    bench_must("weft_submit_task", weft_submit_task(j->ranks, &spec, &future));
    return future;
}

static void collect(struct job *j, weft_future *future)
{
    int status = -1;
    bench_must("weft_future_get", weft_future_get(future, &status));
    weft_future_release(future);
    j->wrong += status != 0;
}

static void there_and_back(long calls, void *job)
{
    for (long i = 0; i < calls; i++)
        collect(job, submit(job));
}

static void long_there_and_back(long calls, void *job)
{
    struct job *j = job;
    const weft_task_spec spec = {
        .size = sizeof spec, .fn2 = echo, .arg = j->bytes, .arg_bytes = LONG, .result_bytes = LONG};
    for (long i = 0; i < calls; i++) {
        weft_future *future;
        j->bytes[i % LONG]++;
        bench_must("weft_submit_task", weft_submit_task(j->ranks, &spec, &future));
        bench_must("weft_future_wait", weft_future_wait(future, WEFT_FOREVER));
        j->wrong += memcmp(weft_future_result(future), j->bytes, LONG) != 0;
        collect(j, future);
    }
}

static void submit_all(void *job)
{
    struct job *j = job;
    for (long i = 0; i < TASKS; i++)
        j->futures[i] = submit(j);
    for (long i = 0; i < TASKS; i++)
        collect(j, j->futures[i]);
}

static void map_all(void *job)
{
    struct job *j = job;
    for (int i = 0; i < ITEMS; i++)
        j->items[i] = i;
    bench_must("weft_executor_map",
               weft_executor_map(j->ranks, item, j->items, sizeof(int), j->items, sizeof(int), ITEMS, NULL));
    for (int i = 0; i < ITEMS; i++)
        j->wrong += j->items[i] != i + 1;
}

static void map_skewed(void *job)
{
    struct job *j = job;
    bench_must("weft_executor_map", weft_executor_map(j->ranks, skewed, j->cost, sizeof(long), j->out,
                                                      sizeof(long), SKEWED, NULL));
    for (long i = 0; i < SKEWED; i++)
        j->wrong += j->out[i] != j->cost[i] + 1;
}

/* The ideal: the same work in equal parts, one for each rank, side by side. */
static void work_equally(void *job)
{
    struct job *j = job;
    long cost = ranks_total(j->b.quick) / j->b.workers;
    const weft_task_spec spec = {.size = sizeof spec, .fn2 = part, .arg = &cost, .arg_bytes = sizeof cost};
    for (int r = 0; r < j->b.workers; r++)
        bench_must("weft_submit_task", weft_submit_task(j->ranks, &spec, &j->futures[r]));
    for (int r = 0; r < j->b.workers; r++)
        collect(j, j->futures[r]);
}

/* Processors may slow each other down, and for a while only: so each time the ideal is measured before and after. */
static void measure_skewed(struct job *j, const char *metric, bool heavy_last)
{
    double ratio[RANKS_TIMES];
    ranks_costs(j->cost, heavy_last, j->b.quick);
    for (int i = 0; i < RANKS_TIMES; i++) {
        double before = bench_once(work_equally, j), took = bench_once(map_skewed, j);
        ratio[i] = took / ((before + bench_once(work_equally, j)) / 2);
    }
    bench_print(metric, bench_median(ratio, RANKS_TIMES), "x");
}

static void measure(weft_executor *ranks, void *job)
{
    struct job *j = job;
    j->ranks = ranks;
    j->futures = bench_alloc(TASKS * sizeof *j->futures);
    j->bytes = bench_alloc(LONG);
    memset(j->bytes, 0, LONG);
    j->items = bench_alloc(ITEMS * sizeof *j->items);
    j->cost = bench_alloc(SKEWED * sizeof *j->cost);
    j->out = bench_alloc(SKEWED * sizeof *j->out);
    bench_version(weft_version());
    bench_print("hot-time", bench_time_batch(there_and_back, j) * 1e6, "us");
    bench_print("long-time", bench_time_batch(long_there_and_back, j) * 1e6, "us");
    bench_print("task-time", bench_time(submit_all, j) / TASKS * 1e6, "us");
    bench_print("map-time", bench_time(map_all, j) / ITEMS * 1e6, "us");
    bench_print("equal-parts", ranks_equal_parts(work_equally, j, &j->b), "x");
    measure_skewed(j, "skew-head", false);
    measure_skewed(j, "skew-tail", true);
    free(j->futures);
    free(j->bytes);
    free(j->items);
    free(j->cost);
    free(j->out);
}

int main(int argc, char **argv)
{
    int level;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    struct job j = {.b = bench_args(argc, argv)};
    weft_pool *pool = bench_pool(1);
    bench_must("weft_mpi_run", weft_mpi_run(MPI_COMM_WORLD, measure, &j, WEFT_MPI_CONFIG(.pool = pool)));
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    MPI_Finalize();
    return bench_check("what came back wrong", j.wrong, 0);
}
