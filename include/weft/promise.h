/* SPDX-License-Identifier: MIT */
/**
 * weft/promise.h - a future that you fulfil: from a reaper of I/O, a callback of a GPU, a progress thread.
 *
 *     weft_promise *promise;
 *     weft_future *future;
 *     weft_promise_create(&promise, NULL, &future);
 *     start_reading(file, promise);             // whose callback calls weft_promise_fulfil(promise, bytes)
 *     weft_future_get(future, &status);         // status: bytes
 *
 * A promise is kept once: fulfilled, or abandoned by weft_promise_destroy, which ends the future with -ECANCELED. Nobody
 * waits for ever on one that was dropped.
 */
#ifndef WEFT_PROMISE_H
#define WEFT_PROMISE_H

#include <weft/future.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The fulfilling end of a future. */
typedef struct weft_promise weft_promise;

/**
 * @param promise   receives it; to be fulfilled or destroyed, once
 * @param executor  whose pool keeps the record; NULL: current or default pool
 * @param future    receives the future, PENDING, to be released
 * @return 0; -EINVAL (promise or future is NULL), -ENOMEM, -EOWNERDEAD
 * Any thread; does not wait. The pool may be destroyed before the promise is kept.
 */
WEFT_API int weft_promise_create(weft_promise **promise, weft_executor *executor, weft_future **future);

/**
 * The same, of a future with a result.
 * @param result_bytes  0: as weft_promise_create
 */
WEFT_API int weft_promise_create_sized(weft_promise **promise, weft_executor *executor, size_t result_bytes,
                                       weft_future **future);

/** Where the result goes before the promise is fulfilled: result_bytes zeroed bytes, aligned for any type of that size, which
 *  weft_future_result gives to who asks then. NULL: there are none, or it is NULL or a parent's. Any thread, before it is kept:
 *  they may be written as long, also when the future was cancelled. */
WEFT_API void *weft_promise_result(weft_promise *promise);

/**
 * Makes the future DONE with this status; what follows it inline runs here. The promise is gone, also with -ECANCELED.
 * @return 0; -ECANCELED: the future was cancelled before (its holder has no use for it any more); -EINVAL (NULL),
 *         -EOWNERDEAD
 * Any thread, once. Does not wait. In a signal handler: no.
 */
WEFT_API int weft_promise_fulfil(weft_promise *promise, int status);

/** As weft_promise_fulfil, with a text as weft_fail leaves it: weft_future_error of the future. A status of 0 has none; without
 *  memory for it the status has to do. -EINVAL also: format is NULL; then the promise is not kept. */
WEFT_API int weft_promise_fail(weft_promise *promise, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Has the future been cancelled, so that nobody waits for the promise any more? 0 or 1; -EINVAL, -EOWNERDEAD. Any
 *  thread, before it is kept. */
WEFT_API int weft_promise_cancelled(const weft_promise *promise);

/** Gives the promise up: the future is DONE with -ECANCELED. NULL is fine. Any thread, instead of fulfilling it. */
WEFT_API void weft_promise_destroy(weft_promise *promise);

#ifdef __cplusplus
}
#endif
#endif
