/* SPDX-License-Identifier: MIT */
/*
 * sched/tasks.h - submitted tasks: where they are put, who takes them, how one runs.
 *
 *   submitted by a task on a worker    its place's run queue: newest first for the place, oldest first for thieves
 *   from outside, or by a guest        the inbox of the node; from there in batches to a place, oldest first
 *
 * Each node has an inbox for each priority, and another for what only its own workers may take, as each place has; that goes
 * first, and is not counted below (sched/home.h). Of what comes from outside the highest goes first, but that every
 * WF_AGE_NORMAL-th is a normal one, every WF_AGE_LOW-th a low one, where there is one.
 *
 * A worker looks at its run queue, its batch, its inbox, and then at other places'; every WF_INBOX_EVERY-th look
 * begins with the inbox, so that what comes from outside is not starved by tasks that submit tasks.
 * A task that its waiter took over, or that was cancelled, stays in its queue, dead, but where its waiter can take it out:
 * it is dropped when met.
 * With no threads in the pool, who submits runs what is queued before the call returns; a task of that very pool leaves
 * it to the call that runs it.
 */
#ifndef WF_SCHED_TASKS_H
#define WF_SCHED_TASKS_H

#include "sched/inside.h"

#define WF_RECORD_MAX (WF_TASK_BYTES << (WF_RECORD_SIZES - 1))
/* A record of the pool's, of so many bytes at most; NULL: no memory. self NULL: the caller is outside. */
wf_task *wf_tasks_new(weft_pool *pool, const wf_worker *self, size_t bytes);
/* Puts it where it belongs, with one reference, and wakes who is to run it. */
void wf_tasks_submit(weft_pool *pool, wf_worker *self, wf_task *task);
/* Into an inbox, whoever submits: of a home (sched/home.h) and a priority. Some executor with another than the normal
 * priority: banded, once, before. */
void wf_tasks_submit_to(weft_pool *pool, wf_worker *self, wf_task *task, wf_home home, int priority);
void wf_tasks_banded(weft_pool *pool);
/* A task that will block: it needs no place, only a thread. Any worker or spare takes it; while no worker is idle spares are
 * called for such tasks until there is one for each. */
void wf_tasks_submit_blocking(weft_pool *pool, wf_worker *self, wf_task *task);
/* One of those; NULL: there is none. And calls spares for those that nobody comes for. */
wf_task *wf_tasks_take_blocking(weft_pool *pool);
void wf_tasks_call_for_blocking(weft_pool *pool);
/* Is there something from outside of a higher priority? A hint. */
bool wf_tasks_more_urgent(const wf_worker *self, int priority);
/* The same as wf_tasks_submit in two parts, for several tasks: put each, then notify once. */
void wf_tasks_put(weft_pool *pool, wf_worker *self, wf_task *task);
void wf_tasks_notify(weft_pool *pool, wf_worker *self);

/* The next one for a worker from its own place and inbox; NULL: none. Its reference is the caller's. */
wf_task *wf_tasks_next(wf_worker *self);
/* One from another place, or its node's inbox. */
wf_task *wf_tasks_steal(wf_worker *self);
/* One of any place, for who has none. */
wf_task *wf_tasks_take_any(wf_worker *self);
/* Is there any that anybody may take, for the last look before sleep? */
bool wf_tasks_visible(const weft_pool *pool);
/* Is there another one near, after taking one? A hint. */
bool wf_tasks_more(const wf_worker *self);

/* Runs it, unless somebody else has; then those of the own place, until there is none. Was any of them of use? One is
 * not that its waiter would have run a moment later. */
bool wf_tasks_run(wf_worker *self, wf_task *task);
/* Just the one. */
bool wf_tasks_run_one(wf_worker *self, wf_task *task);
/* Takes it out of the caller's own run queue, with the queue's reference, if it is the newest or the oldest there: before
 * it is claimed, so that nothing dead is left. */
bool wf_tasks_take_back(wf_worker *self, const wf_task *task);
/* Runs a task that the caller, a waiter, has claimed; drop: with a reference that it gives up. self NULL: outside of any
 * pool's seats. */
void wf_tasks_take_over(wf_worker *self, wf_task *task, bool drop);
/* Runs here and now a task that the caller has held, unless it was cancelled or has begun, and drops its reference. */
void wf_tasks_run_held(wf_worker *self, wf_task *task);
/* A task in a queue was cancelled, or claimed by who waits for it. self NULL: the caller is outside. */
void wf_tasks_dead(wf_worker *self, wf_task *task);
/* Drops those from an executor's queue, before it is said to be full. */
void wf_tasks_sweep(wf_inbox *inbox);
/* The executor with an engine in whose queue the task is or was; NULL: it went to the pool's. Its record may be another
 * executor's by now. */
static inline struct weft_executor *wf_tasks_executor(const wf_task *task)
{
    wf_inbox *inbox =
        wf_load_relaxed(&task->inbox); /* hint but for an executor's: that is there before it is pending */
    return inbox ? inbox->owner : NULL;
}
/* May any waiter run it that comes before others do? A hint. */
static inline bool wf_tasks_is_anybodys(const wf_task *task)
{
    const wf_inbox *inbox = wf_load_relaxed(&task->inbox); /* hint: as above */
    return !inbox || !(inbox->owner || inbox->bound);
}
/* Who puts it. */
static inline void wf_tasks_goes_to(wf_task *task, wf_inbox *inbox)
{
    wf_store_relaxed(&task->inbox,
                     inbox); /* hint: one that follows another may be cancelled while it is put */
}
/* What the calling thread is inside of: sched/inside.h. */
static inline wf_running *wf_tasks_innermost(void)
{
    return wf_innermost;
}
/* fn(arg) of a task that the caller has claimed, as a part of the pool if self is in one. What it answers. */
int wf_tasks_call(wf_worker *self, wf_task *task);
/* fn(arg) as a part of a task that runs in another thread, and waits for it: what asks that to stop asks this. */
void wf_tasks_call_part(wf_task *task, void (*fn)(void *arg), void *arg);
/* What ended in the calling thread with that status, for the pool's hook, if nobody holds it. */
void wf_tasks_failed(const wf_task *task, int status);
/* Is the calling thread inside of it? */
bool wf_tasks_is_inside(const wf_task *task);

#endif
