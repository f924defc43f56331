/* SPDX-License-Identifier: MIT */
/*
 * mpi/portions.h - maps and streams of an executor over ranks: some items are a letter, whose rank runs it as a loop of its
 * pool.
 *
 * exec/bulk.c cuts the pieces of a map: large ones first, each a part of what is left, down to an item for each worker of a
 * rank. Those of a stream are its chunks (exec/pump.h), no smaller either. Two threads for each rank hold one piece each, so that
 * while a rank works on one it has the next, and no round trip is waited for; wf_hub_ask sends a piece to the rank that has
 * least for its workers.
 */
#ifndef WF_MPI_PORTIONS_H
#define WF_MPI_PORTIONS_H

#include "exec/far.h"
#include "mpi/hub.h"

/* wf_far.check, .run */
int wf_portions_check(const wf_line *line, const wf_items *items);
size_t wf_portions_run(wf_line *line, wf_items *items, size_t begin, size_t end);

#endif
