/* SPDX-License-Identifier: MIT */
/*
 * sched/scratch.h - memory that a public call needs until it returns, kept by the worker for its next call.
 *
 * Calls of one worker end in the reverse order of their beginnings, so blocks lie on a pile: a call takes the topmost,
 * or reserves one if that is too small or there is none, and puts it back when it ends. There are never more than
 * there were calls inside each other. Blocks of more than WF_SCRATCH_KEPT are not kept.
 */
#ifndef WF_SCHED_SCRATCH_H
#define WF_SCHED_SCRATCH_H

#include "sched/worker.h"

/* Aligned to WF_LINE, of any content; NULL: no memory. Its owner only. */
void *wf_scratch_take(wf_worker *self, size_t bytes);
/* NULL is fine. */
void wf_scratch_put(wf_worker *self, void *memory);
/* Nobody is the worker any more. */
void wf_scratch_fini(wf_worker *worker);

#endif
