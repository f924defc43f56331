/* SPDX-License-Identifier: MIT */
/*
 * sched/resize.h - how many places a pool has, and which workers sit in them.
 *
 * - A pool has records for as many workers as it may ever have; they never move. A worker sits: it is counted in
 *   pool->idle and works; or it stands: its thread is parked, it is counted nowhere; or it has never had a thread.
 * - Its place's queues stay where they are, and others take from them, whether anybody sits there or not. A worker
 *   leaves between two tasks, with an empty task stack: nothing else is left behind.
 * - The first of them sit, in the order of the machine (near ones, one of each core before the second ones), of those
 *   whose PUs the process may use.
 *
 *   more   M1 threads for those that never had one; they stand   M2 open = places   M3 duty: SITS, wake
 *          M4 who found no free place before M2 is looked for: watcher, tasks
 *   fewer  F1 open = places   F2 duty: LEAVES, wake
 *   worker L1 sees LEAVES between two tasks   L2 duty from LEAVES to STANDS, or it was recalled   L3 searching - 1
 *          L4 started - 1   L5 looks once more, as a taker does (W2 of sleep.md)   L6 parks
 *          L7 recalled: started + 1, searching + 1: it searches before anything else
 *
 * Between F1 and L4 `started` is more than `open`: what is missing counts as taken places. So no more than `open` are
 * active at any time, but for who was already. Any change takes the turn first; workers wait for it in the middle of a
 * task that asks for a change, and never between tasks: threads are made under it.
 */
#ifndef WF_SCHED_RESIZE_H
#define WF_SCHED_RESIZE_H

#include "sched/worker.h"

/* What the program says: the machine is not followed any more. 1 <= places <= pool->workers. 0; -ESHUTDOWN: the pool ends;
 * -ENOMEM, -EAGAIN: a thread could not be made, and nothing has changed. Any thread. */
int wf_resize(weft_pool *pool, unsigned places);
/* The same under sizing.turn, for whoever it is. */
int wf_resize_to(weft_pool *pool, unsigned places, enum wf_size_origin origin);

/* So many places. */
void wf_open(weft_pool *pool, unsigned places);

/* For who reads what changes. */
static inline void wf_turn_take(weft_pool *pool)
{
    pthread_mutex_lock(&pool->sizing.turn);
}
static inline void wf_turn_give(weft_pool *pool)
{
    pthread_mutex_unlock(&pool->sizing.turn);
}

/* The pool ends: from here on nothing changes any more. */
void wf_resize_close(weft_pool *pool);

#endif
