/* SPDX-License-Identifier: MIT */
/* sched/eye.h - things that a worker looks at again and again: since when has one stood still? */
#ifndef WF_SCHED_EYE_H
#define WF_SCHED_EYE_H

#include "sched/worker.h"

/* For how many ticks `what` has been seen in the state `seen` by this worker without a change in between; 0: a
 * new sight. It keeps an eye on a few things at a time; those that share a cell take turns. */
uint64_t wf_eye(wf_worker *self, const void *what, uint64_t seen);

#endif
