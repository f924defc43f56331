/* SPDX-License-Identifier: MIT */
/* exec/running.c - see running.h. */
#include "exec/running.h"

#include <stdarg.h>
#include <stdio.h>

#include "exec/queued.h"
#include "exec/task_spec.h"
#include "os/memory.h"
#include "sched/tasks.h"

static __thread unsigned shields;

bool wf_task_should_stop(const wf_task *task)
{
    return wf_task_asked(task) || weft_stop_requested(wf_task_stop(task)) || wf_queued_stops(task);
}

static bool is_asked(const wf_running *running)
{
    for (const wf_running *r = running; r; r = r->outer)
        if (wf_task_should_stop(r->task) || is_asked(r->leader))
            return true;
    return false;
}

int weft_should_stop(void)
{
    return !shields && is_asked(wf_tasks_innermost());
}

void weft_stop_shield(void)
{
    shields++;
}

void weft_stop_unshield(void)
{
    if (shields)
        shields--;
}

int weft_fail(int status, const char *format, ...)
{
    wf_running *running = wf_tasks_innermost();
    va_list list;
    if (!running || !format)
        return status;
    if (!running->said)
        running->said = wf_alloc(WF_SAID_BYTES);
    if (!running->said)
        return status;
    va_start(list, format);
    vsnprintf(running->said, WF_SAID_BYTES, format, list);
    va_end(list);
    return status;
}
