/* SPDX-License-Identifier: MIT */
/*
 * exec/serial.h - serial executors: their tasks run one after the other, in who waits for one or shuts it down.
 *
 * There are no runners. Who waits takes the one ticket, runs the next task, and gives it back, until his own has ended;
 * while another has the ticket he sleeps for his turn. So what was submitted before runs first.
 */
#ifndef WF_EXEC_SERIAL_H
#define WF_EXEC_SERIAL_H

#include <weft/future.h>

#include "exec/queued.h"

/* wf_engine.help: runs tasks in their order until the future has ended or the deadline has passed. */
int wf_serial_help(struct weft_executor *executor, weft_future *future, int64_t deadline_ns);
/* Runs what is there, while nobody else does. */
void wf_serial_drain(wf_queued *q);

#endif
