/* SPDX-License-Identifier: MIT */
/*
 * sched/queues.h - where a pool's submitted tasks wait (sched/tasks.h), and the slabs of their records: made, counted, gone.
 *
 * Each place has a run queue and a batch; each NUMA node that has places an inbox for each priority, and a strict one.
 */
#ifndef WF_SCHED_QUEUES_H
#define WF_SCHED_QUEUES_H

#include "sched/worker.h"

/* Of a pool whose workers and machine are known. 0 or -ENOMEM; fini in either case. */
int wf_queues_init(weft_pool *pool);
void wf_queues_fini(weft_pool *pool);

/* Was any task ever submitted? The caller is outside, and nobody submits from there any more. */
bool wf_queues_ever(const weft_pool *pool);
/* How many wait in inboxes, and in all queues, dead ones too. Hints. */
uint64_t wf_queues_outside(const weft_pool *pool);
uint64_t wf_queues_backlog(const weft_pool *pool);

#endif
