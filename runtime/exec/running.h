/* SPDX-License-Identifier: MIT */
/*
 * exec/running.h - what a task asks while it runs: should it stop? The public face is weft/stop.h.
 */
#ifndef WF_EXEC_RUNNING_H
#define WF_EXEC_RUNNING_H

#include <weft/executor.h>

#include "data/task.h"

/* Who has it in hand while it runs: should it stop? */
bool wf_task_should_stop(const wf_task *task);

#endif
