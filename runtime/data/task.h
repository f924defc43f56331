/* SPDX-License-Identifier: MIT */
/*
 * data/task.h - a submitted task and its future: one record, one cache line.
 *
 *   word = references << 8 | WANTED | WAITED | state       state: PENDING -> RUNNING -> DONE, or PENDING -> CANCELLED
 *
 * - References: one for the queue that the task is in, one for each holder of the future. Who takes the last one
 *   away gives the block back.
 * - Who brings PENDING to RUNNING runs the task, once: a worker that took it from a queue, or a waiter that takes
 *   it over. What a queue holds of a task that somebody else has claimed or cancelled is dead: dropped when met.
 * - Done: status is written, then one addition makes RUNNING DONE and takes the runner's reference away. After it the
 *   runner uses nothing of the record but its address, for the wake: waiters may have freed it.
 * - Waiters sleep on the word itself (futex), any number of them: WAITED is set first, in the same word, so that
 *   either the addition sees it or the futex finds another value.
 *
 * Who may call together: each function says whose turn it is; the words decide. Wait-free but for the wait.
 */
#ifndef WF_DATA_TASK_H
#define WF_DATA_TASK_H

#include "data/slab.h"
#include "os/futex.h"
#include "os/urcu.h"

enum wf_task_state { WF_TASK_PENDING, WF_TASK_RUNNING, WF_TASK_DONE, WF_TASK_CANCELLED };

/* First as a wf_block: `link` and `home` are its two words. */
typedef struct weft_future {
    wf_link link;
    void *home;
    uint32_t word;
    int status; /* of a task that is DONE */
    int (*fn)(void *arg);
    void *arg;
    struct weft_pool *pool;
    struct wf_inbox *inbox; /* where it was put; NULL: a run queue */
} wf_task;

#define WF_TASK_BYTES 64

/* Before others know it. */
void wf_task_init(wf_task *task, int (*fn)(void *arg), void *arg, unsigned references);
/* Any holder of a reference: it is the caller's to run; false: it is not pending. */
bool wf_task_claim(wf_task *task);
/* Who claimed it. drop: with the runner's reference; then the record may be gone at return. */
/* True: somebody wanted to run it. */
bool wf_task_complete(wf_task *task, int status, bool drop);
/* Any holder of a reference that would have run it, had it come first. */
void wf_task_want(wf_task *task);
/* Any holder of a reference: pending, it will never run; what it was before. DONE: the status may be read. */
enum wf_task_state wf_task_cancel(wf_task *task);
/* Any holder of a reference. */
enum wf_task_state wf_task_state_of(const wf_task *task);
static inline bool wf_task_ended(const wf_task *task)
{
    return wf_task_state_of(task) >= WF_TASK_DONE;
}
/* Any holder of a reference. False: there are too many. */
bool wf_task_retain(wf_task *task);
/* Any holder of a reference gives it up. */
void wf_task_release(wf_task *task);
/* Any holder of a reference: sleeps until it has ended; false: the deadline came first. */
bool wf_task_wait(wf_task *task, int64_t deadline_ns);

#endif
