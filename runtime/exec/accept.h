/* SPDX-License-Identifier: MIT */
/*
 * exec/accept.h - what comes into an executor's queue: what is accepted, and what happens when it is full.
 *
 * Who submits counts the task as accepted first (Q1), and then sees whether the executor is closed, or the queue too full;
 * if it is, it takes the task back, and refuses it, waits for room and tries again, or runs it itself. So who closes sees
 * what was accepted before, and destroys nothing under it.
 *   accepted - taken   what is in the queue, or on the way into it
 * What was held for an executor may come late: it is accepted with that one's epoch, another one refuses it. Accepted, the
 * executor cannot be destroyed any more.
 * What comes later is accepted alone at first, and comes, or does not, in any thread: that may be what the executor's end
 * waits for, so who brings it counts as leaving (exec/tickets.h) meanwhile.
 */
#ifndef WF_EXEC_ACCEPT_H
#define WF_EXEC_ACCEPT_H

#include "exec/queued.h"

/* wf_engine.submit */
int wf_accept(struct weft_executor *executor, wf_worker *self, wf_task *task, int when_full);
/* wf_engine.accept, .accept_held, .comes, .comes_not */
int wf_accept_later(struct weft_executor *executor, wf_worker *self);
int wf_accept_held(struct weft_executor *executor, uint64_t epoch);
void wf_accepted_comes(struct weft_executor *executor, wf_task *task);
void wf_accepted_comes_not(struct weft_executor *executor);
/* Of what was accepted, how many have not been taken out? */
uint64_t wf_accepted_left(const wf_queued *q);

#endif
