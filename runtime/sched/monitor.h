/* SPDX-License-Identifier: MIT */
/*
 * sched/monitor.h - finds out by itself that a worker, a guest or a spare stands still in a call of the user's, and sees to
 * it that somebody else takes what there is to take. One thread a pool, made when it is first needed.
 *
 * Needed: all places are held by active threads, or no worker is idle; or somebody is active and all who are idle sleep: they
 * fell asleep when there was no place for them, and that one is free again was found out here. (While somebody searches or naps
 * and has a place, that one watches; while all are idle there is nothing to watch.) Who brings the pool there rings the bell
 * (sched/arm.h): the last worker that takes work, a submitter that finds nobody idle, an idle worker that finds no place. Then
 * it looks round, naps for 2 ms, growing to 5 while all is well, looks round, and so on; when it was not needed for some looks
 * it parks without a timeout. So an idle pool has no ticks, and a stream of short calls pays for no futex wakes.
 *
 * A look round:
 *   1  Each active thread's CPU clock is compared with the last look's. Who has used less than an eighth of the time in
 *      between, and of whom the kernel says that it sleeps (S or D; a computing thread that has to wait for a CPU is in state
 *      R), stands still: its place counts as vacant from here on, as if it had parked itself. It takes its place back when it
 *      next comes to the pool, or when it is seen running.
 *   2  Children that nobody can see, of one who stands still, are published in its stead; of others: asked for.
 *   3  Is there anything to take, and a place for who takes it? An idle worker is woken, or spares are called: as many as
 *      places are vacant. If those that were called at the last look stand still now, too, twice as many as then: what is
 *      there is likely to be of the same kind. They are more than places then (spares.extra), until one is seen running.
 *
 * The clocks of threads that are not the pool's (guests) are asked for by their number: a thread that has ended has none.
 * Without /proc nobody is ever found standing still.
 */
#ifndef WF_SCHED_MONITOR_H
#define WF_SCHED_MONITOR_H

#include "sched/worker.h"

/* Its thread; arg: the pool. */
void *wf_monitor_main(void *arg);

/* One look round at that time; judges: there was one a nap ago. How long to nap next; 0: it is not needed. */
int64_t wf_monitor_look(weft_pool *pool, int64_t now_ns, bool judges);

/* Sleeps until it is rung for. Where somebody stands still it looks once in a while whether that one runs again. */
void wf_monitor_park(weft_pool *pool);

#endif
