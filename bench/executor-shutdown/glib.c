/* SPDX-License-Identifier: MIT */
/* bench/executor-shutdown/glib.c - g_thread_pool_free, immediately; it waits for the workers before it drops a task, so
 * that they have to be let go first, and run some. */
#include "../common_glib.h"
#include "shutdown.h"

static int gates;

/* Tasks are their numbers + 1. */
static void destroy(gpointer task)
{
    shutdown_destroy((long)(intptr_t)task - 1);
}

static void work(gpointer task, gpointer unused)
{
    (void)unused;
    shutdown_task((long)(intptr_t)task - 1, gates);
    destroy(task);
}

static double seconds(long n, int workers)
{
    gates = workers;
    GThreadPool *pool = bench_glib_pool(work, workers, destroy);
    for (long i = 0; i < n; i++)
        g_thread_pool_push(pool, (gpointer)(intptr_t)(i + 1), NULL);
    shutdown_wait_for_gates(workers);
    double start = bench_now();
    shutdown_open();
    g_thread_pool_free(pool, TRUE, TRUE);
    return bench_now() - start;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_glib_version();
    return shutdown_measure(&b, seconds);
}
