/* SPDX-License-Identifier: MIT */
/* bench/blocking/glib.c - GThreadPool: of N threads (submit), and of as many as there are tasks (sized). */
#include "../common_glib.h"
#include "blocking.h"

static void work(gpointer unused, gpointer unused_too)
{
    (void)unused;
    (void)unused_too;
    blocking_task();
}

static double submit(int workers)
{
    GThreadPool *pool = bench_glib_pool(work, workers, NULL);
    double start = bench_now();
    for (long i = 0; i < BLOCKING_TASKS; i++)
        g_thread_pool_push(pool, GINT_TO_POINTER(1), NULL);
    g_thread_pool_free(pool, FALSE, TRUE);
    return bench_now() - start;
}

static double sized(int workers)
{
    (void)workers;
    return submit(BLOCKING_TASKS);
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_glib_version();
    return blocking_measure(&b, "submit", submit) | blocking_measure(&b, "sized", sized);
}
