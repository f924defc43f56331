/* SPDX-License-Identifier: MIT */
/*
 * sched/self.h - which worker the calling thread is.
 *
 * weft_self_ always points to a head. Outside a pool its limit is the least number there is, so that each fork
 * comes to the cold path at once, without a test of its own on the fast one. (Not 0: a join of a child that ran
 * at its fork stores a negative top for a moment, and the first head is shared.) room tells three kinds apart:
 *   1  the head that all threads start with: the first fork swaps it for the thread's own
 *   INTPTR_MIN, like limit: the thread's own head outside, no lines are shared with other threads: full
 *   more: a worker's or a seat's
 */
#ifndef WF_SCHED_SELF_H
#define WF_SCHED_SELF_H

#include "sched/worker.h"

/* NULL: a head outside. */
static inline wf_worker *wf_worker_of(weft_worker_ *head)
{
    return head->room > 1 ? (wf_worker *)(void *)head : NULL;
}

/* NULL: the calling thread is outside. */
static inline wf_worker *wf_self(void)
{
    return wf_worker_of(weft_self_);
}

/* The calling thread's head outside. */
weft_worker_ *wf_outside(void);

#endif
