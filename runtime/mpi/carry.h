/* SPDX-License-Identifier: MIT */
/*
 * mpi/carry.h - tasks of an executor over ranks: in this process a task is a carrier, which takes its bytes and the name of
 * its function to a rank, sleeps until the answer comes, and ends as that says.
 *
 * So what waits, is cancelled, ordered, limited, drained and destroyed is what it is in all executors. A carrier needs a thread
 * while it sleeps, no place.
 */
#ifndef WF_MPI_CARRY_H
#define WF_MPI_CARRY_H

#include <weft/executor.h>

#include "mpi/hub.h"

/* wf_far.submit */
int wf_carry_submit(wf_hub *hub, weft_executor *executor, const weft_task_spec *spec, weft_future **future);

#endif
