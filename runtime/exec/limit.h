/* SPDX-License-Identifier: MIT */
/*
 * exec/limit.h - at most n tasks of a kind at a time, whatever their executors; the public face is weft/limit.h.
 *
 * A task with a limit is held (data/task.h) until it has one of n permits; then it goes through its executor, which has
 * accepted it before. It is in the limit's line, or one of the holders, or neither; both are lists under the lock.
 *
 *   enter  E1 the task follows its own end   E2 under the lock: has it ended, or does its executor cancel? then not;
 *          else to the end of the line   E3 as G
 *   give   G under the lock: is a permit free, the first of the line is a holder   G2 let go, to its executor; cancelled
 *          meanwhile: the executor hears that it does not come
 *   end    D1 the follower, once, done or cancelled: under the lock out of where it is   D2 it was in the line: as one that
 *          does not come; it was a holder: G
 *   shut   S1 an executor that cancels says so first   S2 under the lock out of the line   S3 cancelled, does not come
 *
 *   out = holders; while somebody is in the line, out >= n or a thread is about to do G
 * Either E2 sees S1 or S2 finds the task. Who takes a task out of the line has the line's reference of it.
 */
#ifndef WF_EXEC_LIMIT_H
#define WF_EXEC_LIMIT_H

#include <weft/limit.h>

#include "exec/held.h"

/* A task's place in its limit; in its record. */
typedef struct wf_limited {
    weft_limit *limit; /* with a reference */
    wf_held *held;
    struct wf_limited *before, *behind;
    int where; /* under the lock; of limit.c */
} wf_limited;

/* 0, or why a task cannot have this limit. */
int wf_limit_usable(const weft_limit *limit);
/* Before others know it. */
void wf_limited_init(wf_limited *limited, weft_limit *limit, wf_held *held);
/* When its record is given back. */
void wf_limited_fini(wf_limited *limited);
/* Once: its executor has accepted it, and the caller's reference is the line's from now on. */
void wf_limited_enter(wf_limited *limited);
/* As wf_kind.needs, of one that is held: those that have a permit and have not begun. */
wf_task *wf_limited_needs(wf_limited *limited, size_t *at);
/* Is it in the line, and of which limit? Else NULL. */
const weft_limit *wf_limited_waits(const wf_limited *limited);
/* Of which one is it at all? */
const weft_limit *wf_limit_of(const wf_task *task);
/* One at a time: not in the line, or as many holders as make a permit free for which can_end() is true. That may look at further
 * ones; at the same limit: false. */
bool wf_limited_can_end(const wf_limited *limited, bool (*can_end)(const wf_task *task));
/* Cancels what is in line for that executor, which cancels. */
void wf_limits_cancel(const weft_executor *executor);

#endif
