/* SPDX-License-Identifier: MIT */
/**
 * weft/combine.h - what comes after a future, and several futures as one.
 *
 *     weft_future *page, *shown;
 *     weft_submit(NULL, fetch, &url, &page);
 *     weft_future_then(page, NULL, show, window, &shown);   // show(page, window) runs when page has ended
 *     weft_future_release(page);
 *     ...
 *     weft_wait(futures, n, WEFT_ALL, deadline, NULL);      // or WEFT_FIRST, WEFT_FIRST_ERROR
 *
 * A future has ended when it is DONE or CANCELLED. Who waits for a composed future runs what it waits for, if nobody has
 * begun that, and nothing else.
 */
#ifndef WEFT_COMBINE_H
#define WEFT_COMBINE_H

#include <weft/future.h>

#ifdef __cplusplus
extern "C" {
#endif

/** As an executor: in the thread that ends the future, or in the caller if it has ended. */
#define WEFT_INLINE ((weft_executor *)1)

/** What runs after a future. `before` has ended and lasts for the call; its status is weft_future_status(before). What
 *  is answered is the status of the new future. */
typedef int weft_then_fn(weft_future *before, void *arg);

/**
 * Has fn(before, arg) run once when `before` has ended, also when it was cancelled.
 * @param executor  where; NULL: the pool of `before`; WEFT_INLINE: in the thread that ends `before`, before that call
 *                  returns, or in the caller if it has ended: for what is short and does not block
 * @param future    receives the future of fn, to be released; NULL: nobody will ask
 * @return 0; before anything was done -EINVAL (before or fn is NULL), -ENOMEM, -EOWNERDEAD,
 *         -ESHUTDOWN (the executor is gone; or it is not named, and the pool of `before` is)
 * Any thread that holds `before`, which it may release at once. Does not wait. What follows one future runs, or is
 * submitted, in the order in which it was attached. Cancelling the new future does not touch `before`. If fn fails and
 * nobody holds its future the executor's on_error is told, inline that of the pool of `before`.
 */
WEFT_API int weft_future_then(weft_future *before, weft_executor *executor, weft_then_fn *fn, void *arg,
                              weft_future **future);

/**
 * A future that is DONE when all n have ended. Its status: 0 if all of theirs are; else that of the first one, in the
 * array's order, whose is not (-ECANCELED: it was cancelled).
 * @param futures  to be released by the caller as before; the array is not kept
 * @param n        0: done at once
 * @param all      receives it, to be released. To cancel it cancels none of the n
 * @return 0; -EINVAL (all, or one of the n, is NULL), -ENOMEM, -ESHUTDOWN (the first one's pool was destroyed),
 *         -EOWNERDEAD
 * Any thread that holds all n. Does not wait.
 */
WEFT_API int weft_when_all(weft_future *const *futures, size_t n, weft_future **all);

/**
 * A future that is DONE when one of the n has ended; its status is that one's.
 * @param n    at least 1
 * @param any  receives it, to be released
 * @return as weft_when_all; -EINVAL: n is 0
 */
WEFT_API int weft_when_any(weft_future *const *futures, size_t n, weft_future **any);

/** Which of the n made a future from weft_when_any DONE; -1: none yet, or it is not from there. Any thread. */
WEFT_API ptrdiff_t weft_when_any_index(const weft_future *any);

/** What weft_wait waits for. */
enum weft_wait_for {
    WEFT_ALL = 0,    /**< all have ended */
    WEFT_FIRST,      /**< one has ended */
    WEFT_FIRST_ERROR /**< one has ended with another status than 0, or all have ended */
};

/**
 * Waits for several futures, until the deadline at most. A timeout cancels nothing.
 * @param index  NULL, or receives which one it was: WEFT_FIRST: the first that was seen to have ended;
 *               WEFT_FIRST_ERROR: the first that was seen with an error; else n
 * @return 0; -ETIMEDOUT; -EINVAL (one of the n is NULL, n is 0 with WEFT_FIRST, no such `what`), -ENOMEM, and what
 *         weft_future_wait returns
 * Any thread that holds all n. As weft_future_wait it runs tasks of the n here that nobody has begun.
 */
WEFT_API int weft_wait(weft_future *const *futures, size_t n, int what, int64_t deadline_ns, size_t *index);

#ifdef __cplusplus
}
#endif
#endif
