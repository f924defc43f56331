/* SPDX-License-Identifier: MIT */
/*
 * sched/spare.h - threads that stand in for workers which wait in the middle of a task.
 *
 * A worker that waits for a future, a stream, an executor has given its place up, but its thread sleeps. If tasks are
 * queued then, and no other worker is idle, a spare is called: a thread of the pool's that sits down in a seat of its
 * own, as a guest does, and runs queued tasks (sched/serve.c) as long as a place is free. So what the worker waits for
 * can happen, whoever was to make it happen. A spare is created when it is first called, and rests between calls.
 *
 *   coming   called, not seated yet: they count as guests for who looks whether a place is free
 *   out      called, not back at rest yet: the pool is not still before they are (sched/drain.h)
 */
#ifndef WF_SCHED_SPARE_H
#define WF_SCHED_SPARE_H

#include "sched/worker.h"

/* One more; nothing happens if all are out, or no thread can be had. Any thread. */
void wf_spare_call(weft_pool *pool);
/* Any thread: how many are called and not seated, and out. */
unsigned wf_spares_coming(const weft_pool *pool);
bool wf_spares_rest(const weft_pool *pool);

/* The spare's own thread: may be called from here on; sleeps until it is; false: the pool ends. */
void wf_spare_rests(weft_pool *pool);
bool wf_spare_wait(weft_pool *pool);
/* It has sat down, and is back. */
void wf_spare_seated(weft_pool *pool);
void wf_spare_back(weft_pool *pool);

/* All are at rest, and nobody calls any more. */
void wf_spares_end(weft_pool *pool);

#endif
