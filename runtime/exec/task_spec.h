/* SPDX-License-Identifier: MIT */
/*
 * exec/task_spec.h - tasks with bytes, a destructor, a label, a token: wide records; the public face is
 * weft/executor.h. Argument and result lie in the record if they fit into 256 bytes with it, else in a block of their
 * own.
 */
#ifndef WF_EXEC_TASK_SPEC_H
#define WF_EXEC_TASK_SPEC_H

#include <weft/executor.h>

#include "data/task.h"

/* As weft_submit_task, of a spec that is sensible, whatever the executor is: the task runs in this process. *future is
 * NULL. */
int wf_task_submit(weft_executor *executor, const weft_task_spec *spec, weft_future **future);
/* NULL: it has none. */
weft_stop *wf_task_stop(const wf_task *task);

#endif
