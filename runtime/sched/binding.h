/* SPDX-License-Identifier: MIT */
/*
 * sched/binding.h - where a pool's threads may run: planned at creation, done by each thread itself, and what
 * came of it asked from the kernel.
 *
 * 1 the creator plans: the pool's kind of binding, a CPU set for each worker, room for the kernel's answer
 * 2 each thread, before anything else, binds itself, asks for its mask, notes both in its record and counts itself
 * 3 who wants to know waits until all are counted, then reads the records; they do not change any more
 *
 * Threads allocate nothing: a host that forks at any moment then finds no lock of an allocator held by one.
 */
#ifndef WF_SCHED_BINDING_H
#define WF_SCHED_BINDING_H

#include "sched/worker.h"

/* bind: the config's. 0 or -ENOMEM; release in either case. */
int wf_binding_plan(weft_pool *pool, int bind);
void wf_binding_release(weft_pool *pool);

/* The worker's own thread, first of all. */
void wf_binding_apply(wf_worker *self);

/* Until all threads of the pool have applied theirs. Any thread: they do without anybody's help. */
void wf_binding_wait(weft_pool *pool);

#endif
