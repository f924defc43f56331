/* SPDX-License-Identifier: MIT */
/*
 * exec/queued.h - an executor's own queue in front of its pool: what weft_executor_create makes.
 *
 * Tasks wait in the executor's inbox, in the order of submission. A *runner* is an ordinary task of the pool that takes
 * them out, one at a time, and runs them. Whoever begins a task of the executor holds one of `limit` *tickets*
 * (exec/tickets.h): a runner from its first task to its last, or a waiter that takes a pending task over. So a limit holds
 * no worker back, and what has not begun stays where shutdown finds it. Here: who runs them.
 *
 *   submit  Q1 accepted + 1; closed? take it back, refuse (exec/accept.h)   Q2 put   Q3 look at the tickets: active +
 *           entries < limit: entries + 1, submit a runner
 *   runner  R1 entries - 1; active < limit? active + 1, else leave: who is active looks at its end
 *           R2 take, run; again, at most WF_RUNNER_TASKS times   R3 active - 1, leaving + 1   R4 something there still? as Q3
 *           R5 wake who waits   R6 leaving - 1: the executor may be gone after it
 *   waiter  W1 active < limit: active + 1; else it is inside a task of this executor, which lends its ticket, or it
 *           sleeps   W2 claim and run it   W3 as R3 to R6
 * All accesses to tickets, put and taken are sequentially consistent: either Q3 sees R3, or R4 sees Q2. So while something
 * is there, a runner is on its way, or somebody active will look.
 *
 *   cancel  C1 closed = 1   C2 cancels = 1   C3 while something is there: take it out, and cancel it. What was accepted and put
 *           behind that: Q4 behind Q3 the submitter, but a task of the executor, sees C2, and does C3
 *
 * The record belongs to the pool and is used again (exec/executors.h). A waiter, or what was held, may be late: the
 * executor was destroyed, and there is another one in the record. So they come first, and while they are here it is not
 * destroyed: a waiter finds its task ended, and gives the ticket back; what was held knows the former one's epoch.
 *
 * Who has a ticket is in a lane (exec/lanes.h), which he leaves before R3.
 *
 * Of an executor that sends (exec/far.h) tasks need no runner, as to begin one is to hand it over:
 *   S1 after Q2, and as R4: while something is there: active < limit? active + 1, take one, begin it; it is away: the ticket is
 *      its own; it runs here, a part of a map: a runner has it and the ticket   S2 it comes back, in any thread: as R3
 */
#ifndef WF_EXEC_QUEUED_H
#define WF_EXEC_QUEUED_H

#include <weft/executor.h>

#include "exec/far.h"
#include "exec/lanes.h"
#include "exec/tickets.h"
#include "sched/worker.h"

typedef struct wf_queued {
    struct weft_executor base;
    wf_inbox inbox;
    wf_tickets tickets;
    uint64_t accepted;
    uint64_t taken_before; /* of the inbox, at its creation */
    uint64_t in_callers;   /* tasks that ended in who submitted them: in no queue, not in accepted */
    uint32_t taking_out;   /* threads that take out what is pending, or set */
    uint32_t closed, cancels, stops; /* how it is being shut down */
    wf_home home;                    /* of its runners */
    weft_executor_config config;
    char name[32];
    int broken;  /* what the start hook answered */
    wf_far *far; /* NULL: they run here */
    wf_lanes lanes;
} wf_queued;

static inline wf_queued *wf_queued_of(struct weft_executor *executor)
{
    return (wf_queued *)(void *)executor;
}

/* NULL: its tasks run here. */
static inline wf_far *wf_far_of(struct weft_executor *executor)
{
    const wf_engine *engine = wf_engine_of(executor);
    return engine && engine->far ? wf_queued_of(executor)->far : NULL;
}

/* By who may use the executor, or has a ticket, or has come. */
static inline bool wf_queued_sends(const wf_queued *q)
{
    return q->far && q->far->sends;
}

static inline bool wf_queued_serial(const wf_queued *q)
{
    return q->config.engine == WEFT_ENGINE_SERIAL;
}

static inline bool wf_queued_visible(const wf_queued *q)
{
    return wf_inbox_visible(&q->inbox);
}

/* Q2 to Q4, of one that was accepted. self: of the executor's pool or NULL. */
void wf_queued_put(wf_queued *q, wf_worker *self, wf_task *task);
/* Somebody begins it: here, or has already: false. It was taken out. */
bool wf_queued_begin(wf_queued *q, wf_task *task);
/* With a ticket. False: nothing there, or the next one is half-way in, or another takes just now. */
bool wf_queued_run_next(wf_queued *q);
/* What is pending, or an alarm that is set, is taken out; and it has ended, or was accepted. In between the executor is not over
 * for who shuts it down. */
void wf_queued_takes_out(wf_queued *q);
void wf_queued_took_out(wf_queued *q);
/* The executor cancels: C3. */
void wf_queued_cancel_pending(wf_queued *q);
/* In who submitted it: above the limit, if need be. */
void wf_queued_run_in_caller(wf_queued *q, wf_task *task);
/* S2. Its function answers its status, once more. */
void wf_queued_end(wf_task *task);
/* Is the calling thread inside of a task of it, or ends one, or is without it none brought back? */
bool wf_queued_is_inside(const wf_queued *q);
/* wf_engine.begin, wf_engine.end: W1, W3. */
bool wf_queued_waiter_begins(struct weft_executor *executor, wf_task *task, wf_pass *pass);
void wf_queued_waiter_ended(struct weft_executor *executor, wf_pass *pass);
/* Of a task that is running: is its executor being stopped? */
bool wf_queued_stops(const wf_task *task);
#endif
