/* SPDX-License-Identifier: MIT */
/*
 * sched/block.h - a thread that may be a worker waits for something that is no join: its place is free meanwhile, and its
 * private children are published first, for nobody who could ask for them knows that it waits.
 */
#ifndef WF_SCHED_BLOCK_H
#define WF_SCHED_BLOCK_H

#include <weft/block.h>

#include "sched/worker.h"

/* A place became vacant, or a spare left one: calls a spare if there is anything to take that nobody else would. */
void wf_hand_over(weft_pool *pool);
/* The same at a join or a loop's end: children that others show are most likely of what is waited for, whose owner is woken for
 * them. If not, the monitor will see. */
void wf_hand_over_tasks(weft_pool *pool);

/* The caller's blocking section (weft/block.h). */
void wf_section_begin(wf_worker *self);
void wf_section_end(wf_worker *self);

/* Sleeps while *word == seen, until the deadline at most; may return early. what: for dumps, may be gone when they look. */
void wf_block_while(uint32_t *word, uint32_t seen, int64_t deadline_ns, const void *what);
/* As wf_task_wait, or, held, as wf_task_wait_held. */
bool wf_block_for(wf_task *task, bool held, int64_t deadline_ns);

/* In the calling thread run() is called whenever it is about to sleep in one of these, or begins a section: what it does for
 * others has to go on without it. NULL: nothing. */
void wf_block_calls(void (*run)(void));

#endif
