/* SPDX-License-Identifier: MIT */
/* bench/common_glib.h - a GThreadPool of N threads that are all its own. */
#ifndef BENCH_COMMON_GLIB_H
#define BENCH_COMMON_GLIB_H

#include "common.h"

#include <glib.h>

static inline void bench_glib_version(void)
{
    char text[64];
    snprintf(text, sizeof text, "%u.%u.%u", glib_major_version, glib_minor_version, glib_micro_version);
    bench_version(text);
}

/* drop: for what is still queued when the pool is freed at once; NULL: nothing. */
static inline GThreadPool *bench_glib_pool(GFunc work, int workers, GDestroyNotify drop)
{
    GError *error = NULL;
    GThreadPool *pool = g_thread_pool_new_full(work, NULL, drop, workers, TRUE, &error);
    if (!error)
        return pool;
    fprintf(stderr, "g_thread_pool_new_full: %s\n", error->message);
    exit(1);
}

#endif
