/* SPDX-License-Identifier: MIT */
/*
 * exec/held.h - a task that may not run before another future has ended: what follows one, what has a time to begin. (Or
 * before it has a permit: exec/limit.h.)
 *
 *   held      pending, in no queue: only a cancel can end it   ended: let go, and through its executor into a queue
 *
 * It was accepted when it was made: a full queue does not refuse it then. An executor that is closed or gone by then
 * does, and so does a pool that is gone: then it is cancelled.
 */
#ifndef WF_EXEC_HELD_H
#define WF_EXEC_HELD_H

#include <weft/future.h>

#include "data/task.h"
#include "exec/executor.h"

typedef struct wf_held {
    wf_wide wide;
    wf_follower follower;
    wf_task *before; /* NULL once it ran */
    weft_executor *executor;
    union {
        uint64_t epoch;       /* of the executor */
        struct wf_held *next; /* of those that run inline on this thread: exec/then.c */
    };
} wf_held;

/* Before others know it; with a reference of `before`, or NULL: it waits for something else. False: there are too many of
 * these. */
bool wf_held_init(wf_held *held, const wf_kind *kind, int (*fn)(void *arg), unsigned references,
                  wf_task *before, weft_executor *executor);
/* Its follower's function. */
void wf_held_ended(wf_follower *follower, wf_task *before);
/* Once, then: it goes through its executor when `before` has ended. */
void wf_held_follow(wf_held *held);
/* In its function, first: nobody asks any more what it needs. The future before it. */
wf_task *wf_held_begins(wf_held *held);
/* It does not need the one before it any more. Also when it is freed. */
void wf_held_let_before_go(wf_held *held);
/* wf_kind.needs */
wf_task *wf_held_needs(wf_task *task, size_t *at);

#endif
