/* SPDX-License-Identifier: MIT */
/*
 * sched/duty.h - whether a worker has a place: one word, that others write and the worker answers.
 *
 *   SITS -> LEAVES   dismissed                       LEAVES -> STANDS   the worker, between two tasks
 *   LEAVES -> SITS   recalled before it had left     STANDS -> SITS     recalled: it is woken
 *
 * All but the worker's own step are made under sizing.turn. A worker that stands is counted nowhere (sched/sleep.h); it
 * counts itself in before it does anything else. One whose thread is new begins so.
 */
#ifndef WF_SCHED_DUTY_H
#define WF_SCHED_DUTY_H

#include "sched/worker.h"

/* Under sizing.turn. */
void wf_dismiss(wf_worker *worker);
void wf_recall(wf_worker *worker);

/* The worker itself: was it told to leave? It searches: it stands from now on; false: it was recalled. */
bool wf_dismissed(const wf_worker *self);
bool wf_stand_begin(wf_worker *self);
bool wf_stands(const wf_worker *self);

#endif
