/* SPDX-License-Identifier: MIT */
/**
 * weft/parallel.h - loops and maps over arrays.
 *
 *     static int shrink(void *out, const void *in, void *ctx)    // one item
 *     {
 *         return make_thumbnail(*(char *const *)in, out);       // 0: fine
 *     }
 *
 *     struct thumb thumbs[6000];
 *     int err = weft_parallel_map(NULL, shrink, names, sizeof *names, thumbs, sizeof *thumbs, 6000, NULL);
 *
 * No grain, no chunk size: idle workers cut pieces from what remains of a running loop, down to the
 * last item, so cheap and skewed bodies are alike to it. Nested calls share the same workers.
 *
 * A body runs on other threads, too: it must not leave by an exception, longjmp or pthread_exit.
 *
 * The calling thread works along; a call waits for its own items only and runs nothing else meanwhile.
 * Any thread may call, inside a pool or outside.
 */
#ifndef WEFT_PARALLEL_H
#define WEFT_PARALLEL_H

#include <weft/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The body of a loop: the items [begin, end), begin < end; called for disjoint ranges, from several
 *  threads at the same time. */
typedef void weft_range_fn(size_t begin, size_t end, void *ctx);

/**
 * Equals `body(begin, end, ctx)` where the body treats the items one by one and independently.
 * @param pool        NULL: the pool the caller works in, or the default pool
 * @param begin, end  the items; begin == end: nothing is called
 * @param body        called for ranges that together cover [begin, end), each item once
 * @return 0 after all items; before any: -EINVAL (body is NULL, begin > end), -ENOMEM (no default
 *         pool), -EOWNERDEAD (the pool is the parent's, after a fork(2))
 */
WEFT_API int weft_parallel_for(weft_pool *pool, size_t begin, size_t end, weft_range_fn *body, void *ctx);

/** One item of a map: reads *in, writes *out. 0: fine; anything else is this item's status.
 *  in and out are the same where input and output are the same array. */
typedef int weft_item_fn(void *out, const void *in, void *ctx);

/** What to do when an item's status is not 0. */
enum weft_on_error {
    WEFT_FAIL_FAST = 0, /**< start no further item; started ones finish */
    WEFT_COLLECT        /**< run every item */
};

/** What became of the items. */
typedef struct weft_map_report {
    size_t done;   /**< items that ran with status 0 */
    size_t failed; /**< items that ran with another status; the rest did not run */
    size_t index;  /**< the lowest failed index among those that ran; n if none failed */
    int status;    /**< its status; 0 if none failed */
} weft_map_report;

typedef struct weft_map_config {
    size_t size;             /**< sizeof(weft_map_config); WEFT_MAP_CONFIG fills it in */
    int on_error;            /**< enum weft_on_error */
    void *ctx;               /**< handed to every call of the item function */
    int *status;             /**< NULL, or room for n: each item's status; -ECANCELED: did not run */
    weft_map_report *report; /**< NULL, or receives what became of the items */
} weft_map_config;

/** A pointer to a config in which the named fields are set (C only, see WEFT_POOL_CONFIG). */
#define WEFT_MAP_CONFIG(...) (&(const weft_map_config){.size = sizeof(weft_map_config), __VA_ARGS__})

/**
 * Equals `for (i = 0; i < n; i++) fn(out + i * out_size, in + i * in_size, ctx);` results in order.
 * @param pool               NULL: the pool the caller works in, or the default pool
 * @param fn                 called once an item, from several threads at the same time
 * @param in, in_size        n items of in_size bytes; NULL with in_size 0: fn gets NULL
 * @param out, out_size      n items of out_size bytes; may be `in` itself (in place) if the sizes are
 *                           equal; NULL with out_size 0: fn gets NULL
 * @param n                  items; 0: nothing is called
 * @param config             may be NULL; not kept
 * @return 0: every item ran with status 0. WEFT_EITEM: at least one did not; see the report.
 *         Before any item: -EINVAL (fn is NULL; an array is NULL but its size is not 0; on_error
 *         unknown; a config of a size that makes no sense), -EOVERFLOW (n * size does not fit), -ENOMEM (no default pool), -EOWNERDEAD; then
 *         status and report are not written.
 * With n == 1 or one worker the items run in the caller, in order.
 */
WEFT_API int weft_parallel_map(weft_pool *pool, weft_item_fn *fn, const void *in, size_t in_size, void *out,
                               size_t out_size, size_t n, const weft_map_config *config);

#ifdef __cplusplus
}
#endif
#endif
