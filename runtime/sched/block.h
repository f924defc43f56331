/* SPDX-License-Identifier: MIT */
/*
 * sched/block.h - a thread that may be a worker waits for something that is no join: its place is free meanwhile, and its
 * private children are published first, for nobody who could ask for them knows that it waits.
 */
#ifndef WF_SCHED_BLOCK_H
#define WF_SCHED_BLOCK_H

#include "sched/worker.h"

/* Sleeps while *word == seen, until the deadline at most; may return early. what: for dumps, may be gone when they look. */
void wf_block_while(uint32_t *word, uint32_t seen, int64_t deadline_ns, const void *what);
/* As wf_task_wait. */
bool wf_block_for(wf_task *task, int64_t deadline_ns);

#endif
