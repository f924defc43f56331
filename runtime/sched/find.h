/* SPDX-License-Identifier: MIT */
/*
 * sched/find.h - the policy of idle workers: where they look for work, and in which order.
 *
 * Near workers before far ones, seats last. At each: a loop that is worth a cut, then the oldest public
 * child; at an active one that shows neither, a request to publish; at one that has not answered for long, force.
 */
#ifndef WF_SCHED_FIND_H
#define WF_SCHED_FIND_H

#include "sched/loop.h"

/* What was found: taken already, it has to be run. */
typedef struct wf_work {
    wf_worker *victim;
    weft_slot_ *slot; /* or, if NULL: */
    wf_piece piece;
    bool more; /* victim shows more */
} wf_work;

/* Takes something from somebody; asks those who show nothing. */
bool wf_find(wf_worker *self, wf_work *work);
void wf_work_run(wf_worker *self, const wf_work *work);

/* The last look before sleep: does anybody show anything? */
bool wf_visible(const wf_worker *self);

#endif
