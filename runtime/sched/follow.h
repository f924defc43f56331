/* SPDX-License-Identifier: MIT */
/*
 * sched/follow.h - a pool whose size the machine gave looks again, while it works, at what it may use.
 *
 * - What: the CPU quotas, as at creation (os/limits.h), and the affinity masks of the pool's own threads, as which cpusets
 *   come out, too: a PU of a thread's plan that it may not run on has been taken away, unless the process's first thread may
 *   run there (then a task has bound its thread). The first thread's mask alone says nothing: hosts bind it for reasons of
 *   their own.
 * - When: 100 ms after the last look, by whichever worker comes by between two tasks, by the sentinel, or, where workers
 *   stand, by one of those (the follower), while anybody is active. It dozes off when nobody is; the last idle worker that
 *   turns active, stands, or sleeps for want of a place rouses it, whoever goes on after a wait, and the monitor for one that
 *   stood still and runs again. No thread and no timer of its own; an idle pool does not look.
 *   (inotify tells of writes to cpu.max, but of no mask, no cpuset above and no move to another group.)
 * - Then: fewer places at once; more when all looks of a second have said so, and so many as the least of them. Threads that
 *   run elsewhere than planned are bound again.
 *
 * The look is made under sizing.turn; who finds it taken goes on without one.
 */
#ifndef WF_SCHED_FOLLOW_H
#define WF_SCHED_FOLLOW_H

#include "sched/worker.h"

/* At creation, when the size is known: from now on? The config's spin_ns. */
void wf_follow_start(weft_pool *pool, bool follows, int64_t spin_ns);

/* Other threads have to do for the pool on its PUs, again and again; not any more. Any thread. Meanwhile who spins yields. */
void wf_follow_share(weft_pool *pool, bool shares);

/* It is time (wf_follow_due). The calling worker is not in the middle of a task. */
void wf_follow(wf_worker *self);

/* The same for one that stands. How long it may stand before it calls again, ns. */
int64_t wf_follow_stand(wf_worker *self);

#endif
