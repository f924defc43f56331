/* SPDX-License-Identifier: MIT */
/**
 * weft/bulk.h - many at once through an executor: under its limits, with its engine.
 *
 *     weft_executor *disk;                                      // .limit = 4
 *     weft_executor_map(disk, load, names, sizeof *names, pages, sizeof *pages, n, NULL);    // 4 at a time
 *
 * weft/parallel.h is the same without an executor: the whole pool, cut to the last item.
 */
#ifndef WEFT_BULK_H
#define WEFT_BULK_H

#include <weft/executor.h>
#include <weft/parallel.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Submits fn(args), fn(args + arg_size), ... n tasks in this order, with one look for sleepers.
 * @param args      arg_size 0: each gets `args` itself
 * @param futures   NULL, or room for n: receives the futures; NULL for those that were not submitted
 * @param accepted  NULL, or receives how many were submitted: n, or the first so many
 * @return 0; with nothing submitted -EINVAL (fn is NULL; args is NULL and arg_size is not 0), -ENOMEM, -ESHUTDOWN,
 *         -EOWNERDEAD; with the first *accepted submitted -EAGAIN (full), -ENOMEM, -ESHUTDOWN (closed meanwhile)
 * As weft_submit.
 */
WEFT_API int weft_submit_many(weft_executor *executor, weft_task_fn *fn, void *args, size_t arg_size,
                              size_t n, weft_future **futures, size_t *accepted);

/**
 * Runs fn(arg) under the executor's limits and waits for it: in the caller, if a limit does not stand against it.
 * @param status  NULL, or receives what fn answered; -ECANCELED: the executor was shut down before it began
 * @return 0, or what weft_submit and weft_future_get return
 * Any thread.
 */
WEFT_API int weft_apply(weft_executor *executor, weft_task_fn *fn, void *arg, int *status);

/**
 * Hooks that make bytes of a value that has pointers, and a value of bytes: for maps and streams over other processes (in_codec
 * and out_codec of weft_map_config and weft_stream_config) and tasks there (weft_task_spec), where the values themselves are not
 * understood. Of a task: its argument is the item, its result the output.
 *
 *   here   pack each input   ->   there   unpack it, run fn, pack the output, drop both   ->   here   unpack each output
 *
 *     static size_t pack(const void *value, void *to, size_t room)             // struct line { char *text; }
 *     {
 *         const struct line *line = value;
 *         size_t bytes = strlen(line->text) + 1;
 *         if (bytes <= room)
 *             memcpy(to, line->text, bytes);
 *         return bytes;
 *     }
 *     static int unpack(void *value, const void *from, size_t bytes)
 *     {
 *         struct line *line = value;
 *         line->text = malloc(bytes);
 *         return line->text ? (memcpy(line->text, from, bytes), 0) : -ENOMEM;
 *     }
 *     static void drop(void *value) { free(((struct line *)value)->text); }
 * Each is called for several values at the same time. Those that are called there go by names, as fn does. An item of a map
 * that has another status than 0 leaves its place in out as it was.
 */
typedef struct weft_codec {
    /** The bytes that the value takes, written to `to`, which is aligned to 16, if they are no more than room; else it is called
     *  again where there is more. May be called again for a value in any case. A value that takes more than a quarter of
     *  message_bytes (weft_processes_config, weft_mpi_config) does not go: the item's status is -EMSGSIZE. */
    size_t (*pack)(const void *value, void *to, size_t room);
    /** 0, or the item's status: then there is nothing to be dropped. `value` is zeros, but of a map's output here, which
     *  is what was in the array; `from` is aligned to 16, and gone after the call. Here it cannot wait for a task of the same
     *  executor over processes: that ends with -EDEADLK. */
    int (*unpack)(void *value, const void *from, size_t bytes);
    /** There alone, after fn, for the input that was unpacked and for the output, which began as zeros, whatever fn answered.
     *  NULL: there is nothing to free. */
    void (*drop)(void *value);
} weft_codec;

/**
 * As weft_parallel_map, but that at no time more items run than the executor's limit lets, other tasks of it included.
 * On a pool's own executor it is weft_parallel_map; on a serial one, all items in order.
 * @param executor  NULL: of the pool that the caller works in, or of the default pool
 * @return as weft_parallel_map; before any item also -EAGAIN (full), -ESHUTDOWN (closed). -ECANCELED: no item failed,
 *         but the executor was shut down, or asked to stop, before all had run; where the map itself had not
 *         begun, status and report are not written
 * Any thread; the caller works along if the limit lets it.
 * Source of the pieces: guided self-scheduling, Polychronopoulos & Kuck 1987.
 */
WEFT_API int weft_executor_map(weft_executor *executor, weft_item_fn *fn, const void *in, size_t in_size,
                               void *out, size_t out_size, size_t n, const weft_map_config *config);

/**
 * The same, without waiting: the future's status is what weft_executor_map would have returned.
 * @param config  not kept; but what it points to, as the arrays, has to live until the future has ended
 * @param future  receives it, to be released. Cancelled while pending, no item runs; cancelled when it runs, no
 *                further item starts
 * @return 0; before anything was done as weft_executor_map; -EINVAL: future is NULL
 */
WEFT_API int weft_executor_map_async(weft_executor *executor, weft_item_fn *fn, const void *in,
                                     size_t in_size, void *out, size_t out_size, size_t n,
                                     const weft_map_config *config, weft_future **future);

#ifdef __cplusplus
}
#endif
#endif
