/* SPDX-License-Identifier: MIT */
/**
 * weft/limit.h - at most so many tasks of a kind at a time: for a database, a disk, a host.
 *
 *     weft_limit *host;
 *     weft_limit_create(&host, 4, "example.org");                     // 4 requests at a time
 *     weft_submit_task(NULL, &(weft_task_spec){.size = sizeof(weft_task_spec),
 *                                              .fn = fetch, .arg = url, .limit = host}, &future);
 *     ...
 *     weft_limit_release(host);
 *
 * The tasks of one limit may go through different executors and pools. Each needs one of n permits. Who finds none
 * waits in the limit's line, first come, first served, and holds no worker meanwhile; when a task of the limit ends, the
 * first of the line goes to its executor, with that one's priority, and is never refused for room then: it was accepted
 * when it was submitted, and counts as one that waits there.
 *
 * - A permit is had from then on, also while the task waits in the executor's queue, until it has ended or is cancelled.
 * - In the line a task can be cancelled; a token or a deadline that fires there cancels it when its turn comes. An executor
 *   that is shut down drains it, or cancels it; a pool that is destroyed runs it first.
 * - Who waits for a task in the line runs one that has a permit and has not begun, or sleeps. Never more than n run. So a
 *   task of a limit that waits for another one of the same limit may wait for ever: then it is told -EDEADLK.
 * - A full executor has CALLER_RUNS not for a task with a limit: from outside the caller waits for room, in the pool the
 *   queue takes more.
 * - A serial executor takes a task into its order when it has its permit, and the permit is kept until somebody runs it there.
 *   So what others of that limit wait for, may be nobody's to run.
 */
#ifndef WEFT_LIMIT_H
#define WEFT_LIMIT_H

#include <weft/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_limit weft_limit;

/**
 * @param limit  receives it, with one reference; NULL after an error
 * @param n      permits, at least 1
 * @param name   for reports; copied, 31 characters count. NULL: "limit"
 * @return 0; -EINVAL (limit is NULL, n below 1), -ENOMEM
 * Any thread. It belongs to no pool. After fork(2), in the child, all calls on it answer -EOWNERDEAD, and so does
 * weft_submit_task with it.
 */
WEFT_API int weft_limit_create(weft_limit **limit, int n, const char *name);

/** n permits from now on: more, and as many of the line go; fewer, and none goes until so many have ended. A task with a
 *  permit that sleeps already until one of the line ends, and would have to end first now, sleeps until n is raised: such
 *  a wait is judged (-EDEADLK) when it begins. 0; -EINVAL, -EOWNERDEAD. Any thread. */
WEFT_API int weft_limit_set(weft_limit *limit, int n);

/** What a limit has to do, at a moment. */
typedef struct weft_limit_state {
    size_t size;      /**< sizeof(weft_limit_state), set by the caller */
    int n;            /**< permits */
    uint64_t running; /**< tasks that run */
    uint64_t ready;   /**< have a permit and have not begun: they are in their executor's queue */
    uint64_t waiting; /**< in the line */
    const char *name; /**< lasts as long as the limit */
} weft_limit_state;

/** 0; -EINVAL (NULL, no size), -EOWNERDEAD. Any thread; takes as long as running + ready say. */
WEFT_API int weft_limit_inspect(weft_limit *limit, weft_limit_state *state);

/** One reference more, one less; NULL is fine. Tasks that were submitted with the limit hold their own. Any thread. */
WEFT_API void weft_limit_retain(weft_limit *limit);
WEFT_API void weft_limit_release(weft_limit *limit);

#ifdef __cplusplus
}
#endif
#endif
