/* SPDX-License-Identifier: MIT */
/*
 * exec/queued.h - an executor's own queue in front of its pool: what weft_executor_create makes.
 *
 * Tasks wait in the executor's inbox, in the order of submission. A *runner* is an ordinary task of the pool that takes
 * them out, one at a time, and runs them. Whoever begins a task of the executor holds one of `limit` *tickets*: a runner
 * from its first task to its last, or a waiter that takes a pending task over. So a limit holds no worker back, and what
 * has not begun stays where shutdown finds it.
 *
 *   state = active | leaving | entries   tickets that are out; who gave one back and looks once more; runners that are
 *                                        in the pool's queues, not begun
 *
 *   submit  Q1 accepted + 1; closed? take it back, refuse   Q2 put   Q3 look at state: active + entries < limit: entries + 1,
 *           submit a runner
 *   runner  R1 entries - 1; active < limit? active + 1, else leave: who is active looks at its end
 *           R2 take, run; again, at most WF_RUNNER_TASKS times   R3 active - 1, leaving + 1   R4 something there still? as Q3
 *           R5 wake who waits   R6 leaving - 1: the executor may be gone after it
 *   waiter  W1 active < limit: active + 1; else it is inside a task of this executor, which lends its ticket, or it
 *           sleeps   W2 claim and run it   W3 as R3 to R6
 * All accesses to state, put and taken are sequentially consistent: either Q3 sees R3, or R4 sees Q2. So while something
 * is there, a runner is on its way, or somebody active will look.
 *
 * Shutdown: closed = 1, then nothing is accepted but from its own tasks; it is over when all that was accepted was taken
 * out, nobody is active, and nobody cancels what he took out. destroy waits out those who are leaving.
 * The record belongs to the pool and is used again: who waits for a future of an executor that was destroyed meanwhile
 * may take a ticket of another one, finds its task ended, and gives it back. What was held for the former one comes with
 * its epoch: accepted (Q1), the executor cannot be destroyed any more, and another epoch is refused.
 *
 * Who has a ticket is in a lane (exec/lanes.h), which he leaves before R3.
 */
#ifndef WF_EXEC_QUEUED_H
#define WF_EXEC_QUEUED_H

#include <weft/executor.h>

#include "exec/lanes.h"
#include "sched/worker.h"

typedef struct wf_queued {
    struct weft_executor base;
    wf_inbox inbox;
    uint64_t state __attribute__((aligned(WF_LINE)));
    uint64_t accepted;
    uint64_t taken_before; /* of the inbox, at its creation */
    uint64_t in_callers;   /* tasks that ended in who submitted them: in no queue, not in accepted */
    uint32_t cancelling;   /* threads that take out what is pending */
    uint32_t closed, cancels, stops; /* how it is being shut down */
    uint32_t turn;                   /* changes when somebody who waits for room or for the end should look */
    uint32_t waiting;                /* how many do */
    uint32_t limit;
    wf_inbox *home; /* where its runners go; NULL: near who submits */
    weft_executor_config config;
    char name[32];
    int broken; /* what the start hook answered */
    wf_lanes lanes;
} wf_queued;

/* Of a task that is running: is its executor being stopped? */
bool wf_queued_stops(const wf_task *task);
#endif
