/* SPDX-License-Identifier: MIT */
/* exec/running.c - see running.h. */
#include "exec/running.h"

#include "exec/queued.h"
#include "exec/task_spec.h"

static __thread unsigned shields;

bool wf_task_should_stop(const wf_task *task)
{
    return wf_task_asked(task) || weft_stop_requested(wf_task_stop(task)) || wf_queued_stops(task);
}

bool wf_running_asked(const wf_running *running)
{
    for (const wf_running *r = running; r; r = r->outer)
        if (wf_task_should_stop(r->task) || wf_running_asked(r->leader))
            return true;
    return false;
}

int weft_should_stop(void)
{
    return !shields && wf_running_asked(wf_tasks_innermost());
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
