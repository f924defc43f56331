/* SPDX-License-Identifier: MIT */
/**
 * weft/stream.h - many items in, many results out, a bounded number of them in between: imap and imap_unordered.
 *
 *     weft_stream *stream;
 *     weft_stream_open(&stream, WEFT_STREAM_CONFIG(.fn = thumbnail, .items = paths, .in_bytes = sizeof *paths, .n = 6000,
 *                                                  .out_bytes = sizeof(struct picture)));
 *     while (!weft_stream_next(stream, WEFT_FOREVER, &picture, &status, NULL))
 *         if (!status)
 *             show(&picture);
 *     weft_stream_close(stream);
 *
 * Results come in the order of the items, or as they are ready (.unordered). Items come from an array or are pulled from
 * a function, by one thread at a time, never further than the window ahead of what was taken out: memory does not grow
 * with the number of items.
 */
#ifndef WEFT_STREAM_H
#define WEFT_STREAM_H

#include <weft/executor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_stream weft_stream;
struct weft_codec; /* weft/bulk.h */

/** Zero means the default, or none. */
typedef struct weft_stream_config {
    size_t size; /**< sizeof(weft_stream_config); WEFT_STREAM_CONFIG fills it in */
    weft_executor *
        executor; /**< whose limits apply: what runs at a time counts as tasks. NULL: current or default pool */
    /** Makes one result of one item. in: the item; out: out_bytes, zeroed. What it answers is the item's status. In worker
     *  processes, and on other ranks, its ctx is NULL. */
    int (*fn)(const void *in, void *out, void *ctx);
    void *ctx;
    size_t in_bytes, out_bytes; /**< of one item, of one result; 0: none */
    const void *items;          /**< an array of n items, which has to live until the stream is closed, or: */
    size_t n;
    /** The next item into `in` (in_bytes): 0; 1: there are no more; negative: the source failed, which comes out in its
     *  place and ends the stream. Called by one thread at a time, from any worker or from who calls next. */
    int (*pull)(void *in, void *ctx);
    size_t window;       /**< items between source and consumer, at most. 0: 1,024 */
    size_t window_bytes; /**< the same by weight. 0: no limit. One item may always pass */
    size_t (*weigh)(const void *in, void *ctx); /**< an item's weight, in bytes; with window_bytes */
    size_t chunk;  /**< items that a worker takes at once. 0: as many as last about 10 us */
    int unordered; /**< 1: results come as they are ready */
    void (*drop)(void *out,
                 void *ctx); /**< a result with status 0 that nobody took, at close. NULL: nothing to do */
    /** An item that was pulled and will not be given to fn, at close or as nobody is there to run it: for what it owns.
     *  NULL: nothing to do. Not for those of an array. In any thread, as fn. With in_codec: each item that was pulled,
     *  once, also those that fn was given, in this process or another one: fn borrows it. */
    void (*drop_item)(void *in, void *ctx);
    /** How items and results with pointers go to another process (weft/bulk.h), and come back; NULL: as the bytes that they are.
     *  Not called where items run in this process. A result that failed is zeros, one that nobody takes goes to drop. */
    const struct weft_codec *in_codec, *out_codec;
} weft_stream_config;

/** As WEFT_POOL_CONFIG. */
#define WEFT_STREAM_CONFIG(...) (&(const weft_stream_config){.size = sizeof(weft_stream_config), __VA_ARGS__})

/**
 * @param stream  receives it; NULL after an error. Work begins at once
 * @return 0; -EINVAL (no fn; both or none of pull and in_bytes with items; n without items; weigh and window_bytes not
 *         together; drop_item without pull; a codec without pack, unpack or bytes; a window that makes no sense), -ENOMEM,
 *         -EOWNERDEAD, -ESHUTDOWN; of an executor over processes or ranks (weft/process.h, weft/mpi.h) also -EMSGSIZE,
 *         -ENOTSUP
 * Any thread.
 */
WEFT_API int weft_stream_open(weft_stream **stream, const weft_stream_config *config);

/**
 * The next result.
 * @param deadline_ns  of CLOCK_MONOTONIC; one that has passed: a look
 * @param out          receives out_bytes; NULL: the result is dropped
 * @param status       receives the item's status; NULL
 * @param index        receives the item's number, from 0; NULL
 * @return 0; WEFT_EEND: all have come out; the source's own error, once, in its place; -ETIMEDOUT; -EDEADLK: the caller is
 *         inside a task that the items which run wait for (weft_future_get): not to be closed in there; -EINVAL, -EOWNERDEAD
 * One thread at a time. Waiting it runs items of this stream, if it may (weft_future_wait), and nothing else. A thread
 * outside that has a deadline leaves items and source to the workers, unless the executor is serial, closed or gone,
 * the pool has no threads, or there is no memory.
 */
WEFT_API int weft_stream_next(weft_stream *stream, int64_t deadline_ns, void *out, int *status,
                              size_t *index);

/** As weft_completions_fd; in the thread that calls weft_stream_next. */
WEFT_API int weft_stream_fd(weft_stream *stream);

/** Ends it, also half read: nothing more is pulled, what was pulled and not begun does not run, what runs is waited for.
 *  NULL is fine. Nobody may use it during or after the call. Not from an item of its own, nor from a task that its items
 *  wait for. Its pool has to be there still; its executor need not: what is left is run by who calls weft_stream_next
 *  then. Of an executor whose first function failed nothing runs: -ECANCELED is the items' status. */
WEFT_API void weft_stream_close(weft_stream *stream);

#ifdef __cplusplus
}
#endif
#endif
