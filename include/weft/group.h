/* SPDX-License-Identifier: MIT */
/**
 * weft/group.h - tasks that belong together: waited for together, stopped together, none left behind.
 *
 *     weft_group *group;
 *     weft_group_create(&group, WEFT_GROUP_CONFIG(.on_error = WEFT_STOP_OTHERS));
 *     for (int i = 0; i < n; i++)
 *         weft_group_submit(group, check, &file[i]);      // one that fails stops the others
 *     weft_group_wait(group, WEFT_FOREVER, &status);      // the first error, or 0
 *     weft_group_destroy(group);
 *
 * Each task of a group has the group's token: weft_should_stop() tells it that the group was stopped, that its deadline
 * has passed, or that another one failed; what has not begun by then never runs. Tasks may submit to their own group.
 */
#ifndef WEFT_GROUP_H
#define WEFT_GROUP_H

#include <weft/executor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_group weft_group;

/** What becomes of the others when a task ends with another status than 0. */
enum weft_group_error {
    WEFT_GO_ON = 0, /**< nothing */
    WEFT_STOP_OTHERS
};

typedef struct weft_group_config {
    size_t size;             /**< sizeof(weft_group_config); WEFT_GROUP_CONFIG fills it in */
    weft_executor *executor; /**< of all its tasks. NULL: of the current or the default pool */
    weft_stop *stop;         /**< stops the group, too; retained. NULL: none */
    int64_t deadline_ns;     /**< of CLOCK_MONOTONIC: the group is stopped then. 0: none */
    int on_error;            /**< enum weft_group_error */
} weft_group_config;

/** As WEFT_POOL_CONFIG. */
#define WEFT_GROUP_CONFIG(...) (&(const weft_group_config){.size = sizeof(weft_group_config), __VA_ARGS__})

/**
 * @param group   receives it; NULL after an error
 * @param config  NULL: all defaults; not kept
 * @return 0; -EINVAL (group is NULL; no such on_error), -ENOMEM, -EOWNERDEAD
 * Any thread.
 */
WEFT_API int weft_group_create(weft_group **group, const weft_group_config *config);

/** As weft_submit, as a task of the group. -ESHUTDOWN also: its executor was destroyed. One that is submitted to a stopped
 *  group is accepted and cancelled. Any thread, but not during or after destroy (tasks of the group: until they
 *  return). */
WEFT_API int weft_group_submit(weft_group *group, weft_task_fn *fn, void *arg);

/** As weft_submit_task. -EINVAL also: spec has a token; it would not be the group's. */
WEFT_API int weft_group_submit_task(weft_group *group, const weft_task_spec *spec, weft_future **future);

/** Stops the group: 0; -EALREADY: it was stopped before; -EINVAL, -EOWNERDEAD. Any thread. */
WEFT_API int weft_group_stop(weft_group *group);

/** Its token: for a group within it (.stop), or to be asked. It lives as long as the group; retain it for longer. */
WEFT_API weft_stop *weft_group_token(const weft_group *group);

/**
 * Waits until all its tasks have ended, or until the deadline; more may be submitted afterwards.
 * @param status  NULL, or receives the status of the first task, in time, that failed; if none did, 0, or -ECANCELED if
 *                the group was stopped
 * @return 0; -ETIMEDOUT; -EDEADLK: from a task with its token, or one below it: of its own, or of a group within;
 *         -EINVAL, -EOWNERDEAD, and what weft_future_wait returns
 * Any thread. As weft_future_wait it runs tasks of the group here that nobody has begun.
 */
WEFT_API int weft_group_wait(weft_group *group, int64_t deadline_ns, int *status);

/** What the first task that failed said by weft_fail, or the sentence of the status that weft_group_wait gives; never
 *  NULL. Valid until the group is destroyed; after a wait, from any thread. */
WEFT_API const char *weft_group_error_text(const weft_group *group);

/** Waits for all its tasks and frees it. 0 (also NULL); -EDEADLK as weft_group_wait. Nobody may use it after it. */
WEFT_API int weft_group_destroy(weft_group *group);

#ifdef __cplusplus
}
#endif
#endif
