/* SPDX-License-Identifier: MIT */
/* proc/engine.c - see engine.h. */
#include "proc/engine.h"

#include <string.h>

#include "exec/running.h"
#include "exec/task_spec.h"
#include "sched/follow.h"
#include "sched/tasks.h"

static void share(weft_executor *executor, bool shares)
{
    wf_follow_share(executor->pool, shares);
}

static weft_future *here(void)
{
    return wf_tasks_innermost()->task;
}

static const char *said(void)
{
    return wf_tasks_innermost()->said;
}

static const struct weft_engine_table_ table = {.create = wf_executor_create_far,
                                                .far = wf_executor_far,
                                                .widen = wf_executor_widen,
                                                .share = share,
                                                .submit = wf_task_submit,
                                                .submit_away = wf_task_submit_away,
                                                .comes_back = wf_task_comes_back,
                                                .should_stop = wf_task_should_stop,
                                                .here = here,
                                                .said = said,
                                                .part = wf_tasks_call_part,
                                                .name_of = wf_name_of,
                                                .find = wf_name_find,
                                                .text = wf_name_text,
                                                .name_at = wf_name_at};

const struct weft_engine_table_ *weft_engine_(const char *version)
{
    return strcmp(version, WEFT_VERSION_STRING) ? NULL : &table;
}
