/* SPDX-License-Identifier: MIT */
/**
 * weft/completions.h - futures one by one, in the order in which they end; in your event loop, too.
 *
 *     weft_completions *done;
 *     weft_completions_create(&done);
 *     for (i = 0; i < n; i++)
 *         weft_completions_add(done, futures[i], &pages[i]);       // any time, also while others come out
 *     while (!weft_completions_next(done, WEFT_FOREVER, &future, &tag)) {
 *         show(tag, weft_future_status(future));
 *         weft_future_release(future);
 *     }
 *     weft_completions_destroy(done);
 *
 * Each future comes out once, with the tag that it was added with.
 */
#ifndef WEFT_COMPLETIONS_H
#define WEFT_COMPLETIONS_H

#include <weft/future.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_completions weft_completions;

/** An empty set: 0, -EINVAL (set is NULL), -ENOMEM. Any thread. */
WEFT_API int weft_completions_create(weft_completions **set);

/**
 * Adds a future, with a reference of the set's own: the caller may release its own at once.
 * @param tag  comes out with it; not looked at
 * @return 0; -EINVAL (set or future is NULL), -ENOMEM, -ESHUTDOWN (the future's pool was destroyed), -EOWNERDEAD
 * Any thread. One that has ended comes out, too.
 */
WEFT_API int weft_completions_add(weft_completions *set, weft_future *future, void *tag);

/**
 * The next one that has ended.
 * @param deadline_ns  of CLOCK_MONOTONIC; one that has passed: a look
 * @param future       receives it, with a reference that is the caller's now; NULL: released here
 * @param tag          receives its tag; NULL
 * @return 0; WEFT_EEND: every future that was added has come out; -ETIMEDOUT; -EDEADLK: none of those that are in it can
 *         end before the calling task has; -EINVAL, -EOWNERDEAD, WEFT_ESTACK as weft_future_wait
 * Any thread; several at a time get different futures. As weft_future_wait it runs a task of the set here if nobody has
 * begun one; nothing else.
 */
WEFT_API int weft_completions_next(weft_completions *set, int64_t deadline_ns, weft_future **future,
                                   void **tag);

/**
 * A descriptor that is readable while weft_completions_next would answer at once: for poll, epoll, libuv. It belongs to
 * the set: not to be read, written or closed by you, and to be taken out of the loop before destroy. Readable once too
 * often is possible: then a look answers -ETIMEDOUT.
 * @return the descriptor, each time the same; -EINVAL, -EMFILE, -ENFILE, -ENOMEM, -EOWNERDEAD
 * Any thread.
 */
WEFT_API int weft_completions_fd(weft_completions *set);

/** How many were added and have not come out. Any thread. */
WEFT_API size_t weft_completions_left(const weft_completions *set);

/** Frees it; futures in it are released, and go on. NULL is fine. Nobody may use it during or after the call. */
WEFT_API void weft_completions_destroy(weft_completions *set);

#ifdef __cplusplus
}
#endif
#endif
