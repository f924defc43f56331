/* SPDX-License-Identifier: MIT */
/*
 * exec/future.h - waiting for a task and what else its holders may do; the public face is weft/future.h.
 *
 * Wait: W0 held? run one that it needs, in whatever order they are needed, down to what needs nothing (wf_kind); if there
 *          is none to be run, wait for the first of them, then on the way back up for those that need nothing more
 *       W1 ended? done   W2 pending, and the waiter may run it: enter its pool, claim it, run it
 *       W3 spin for about what a sleep costs   W4 sleep on the record's word. A worker vacates its place first, and
 *       publishes its private children: who waits for a join of its own can be helped, who waits here cannot.
 */
#ifndef WF_EXEC_FUTURE_H
#define WF_EXEC_FUTURE_H

#include <weft/future.h>

#include "data/task.h"

/* 0, or why the future cannot be used. */
int wf_future_usable(const weft_future *future);
/* Runs it, or one of those that it needs, here, if nobody has begun it and the caller may. True: there was one. err: if it
 * is 0 it becomes WEFT_ESTACK or -ETIMEDOUT, maybe. */
bool wf_future_help(weft_future *future, int64_t deadline_ns, int *err);

#endif
