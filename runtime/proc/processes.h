/* SPDX-License-Identifier: MIT */
/*
 * proc/processes.h - executors over worker processes; the public face is weft/process.h.
 *
 * - It is an ordinary executor (exec/queued.h) with blocking tasks and a limit: each of its lanes (exec/lanes.h) has a
 *   process. So what waits, is cancelled, ordered, limited, drained and destroyed is what it is in all others.
 * - Its tasks are carriers: one takes its parcel, the caller's bytes and the name of the function, to the lane's process
 *   and sleeps until the answer comes, the process has ended, or it has had time enough. It needs a thread, no place.
 * - Who waits for a future runs its carrier himself, as with any other task: no thread stands between him and the process.
 */
#ifndef WF_PROC_PROCESSES_H
#define WF_PROC_PROCESSES_H

#include "proc/child.h"

#endif
