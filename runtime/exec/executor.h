/* SPDX-License-Identifier: MIT */
/*
 * exec/executor.h - submitting through an executor; the public face is weft/future.h.
 *
 * A pool's own executor has no engine: submitting is taking a record, filling it and putting it into a queue. Others are
 * asked where the record goes (exec/queued.h).
 */
#ifndef WF_EXEC_EXECUTOR_H
#define WF_EXEC_EXECUTOR_H

#include <weft/future.h>

#include "sched/worker.h"

/* Whose door it is, and who stands before it. */
typedef struct wf_door {
    weft_executor *executor;
    weft_pool *pool;
    wf_worker *self; /* of that pool; NULL: outside */
} wf_door;

/* The executor that is meant. 0, -ENOMEM, -EOWNERDEAD, -EINVAL: its tasks run in other processes, so no function of this
 * one does. */
int wf_executor_find(weft_executor *given, wf_door *door);
/* The same for who knows what to do there. */
int wf_executor_find_any(weft_executor *given, wf_door *door);
/* The own one of a usable future's pool; the current one for a promise's. Also -ESHUTDOWN: that pool is gone. */
int wf_executor_near(const wf_task *future, wf_door *door);
/* Would it refuse a task from outside now? */
bool wf_executor_closed(const weft_executor *executor);
/* Until when to sleep where what one could do meanwhile is not told: for the length of a look. */
int64_t wf_look(int64_t deadline_ns);
/* The same of who waits for one of several that are pending. A task that comes into a serial executor's queue meanwhile, or into
 * that of an executor whose ticket the waiter has, may be nobody else's to run, and what the waiter sleeps on does not
 * tell. So where there was ever a serial executor, which is made for debugging, or in a task of one with a limit, it looks
 * round now and then. */
int64_t wf_look_for_pending(int64_t deadline_ns);
void wf_serial_is_made(void);
/* Is the caller inside a task of it, or a part of one? */
bool wf_executor_is_around(const weft_executor *executor);
/* Is it a task of it that the calling thread runs, and no part? */
bool wf_executor_runs_here(const weft_executor *executor);
/* A record that is filled in. 0, or why it was refused: then it is the caller's. */
int wf_executor_submit(const wf_door *door, wf_task *task);
/* One that was accepted earlier, when it had to wait yet, or for what was: a full queue does not refuse it. */
int wf_executor_submit_accepted(weft_executor *executor, wf_task *task);
/* One that waits for a future or a time, and was accepted by the executor with that epoch, whose record may be another's
 * by now: then it is refused. */
uint64_t wf_executor_epoch(const weft_executor *executor);
int wf_executor_submit_held(weft_executor *executor, wf_task *task, uint64_t epoch);
/* One that comes later, or not at all: a place is kept for it. Who submits does not run it. 0, or why it is refused. */
int wf_executor_accept(const wf_door *door);
int wf_executor_accept_held(weft_executor *executor, uint64_t epoch);
/* Then one of these, of any thread: the executor may be gone after it. */
void wf_executor_comes(weft_executor *executor, wf_task *task);
void wf_executor_comes_not(weft_executor *executor);
/* Is it being shut down so that it cancels what has not begun? */
bool wf_executor_cancels(const weft_executor *executor);
/* The same as wf_executor_submit in two parts, for several tasks: put each, then notify once. */
int wf_executor_put(const wf_door *door, wf_task *task);
void wf_executor_notify(const wf_door *door);

#endif
