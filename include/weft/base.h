/* SPDX-License-Identifier: MIT */
/**
 * weft/base.h - what every other header of weft needs: error codes, the literal zero, linkage.
 *
 * Results of calls, everywhere in weft:
 *   0          done
 *   negative   the library refused or failed; -errno, or one of WEFT_E* below; nothing was done
 *   positive   never returned by the library itself (it is what a task of yours may answer)
 *
 *     int err = weft_parallel_for(NULL, 0, n, body, ctx);
 *     if (err)
 *         fprintf(stderr, "loop: %s\n", weft_strerror(err));
 */
#ifndef WEFT_BASE_H
#define WEFT_BASE_H

#include <stddef.h>
#include <stdint.h>

#include <weft/version.h>

#if defined(__GNUC__)
#define WEFT_API __attribute__((visibility("default")))
#else
#error "weft needs gcc or clang: it uses their __atomic builtins and attributes"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * In a config struct zero means "the default" for every field; where a literal zero makes sense
 * (no worker threads, no seats) this says it.
 */
#define WEFT_NONE (-1)

/** A NUMA node in a config, as the kernel counts them; 0 means there: none. */
#define WEFT_NODE(n) ((n) + 1)

/** A worker in a config, by its index: weft_worker_inspect, weft_worker_index(); 0 means there: none. */
#define WEFT_WORKER(n) ((n) + 1)

/** A deadline that never comes; all others are CLOCK_MONOTONIC in ns. */
#define WEFT_FOREVER INT64_MAX

/** weft_parallel_map: every call was made as promised, but at least one item's function answered
 *  with something else than 0; the report says which. */
#define WEFT_EITEM (-4097)

/** weft_future_get, weft_future_wait: the task would have to run in the waiting thread, on top of the tasks that wait for
 *  it there, and that thread's stack is nearly used up. Nothing was done; others may still run it. */
#define WEFT_ESTACK (-4098)

/** Nothing more comes: of a set of completions all futures have come out, of a stream all items. */
#define WEFT_EEND (-4099)

/** The status of a task whose worker process (weft/process.h) ended before it did: it crashed, exited or was killed. */
#define WEFT_EDIED (-4100)

/**
 * A sentence for a code that a call of weft returned.
 * @param code  0, a negative errno, or a WEFT_E* code; anything else gets a sentence too
 * @return      a constant string, never NULL, never to be freed
 * Any thread; never waits.
 */
WEFT_API const char *weft_strerror(int code);

/** The version of the library that is loaded, "major.minor.patch"; compare with WEFT_VERSION_STRING. */
WEFT_API const char *weft_version(void);

#ifdef __cplusplus
}
#endif
#endif
