/* SPDX-License-Identifier: MIT */
/*
 * sched/find.h - the policy of idle workers: where they look for work, and in which order.
 *
 * Submitted tasks of the own place first, then near workers before far ones, seats, other places' tasks. At each worker: a loop that is worth a cut, then the oldest public
 * child; at an active one that shows neither, a request to publish; at one that has not answered for long, force.
 */
#ifndef WF_SCHED_FIND_H
#define WF_SCHED_FIND_H

#include "sched/loop.h"

/* What was found: taken already, it has to be run. */
typedef struct wf_work {
    wf_worker *victim; /* NULL: a task */
    wf_task *task;     /* or, if NULL: */
    weft_slot_ *slot;  /* or, if NULL: */
    wf_piece piece;
    bool more; /* there is more where it was found */
} wf_work;

/* Takes something from somebody; asks those who show nothing. With no free place: a task, or nothing. */
bool wf_find(wf_worker *self, bool place_free, wf_work *work);
/* True: submitted tasks, and of use. */
bool wf_work_run(wf_worker *self, const wf_work *work);

/* The last look before sleep: does anybody show anything? */
bool wf_visible(const wf_worker *self);

#endif
