/* SPDX-License-Identifier: MIT */
/**
 * weft/parallel.h - loops, maps, reductions over arrays, and groups of calls.
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
 * In a pool on several NUMA nodes an outermost call is laid out over them, as WEFT_NUMA_BLOCKED lays out pages: each node
 * begins with its own part, and helps with others when that is done (docs/numa.md).
 *
 * The calling thread works along and runs the first item; a call waits for its own items only and runs nothing
 * else meanwhile. Any thread may call, inside a pool or outside.
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

/**
 * The same where item i works on the item_bytes bytes at memory + i * item_bytes: in a pool on several NUMA nodes each
 * part begins on the node where its memory lies, by the kernel's word. Where items run is no promise: idle workers take
 * over what is left elsewhere. It is weft_parallel_for where the pool is on one node, inside another loop, and where the
 * pages are interleaved or change nodes more than 63 times, or are not there yet.
 *
 *     weft_parallel_for_near(NULL, 0, rows, smooth, table, table, row_bytes);
 *
 * Asking takes one system call about 256 pages at most, some 0.1 ms: for loops of several milliseconds. docs/numa.md.
 * @param memory, item_bytes  the array of the items; not read or written by the call
 * @return as weft_parallel_for; -EINVAL, too: memory is NULL, item_bytes is 0; -EOVERFLOW: it goes round the end of the
 *         address space
 */
WEFT_API int weft_parallel_for_near(weft_pool *pool, size_t begin, size_t end, weft_range_fn *body, void *ctx,
                                    const void *memory, size_t item_bytes);

/** One item of a map: reads *in, writes *out. 0: fine; anything else is this item's status.
 *  in and out are the same where input and output are the same array. */
typedef int weft_item_fn(void *out, const void *in, void *ctx);

/** What to do when an item's status is not 0. */
enum weft_on_error {
    WEFT_FAIL_FAST = 0, /**< start no further item; started ones finish */
    WEFT_COLLECT        /**< run every item */
};

/** Which array's pages say where items begin, as with weft_parallel_for_near. */
enum weft_near { WEFT_NEAR_NONE = 0, WEFT_NEAR_IN, WEFT_NEAR_OUT };

/** What became of the items. */
typedef struct weft_map_report {
    size_t done;   /**< items that ran with status 0 */
    size_t failed; /**< items that ran with another status; the rest did not run */
    size_t index;  /**< the lowest failed index among those that ran; n if none failed */
    int status;    /**< its status; 0 if none failed */
} weft_map_report;

struct weft_codec; /* weft/bulk.h */

typedef struct weft_map_config {
    size_t size;             /**< sizeof(weft_map_config); WEFT_MAP_CONFIG fills it in */
    int on_error;            /**< enum weft_on_error */
    void *ctx;               /**< handed to every call of the item function */
    int *status;             /**< NULL, or room for n: each item's status; -ECANCELED: did not run */
    weft_map_report *report; /**< NULL, or receives what became of the items */
    int near; /**< enum weft_near; under an executor's limit: who runs items takes the nearest that are left */
    /** How items with pointers go to another process (weft/bulk.h), and come back; NULL: as the bytes that they are. Not called
     *  where items run in this process. */
    const struct weft_codec *in_codec, *out_codec;
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
 *         unknown; near is unknown, or such an array is NULL; a codec without pack, unpack or items; a config of a size
 *         that makes no sense), -EOVERFLOW (n * size does not fit), -ENOMEM (no default pool), -EOWNERDEAD; then status and
 *         report are not written.
 * With n == 1, in a pool without workers, or in a task of the only worker, the items run in the caller, in order, as long as
 * none of them blocks.
 */
WEFT_API int weft_parallel_map(weft_pool *pool, weft_item_fn *fn, const void *in, size_t in_size, void *out,
                               size_t out_size, size_t n, const weft_map_config *config);

/** Adds the items [begin, end), begin < end, in their order to *acc, which holds the items that end at begin, or
 *  the identity. Called from several threads at the same time, for disjoint items and accumulators. */
typedef void weft_reduce_fn(size_t begin, size_t end, void *acc, void *ctx);

/** *acc becomes *acc (+) *right; right holds the items behind those of acc and is not used afterwards, so that what
 *  it owns may be moved. Called from several threads at the same time, for disjoint accumulators. */
typedef void weft_combine_fn(void *acc, const void *right, void *ctx);

/**
 * Equals `memcpy(result, identity, bytes); body(begin, end, result, ctx);` for a combine that is associative; it
 * need not be commutative, for neighbours alone are combined, in the order of their items.
 *
 *     static void add(size_t begin, size_t end, void *sum, void *x)
 *     {
 *         for (size_t i = begin; i < end; i++)
 *             *(double *)sum += ((const double *)x)[i];
 *     }
 *     weft_parallel_reduce(NULL, 0, n, add, add_up, NULL, &sum, sizeof sum, x); // add_up: *acc += *right
 *
 * The caller accumulates in result itself; one or two accumulators are made for each piece that an idle thread cuts
 * from the loop, and each is combined once. So combines follow the number of cuts, not of items: a thread that works
 * alone makes none.
 * Body and combine may fork, run loops and reduce; nobody else touches their accumulators meanwhile.
 * Time decides where pieces end: sums of floating-point numbers, which are not associative, may differ in their last
 * bits from run to run. There is no form yet that fixes the grouping.
 * @param pool        NULL: the pool the caller works in, or the default pool
 * @param begin, end  the items; begin == end: nothing is called, result is the identity
 * @param identity    bytes that stand for no items, copied; must not overlap result. NULL: zeros
 * @param result      the first accumulator, of the caller's alignment; the others are aligned to 128 and last no
 *                    longer than the call
 * @param bytes       of an accumulator. Address space for 3 for each worker and seat and, where the pool is on several
 *                    nodes, 64 more, or one for each further item if these are fewer, is there before the first item; pages
 *                    of it are taken when an accumulator comes to lie there. Up to 16 MiB of it are kept for the thread's
 *                    next call, until the pool ends
 * @return 0. Before any item, and with result not written: -EINVAL (body, combine or result is NULL, begin > end,
 *         bytes is 0, identity overlaps result), -EOVERFLOW (bytes exceeds PTRDIFF_MAX), -ENOMEM, -EOWNERDEAD. Once
 *         body was called, the call does not fail.
 * Source: views combined in order, Frigo, Halpern, Leiserson, Lewin-Berlin 2009 (reducers).
 */
WEFT_API int weft_parallel_reduce(weft_pool *pool, size_t begin, size_t end, weft_reduce_fn *body,
                                  weft_combine_fn *combine, const void *identity, void *result, size_t bytes,
                                  void *ctx);

/** A call to be made: fn(arg). */
typedef struct weft_call {
    void (*fn)(void *arg);
    void *arg;
} weft_call;

/**
 * Equals `for (i = 0; i < n; i++) calls[i].fn(calls[i].arg);` for calls that are independent of each other. The first
 * is made by the calling thread, and all have returned when this does.
 * @param pool   NULL: the pool the caller works in, or the default pool
 * @param calls  n of them, not written; may be NULL if n is 0
 * @return 0; before any call: -EINVAL (calls or one of the functions is NULL), -EOVERFLOW (an array of n calls does not
 *         fit into memory), -ENOMEM (no default pool), -EOWNERDEAD
 */
WEFT_API int weft_parallel_invoke(weft_pool *pool, const weft_call *calls, size_t n);

#ifdef __cplusplus
}
#endif
#endif
