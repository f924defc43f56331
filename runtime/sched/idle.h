/* SPDX-License-Identifier: MIT */
/*
 * sched/idle.h - what a worker's thread does between tasks: search, nap as the sentinel, sleep.
 *
 * Search: looks round until it has found nothing that paid for up to 30 us (a stolen task pays if it lasts
 * longer than stealing costs, and renews the patience in proportion; crumbs do not, so a stream of tiny calls
 * elsewhere is left alone). Then, if nobody naps yet, it becomes the sentinel: naps of 20 us doubling to 1 ms, a short search
 * after each. (The length is the pool's, not the worker's: who relieves a sentinel goes on with its naps.) When
 * another nap would end more than 0.9 ms after the last activity in the pool it sleeps. With a sentinel there already it
 * sleeps at once. An idle pool has no sentinel: all sleep, nothing ticks.
 *
 * A worker that has been dismissed stands: it parks here until it is recalled (sched/resize.h).
 */
#ifndef WF_SCHED_IDLE_H
#define WF_SCHED_IDLE_H

#include "sched/worker.h"

/* The thread of a worker, until the pool stops. The worker counts as searching when it begins. */
void wf_idle_run(wf_worker *self);

#endif
