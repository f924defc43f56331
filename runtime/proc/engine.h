/* SPDX-License-Identifier: MIT */
/*
 * proc/engine.h - the small table through which an engine in another library (mpi/) makes executors whose tasks run elsewhere.
 *
 * The library exports one function that returns it, and no internal name. Both libraries come from one source tree: the
 * table is no stable interface, and its door compares versions.
 */
#ifndef WF_PROC_ENGINE_H
#define WF_PROC_ENGINE_H

#include <weft/detail/engine.h>

#include "exec/executors.h"
#include "proc/names.h"

struct weft_engine_table_ {
    /* wf_executor_create_far, wf_task_submit */
    int (*create)(weft_executor **executor, const weft_executor_config *config, wf_far *far);
    int (*submit)(weft_executor *executor, const weft_task_spec *spec, weft_future **future);
    /* wf_executor_far, wf_executor_widen */
    int (*far)(weft_executor *executor, wf_far **far, weft_pool **pool);
    void (*widen)(weft_executor *executor, unsigned limit);
    /* Of the executor's pool: wf_follow_share. */
    void (*share)(weft_executor *executor, bool shares);
    /* wf_task_submit_away, wf_task_comes_back, wf_task_should_stop */
    int (*submit_away)(weft_executor *executor, const weft_task_spec *spec, weft_future **future);
    void (*comes_back)(weft_future *task, int status, const char *said);
    bool (*should_stop)(const weft_future *task);
    /* The task that the calling thread is in; what that has said by weft_fail, or NULL. */
    weft_future *(*here)(void);
    const char *(*said)(void);
    void (*part)(weft_future *task, void (*fn)(void *arg), void *arg); /* wf_tasks_call_part */
    /* wf_name_of, wf_name_find, wf_name_text, wf_name_at */
    int (*name_of)(wf_image_fn *fn, wf_image_name *name);
    wf_image_fn *(*find)(const wf_image_name *name);
    const char *(*text)(const wf_image_name *name);
    bool (*name_at)(size_t number, wf_image_name *name);
};

#endif
