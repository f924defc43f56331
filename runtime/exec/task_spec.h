/* SPDX-License-Identifier: MIT */
/*
 * exec/task_spec.h - tasks with bytes, a destructor, a label, a token: wide records; the public face is
 * weft/executor.h. Argument and result lie in the record if they fit into 256 bytes with it, else in a block of their
 * own. 16 bytes of them fit into 128, where there is neither a time to begin nor a limit.
 */
#ifndef WF_EXEC_TASK_SPEC_H
#define WF_EXEC_TASK_SPEC_H

#include <weft/executor.h>

#include "data/task.h"

/* As weft_submit_task, of a spec that is sensible, whatever the executor is: the task runs in this process. *future is
 * NULL. */
int wf_task_submit(weft_executor *executor, const weft_task_spec *spec, weft_future **future);
/* The same for fn2 that hands it over and answers WF_AWAY (exec/far.h): through an executor that sends. */
int wf_task_submit_away(weft_executor *executor, const weft_task_spec *spec, weft_future **future);
/* Once, of one that is away: it has ended. said: what it said about its failure; NULL: nothing. */
void wf_task_comes_back(wf_task *task, int status, const char *said);
/* NULL: it has none. */
weft_stop *wf_task_stop(const wf_task *task);

#endif
