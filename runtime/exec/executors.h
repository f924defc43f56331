/* SPDX-License-Identifier: MIT */
/*
 * exec/executors.h - the life of an executor that a user makes; the public face is weft/executor.h.
 *
 * Shutdown: closed = 1, then nothing is accepted but from its own tasks; it is over when all that was accepted was taken
 * out, nobody is active, and nobody cancels what he took out. destroy waits out those who are leaving.
 * Its record belongs to the pool (exec/queued.h), and is used again by the next one, with another epoch.
 */
#ifndef WF_EXEC_EXECUTORS_H
#define WF_EXEC_EXECUTORS_H

#include <weft/executor.h>

#include "exec/queued.h"

/* One whose tasks run in other processes; far NULL: here. It is told when the executor is gone. */
int wf_executor_create_far(weft_executor **executor, const weft_executor_config *config, wf_far *far);

/* far, pool: its own; far NULL: it has none. 0; -EINVAL: no executor that was created; -EOWNERDEAD. Any thread. */
int wf_executor_far(weft_executor *executor, wf_far **far, weft_pool **pool);
/* Of one that sends: so many tasks of it may run at the same time from now on. By who is about to end one of them. */
void wf_executor_widen(weft_executor *executor, unsigned limit);

#endif
