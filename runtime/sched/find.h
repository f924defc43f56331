/* SPDX-License-Identifier: MIT */
/*
 * sched/find.h - the policy of idle workers: where they look for work, and in which order.
 *
 * Submitted tasks of the own place first, then near workers before far ones, seats, other places' tasks. At each worker:
 * a loop that is worth a cut, then the oldest public child; at an active one that shows neither, a request to publish; at
 * one that has not answered for long, force.
 * On several nodes there are stretches of loops, too (sched/layout.h): those for the own node come before the workers, all
 * others behind the seats, when no near worker has a range. And before a range is cut on another node, those of the own
 * one are looked at once more: a piece that has just begun there was not worth a cut when its turn was.
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
    bool more;       /* there is more where it was found */
    bool stolen;     /* a task of another place */
    wf_worker *away; /* a task that a spare runs in this one's stead (sched/home.h); else NULL */
    bool near_again; /* looking: the own node was looked at once more, or there is but one */
} wf_work;

/* Takes something from somebody; asks those who show nothing. With no free place: a task, or nothing. self: a worker, or
 * a spare, which takes tasks from anywhere. */
bool wf_find(wf_worker *self, bool place_free, wf_work *work);
/* True: submitted tasks, and of use. */
bool wf_work_run(wf_worker *self, const wf_work *work);

#endif
