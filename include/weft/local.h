/* SPDX-License-Identifier: MIT */
/**
 * weft/local.h - worker-local values: one per worker, made on first use, freed with the pool.
 *
 *     weft_local *counts;
 *     weft_local_create(&counts, NULL, WEFT_LOCAL_CONFIG(.bytes = sizeof(long)));
 *     weft_parallel_for(NULL, 0, n, body, counts);        // body: long *c = weft_local_get(counts);
 *     weft_local_each(counts, add_up, &total);
 *     weft_local_destroy(counts);
 *
 * For scratch buffers and partial results. Between two waits (joins, parallel calls) a value belongs to
 * the thread that got it; across a wait, get it again: another task may have used it meanwhile.
 */
#ifndef WEFT_LOCAL_H
#define WEFT_LOCAL_H

#include <weft/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_local weft_local;

typedef struct weft_local_config {
    size_t size;                          /**< sizeof(weft_local_config); WEFT_LOCAL_CONFIG fills it in */
    size_t bytes;                         /**< of one value; at least 1. Aligned to 128, zeroed */
    int (*init)(void *value, void *ctx);  /**< NULL, or called once a value; not 0: there is no value */
    void (*fini)(void *value, void *ctx); /**< NULL, or called once for every value that was made */
    void *ctx;                            /**< handed to init and fini */
} weft_local_config;

/** A pointer to a config in which the named fields are set (C only, see WEFT_POOL_CONFIG). */
#define WEFT_LOCAL_CONFIG(...) (&(const weft_local_config){.size = sizeof(weft_local_config), __VA_ARGS__})

/**
 * Creates a set of values for a pool (NULL: current or default); none is made yet.
 * @return 0, -EINVAL (local or config is NULL, its size makes no sense, bytes is 0), -ENOMEM, -EOWNERDEAD
 * Any thread.
 */
WEFT_API int weft_local_create(weft_local **local, weft_pool *pool, const weft_local_config *config);

/**
 * The calling worker's value; made now if it has none yet. A thread outside the pool has one too.
 * @return the value, or NULL: no memory, or init answered not 0 (the next call tries again), or the pool is
 *         that of the parent process
 * Any thread; waits for nothing.
 */
WEFT_API void *weft_local_get(weft_local *local);

/** Calls fn for every value that was made, in the caller, in no promised order. No thread may be using
 *  the values meanwhile: after the parallel call, not inside it. */
WEFT_API void weft_local_each(weft_local *local, void (*fn)(void *value, void *ctx), void *ctx);

/** Frees all values (fini first) and the set; NULL is fine. Destroying the pool does the same to all its
 *  sets: do not call this after it. */
WEFT_API void weft_local_destroy(weft_local *local);

#ifdef __cplusplus
}
#endif
#endif
