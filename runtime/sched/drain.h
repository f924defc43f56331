/* SPDX-License-Identifier: MIT */
/*
 * sched/drain.h - the end of a pool's life: every task that was accepted has run.
 *
 * Nobody submits from outside any more; tasks that run may. The closer sleeps until the pool is still: all workers
 * count as sleeping, no queue shows anything, and between two such looks nobody was active. A task is made by an
 * active worker alone, and no worker sleeps while a queue shows one, so what is still once stays so. A pool to which
 * nothing was ever submitted need not become still: nobody is inside, so nobody forks. Spares are at rest, too: one is
 * called only while a worker waits in the middle of a task, and what it puts wakes a worker before it rests.
 *   closer: C1 closing = 1 (seq_cst)   C2 still? done   C3 park, to C2
 *   worker: S1 counts as sleeping (seq_cst)   then closing? wake the closer
 * Either C2 sees the last worker asleep or that worker sees closing.
 *
 * What was accepted but waits outside of the pool, for a permit of a limit (exec/limit.h), is expected: counted under a
 * lock from before the closing, or by a task that runs, until it was put or will not come. Others may bring it. So the
 * closer looks at this first, and what was put is in the queues then.
 */
#ifndef WF_SCHED_DRAIN_H
#define WF_SCHED_DRAIN_H

#include "sched/worker.h"

/* The pool's threads run; the caller is outside of it, and alone. */
void wf_drain(weft_pool *pool);
/* Waits until nothing is expected. */
void wf_drain_await(weft_pool *pool);
/* One more is expected; it came, or will not: the caller's last access to the pool. */
void wf_drain_expect(weft_pool *pool);
void wf_drain_came(weft_pool *pool);

#endif
