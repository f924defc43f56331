/* SPDX-License-Identifier: MIT */
/* sched/eye.h - things that idle workers look at again and again: since when has one stood still? */
#ifndef WF_SCHED_EYE_H
#define WF_SCHED_EYE_H

#include "sched/worker.h"

/* For how many ticks the thing has been seen in the state `seen`, by whoever looked, without a change in between;
 * 0: a new sight. A hint: lookers at the same moment may mix their notes. */
uint64_t wf_eye(wf_sight *sight, uint64_t seen);

#endif
