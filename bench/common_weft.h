/* SPDX-License-Identifier: MIT */
/* bench/common_weft.h - a pool of N workers, or a sentence and the end. */
#ifndef BENCH_COMMON_WEFT_H
#define BENCH_COMMON_WEFT_H

#include "common.h"

#include <weft/weft.h>

static inline void bench_must(const char *what, int err)
{
    if (!err)
        return;
    fprintf(stderr, "%s: %s\n", what, weft_strerror(err));
    exit(1);
}

static inline weft_pool *bench_pool(int workers)
{
    weft_pool *pool;
    bench_must("weft_pool_create", weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = workers)));
    if (weft_pool_workers(pool) != workers) {
        fprintf(stderr, "weft: %d workers asked for, %d there\n", workers, weft_pool_workers(pool));
        exit(1);
    }
    return pool;
}

static inline weft_pool *bench_weft(const struct bench *b)
{
    bench_version(weft_version());
    return bench_pool(b->workers);
}

#endif
