/* SPDX-License-Identifier: MIT */
/**
 * weft/stop.h - asking tasks to stop: nothing is ever killed; who runs long looks round now and then.
 *
 *     weft_stop *stop;
 *     weft_stop_create(&stop, NULL, deadline);            // WEFT_FOREVER: no deadline
 *     weft_submit_task(NULL, &(weft_task_spec){.size = sizeof(weft_task_spec), .fn = work, .stop = stop}, &future);
 *     ...
 *     weft_stop_request(stop);                            // work() sees weft_should_stop(), and returns
 *     weft_stop_release(stop);
 *
 * Tokens form a tree: who stops one stops all below it, never what is above. A task that has not begun when its token
 * fires never runs: it is cancelled.
 */
#ifndef WEFT_STOP_H
#define WEFT_STOP_H

#include <weft/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_stop weft_stop;

/**
 * @param stop         receives the token, with one reference
 * @param parent       fires this one too; kept alive by it; NULL: none
 * @param deadline_ns  of CLOCK_MONOTONIC: it fires by itself then; WEFT_FOREVER: it does not
 * @return 0; -EINVAL (stop is NULL), -ENOMEM
 * Any thread.
 */
WEFT_API int weft_stop_create(weft_stop **stop, weft_stop *parent, int64_t deadline_ns);

/** Fires the token: 0; -EALREADY: it had fired by a call before; -EINVAL. Any thread, a signal handler too. */
WEFT_API int weft_stop_request(weft_stop *stop);

/** Has it fired, by a call, its deadline, or one above it? 0 or 1; NULL: 0. Any thread; some loads, and a look at the
 *  clock where there are deadlines. */
WEFT_API int weft_stop_requested(const weft_stop *stop);

/** One reference more; NULL is fine. Tasks that were submitted with the token hold their own. */
WEFT_API void weft_stop_retain(weft_stop *stop);
/** One reference less; the last one frees it. NULL is fine. Any thread, not a signal handler. */
WEFT_API void weft_stop_release(weft_stop *stop);

/** Should the calling task return soon? 1: its future was cancelled, or the token that it was submitted with has fired,
 *  or one of these is so of a task in which it is nested, or its executor is being stopped. 0 outside of tasks and between
 *  shield and unshield. Any thread. */
WEFT_API int weft_should_stop(void);

/** Between the two weft_should_stop() answers 0 to the calling thread: for a piece of work that has to be finished.
 *  They nest; a pair begins and ends in the same task, for it is the thread's. */
WEFT_API void weft_stop_shield(void);
WEFT_API void weft_stop_unshield(void);

#ifdef __cplusplus
}
#endif
#endif
