/* SPDX-License-Identifier: MIT */
/*
 * sched/spare.h - threads that stand in for workers whose places are vacant.
 *
 * A worker that waits in the middle of a task has given its place up, but its thread sleeps. If there is anything to
 * take then, and no worker is idle, a spare is called: a thread of the pool's that sits down in a seat of its own, as a
 * guest does, and works (sched/serve.c) as long as a place is free for it. So what the worker waits for can happen,
 * whoever was to make it happen. A spare is created when it is first called, rests between calls, and ends when nobody
 * has called it for keep_ns; then its seat has no thread until one is wanted again.
 *
 *   most     seats of spares == resting + unmade + called; made == those with a thread, or whose thread is being made
 *   wanted   called, but nobody has begun to make the thread: whoever comes by does, outside the lock
 *   making   somebody is about to have one made: its thread is nobody's to join; the pool's end waits for that
 *   coming   called, not seated yet: they count as active for who looks whether a place is free
 *   out      called, not back at rest yet: the pool is not still before they are (sched/drain.h)
 *   extra    may be active beyond the vacant places: the monitor bets that they will stand still, too
 *
 * A thread that the system refuses is not made; another is tried WF_SPARE_RETRY_NS later at the earliest: by the monitor, or,
 * where that has no thread either, by who calls next.
 */
#ifndef WF_SCHED_SPARE_H
#define WF_SCHED_SPARE_H

#include "sched/worker.h"

/* Before anybody knows the pool: the seats behind the guests'. main: of a spare's thread, its argument is the seat. */
void wf_spares_init(weft_pool *pool, unsigned most, int64_t keep_ns, void *(*main)(void *seat));

/* So many more; fewer if all are out, or no thread can be had. Any thread; creates threads. */
void wf_spare_call(weft_pool *pool, unsigned more);
/* Any thread: how many are called and not seated, and out. */
unsigned wf_spares_coming(const weft_pool *pool);
bool wf_spares_rest(const weft_pool *pool);

/* The spare's own thread: may be called from here on; sleeps until it is; false: it ends. */
void wf_spare_rests(wf_worker *self);
bool wf_spare_wait(wf_worker *self);
/* It has sat down, and is back. */
void wf_spare_seated(weft_pool *pool);
void wf_spare_back(weft_pool *pool);

/* All are at rest, and nobody calls any more. */
void wf_spares_end(weft_pool *pool);
/* The threads of those that have ended: what is left of them. */
void wf_spares_join_ended(weft_pool *pool);

#endif
