/* SPDX-License-Identifier: MIT */
/**
 * weft/future.h - submit a function, collect what became of it.
 *
 *     static int fetch(void *arg) { ... return 0; }          // runs on some worker
 *
 *     weft_future *future;
 *     int status, err = weft_submit(NULL, fetch, &page, &future);
 *     if (err)
 *         return err;                                        // not submitted
 *     ...
 *     err = weft_future_get(future, &status);                // waits; status: what fetch answered
 *     weft_future_release(future);
 *
 * A future is PENDING until somebody runs its task, then RUNNING, then DONE; or it is CANCELLED: while it is pending, or
 * because its task stopped when it was asked to.
 * Waiting never runs anything unrelated: the waiter runs the very task that it waits for, in place, if nobody has begun
 * it yet (it is taken over), or sleeps.
 *
 * Order: what comes from outside the pool begins in the order in which it was submitted; what tasks submit on the
 * worker that they run on begins newest first there, oldest first where other workers take it; every 61st task at the
 * latest is one from outside.
 *
 * Lifetime:
 *   1. weft_submit hands out one reference; retain adds one; release takes one away, from any thread.
 *   2. A future that is released before its task is done goes on without you: nothing is cancelled.
 *   3. `arg` is yours; it has to live until the task is done or cancelled.
 *   4. weft_pool_destroy runs all that was accepted and waits for it. Futures may be read and released after it.
 *   5. After fork(2), in the child, every call on the parent's futures but release answers -EOWNERDEAD; release does
 *      nothing there.
 */
#ifndef WEFT_FUTURE_H
#define WEFT_FUTURE_H

#include <weft/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A door to submit through. Each pool has a plain one, without limits; weft/executor.h makes others. */
typedef struct weft_executor weft_executor;

/** The result end of one task. */
typedef struct weft_future weft_future;

/** A task: what it answers is its status. 0: fine; positive: yours; negative: an errno, if you like. It must
 *  return: not to be left by an exception, longjmp or pthread_exit. */
typedef int weft_task_fn(void *arg);

enum weft_future_state {
    WEFT_PENDING = 0, /**< nobody has begun it */
    WEFT_RUNNING,     /**< one that no task stands behind: for a moment, while it is given its status */
    WEFT_DONE,        /**< it has a status */
    WEFT_CANCELLED /**< it never ran and never will, or it was asked to stop and answered -ECANCELED, which is its
                      status */
};

/**
 * The plain executor of a pool (NULL: the pool that the caller works in, or the default one).
 * @param executor  receives it; belongs to the pool and ends with it
 * @return 0; -EINVAL (executor is NULL), -ENOMEM (no default pool), -EOWNERDEAD (a parent's pool, after fork(2))
 * Any thread; does not wait.
 */
WEFT_API int weft_pool_executor(weft_pool *pool, weft_executor **executor);

/**
 * Has fn(arg) run once, by a worker or by who waits for it first.
 * @param executor  NULL: of the pool that the caller works in, or of the default pool
 * @param future    receives the future, to be released; NULL: nobody will ask
 * @return 0; before anything was done -EINVAL (fn is NULL), -ENOMEM, -EOWNERDEAD, and from an executor with limits
 *         -EAGAIN (full), -EDEADLK (full, and there would never be room: as in weft_future_get), -ESHUTDOWN (closed, broken);
 *         then *future is NULL and fn will not run
 * Any thread, also a task's. Does not wait, but for room where the executor says so (WEFT_BLOCK), and does not assume
 * that a get follows: a worker is woken if none is awake. Without memory for what is to bring the executor's tasks to a
 * worker, they run in the caller. In a pool without threads (WEFT_NONE) all that is queued runs in the caller before the
 * call returns, but for what other threads that submit just then have taken; called by a task of that pool it leaves this
 * to the outermost such call.
 */
WEFT_API int weft_submit(weft_executor *executor, weft_task_fn *fn, void *arg, weft_future **future);

/**
 * Waits until the future is done or cancelled. Runs the task here if nobody has begun it (unless the pool's config
 * says otherwise).
 * @param status  NULL, or receives the task's status; -ECANCELED if it was cancelled
 * @return 0; -EINVAL (future is NULL), -EDEADLK (it would never end), -EOWNERDEAD, WEFT_ESTACK (waits of tasks in tasks
 *         are nested so deeply that the task would overflow this thread's stack)
 * Any thread. What is returned is about the call alone.
 *
 * A wait would never end if the caller is inside this very task, or if it closes a circle: what is waited for waits in
 * turn, without a deadline, for a task that the caller is inside of, or for one that cannot begin before that has ended
 * (an executor's limit). Looked for only before the thread would sleep. The error text of the calling task
 * (weft_future_error), if it fails, names who waits for whom by their labels.
 */
WEFT_API int weft_future_get(weft_future *future, int *status);

/**
 * Waits until the future is done or cancelled, or until the deadline. A timeout cancels nothing.
 * @param deadline_ns  of CLOCK_MONOTONIC; one that has passed: a look; WEFT_FOREVER: as weft_future_get
 * @return 0; -ETIMEDOUT; -EINVAL, -EDEADLK, -EOWNERDEAD, WEFT_ESTACK as weft_future_get
 * Any thread. With a deadline, also one that has passed, the task runs here only where perhaps nobody else could: inside
 * its pool, or if its executor is serial. That it lasts longer than until the deadline is then possible.
 */
WEFT_API int weft_future_wait(weft_future *future, int64_t deadline_ns);

/** What has become of it so far: enum weft_future_state, or -EINVAL, -EOWNERDEAD. Any thread; does not wait. */
WEFT_API int weft_future_state(const weft_future *future);

/** The status of a task that is done; -ECANCELED: cancelled; -EINPROGRESS: neither yet; or -EINVAL, -EOWNERDEAD. A task
 *  that may answer those has to be asked by weft_future_get. Any thread; does not wait. */
WEFT_API int weft_future_status(const weft_future *future);

/**
 * Cancels a future that is pending: its task will not run. One that runs is asked to stop: weft_should_stop() is 1 for
 * it from now on, and if it answers -ECANCELED then, it counts as cancelled; any other answer stands.
 * @return 0: cancelled, by this call or before; -EBUSY: it runs, and was asked; -EALREADY: too late, it is done;
 *         -EINVAL, -EOWNERDEAD
 * Any thread; does not wait.
 */
WEFT_API int weft_future_cancel(weft_future *future);

/** One more reference. 0; -EOVERFLOW (there are 4 million), -EINVAL, -EOWNERDEAD. Any thread that holds one. */
WEFT_API int weft_future_retain(weft_future *future);

/** One reference less; the last one frees the future once its task is done. NULL is fine. Any thread. */
WEFT_API void weft_future_release(weft_future *future);

#ifdef __cplusplus
}
#endif
#endif
