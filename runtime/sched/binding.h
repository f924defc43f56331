/* SPDX-License-Identifier: MIT */
/*
 * sched/binding.h - where a pool's threads may run: planned at creation, done by each thread itself, and what
 * came of it asked from the kernel; and what others have done to it since.
 *
 * 1 the creator plans: the pool's kind of binding, a CPU set for each worker, room for the kernel's answer
 * 2 each thread, before anything else, binds itself, asks for its mask, notes both in its record and counts itself
 * 3 who wants to know takes the turn (sched/resize.h), waits until all are counted, then reads the records: from then on
 *   only who has the turn changes them
 *
 * Threads allocate nothing: a host that forks at any moment then finds no lock of an allocator held by one.
 */
#ifndef WF_SCHED_BINDING_H
#define WF_SCHED_BINDING_H

#include "sched/worker.h"

/* bind: the config's. 0 or -ENOMEM; release in either case. */
int wf_binding_plan(weft_pool *pool, int bind);
void wf_binding_release(weft_pool *pool);

/* Before its thread is made: it binds itself to what of its plan may be used just now. Under sizing.turn, as all below. */
void wf_binding_aim(wf_worker *worker);

/* The worker's own thread, first of all. */
void wf_binding_apply(wf_worker *self);

/* The same of a thread of the pool's that is no worker: it stays within the part of the machine that the pool is confined
 * to, whoever's mask it was born with. Where the kernel refuses it, it runs where it could before. */
void wf_binding_confine(const weft_pool *pool);

/* The same thread as a worker is planned to be bound, for a while; and again wherever the pool may run. Where the pool is not
 * bound, nothing is done. */
void wf_binding_as(const wf_worker *worker);
void wf_binding_as_none(const weft_pool *pool);

/* Until all threads of the pool have applied theirs: they do without anybody's help. Under sizing.turn. */
void wf_binding_wait(weft_pool *pool);

/* Is there nothing to wait for? */
bool wf_binding_settled(const weft_pool *pool);

/* A PU is taken away if a thread that was planned there may not run there, nor the process's first thread: notes whose PUs
 * are, and which threads may run elsewhere than planned, and tells how many others there are, at least 1. True: other PUs
 * than before. */
bool wf_binding_look(weft_pool *pool, unsigned *pus);
/* Binds a thread again within what is left of its plan. Not in any case: only if it may run on all of that and elsewhere, too;
 * who may not has been bound by a task. */
void wf_binding_renew(wf_worker *worker, bool in_any_case);

#endif
