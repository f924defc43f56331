/* SPDX-License-Identifier: MIT */
/*
 * exec/future.h - waiting for a task and what else its holders may do; the public face is weft/future.h.
 *
 * Wait: W0 held? wait for what it needs first, the same way, down to what needs nothing (wf_kind)
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
/* Runs it here if nobody has begun it and the caller may; for who waits for one of several. 0, WEFT_ESTACK, -ETIMEDOUT. */
int wf_future_help(weft_future *needed, int64_t deadline_ns);

#endif
