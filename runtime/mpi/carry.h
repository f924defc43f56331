/* SPDX-License-Identifier: MIT */
/*
 * mpi/carry.h - tasks of an executor over ranks: in this process a task is a carrier, which leaves its bytes and the name of
 * its function with the hub, is away until the answer comes (exec/far.h), and ends as that says.
 *
 * So what waits, is cancelled, ordered, limited, drained and destroyed is what it is in all executors, and no thread is held.
 * Where the pool has no threads a carrier waits in whose thread it runs.
 */
#ifndef WF_MPI_CARRY_H
#define WF_MPI_CARRY_H

#include <weft/mpi.h>

#include "mpi/hub.h"

/* wf_far.submit; sends: as wf_far.sends. */
int wf_carry_submit(wf_line *line, weft_executor *executor, bool sends, const weft_task_spec *spec,
                    weft_future **future);
/* The same of weft_mpi_config.start, for that rank. */
int wf_carry_start(wf_line *line, weft_executor *executor, bool sends, int rank,
                   const weft_mpi_config *config, weft_future **future);

#endif
