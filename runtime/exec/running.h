/* SPDX-License-Identifier: MIT */
/*
 * exec/running.h - what a task asks while it runs: should it stop? The public face is weft/stop.h.
 */
#ifndef WF_EXEC_RUNNING_H
#define WF_EXEC_RUNNING_H

#include <weft/executor.h>

#include "data/task.h"
#include "sched/tasks.h"

/* Who has it in hand while it runs: should it stop? */
bool wf_task_should_stop(const wf_task *task);
/* As weft_should_stop in there. Any thread, until it has ended. */
bool wf_running_asked(const wf_running *running);

#endif
