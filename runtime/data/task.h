/* SPDX-License-Identifier: MIT */
/*
 * data/task.h - a submitted task and its future: one record, one cache line.
 *
 *   word = references << 9 | ASKED | BORROWED | WIDE | HELD | FOLLOWED | WANTED | WAITED | state
 *   state: PENDING -> RUNNING -> DONE, or PENDING -> CANCELLED, or RUNNING -> CANCELLED: asked to stop it said -ECANCELED,
 *          or PENDING -> DONE: a promise, fulfilled
 *
 * - References: one for the queue that the task is in, one for each holder of the future. Who takes the last one
 *   away gives the block back.
 * - Who brings PENDING to RUNNING runs the task, once: a worker that took it from a queue, or a waiter that takes
 *   it over. What a queue holds of a task that somebody else has claimed or cancelled is dead: dropped when met.
 * - Done: status is written, then one exchange makes RUNNING DONE and takes the runner's reference away. After it the
 *   runner uses nothing of the record but its address, for the wake: waiters may have freed it.
 * - Held: pending, but not to be run yet (it follows another one), or never (a promise, fulfilled by hand).
 * - Followers are told of the end, once each. F: who follows, E: who ends the task (or another F).
 *     F1 set FOLLOWED, with the reference that most of them want in the same exchange   F2 push onto `followers`
 *     F3 if the task has ended: E2
 *     E1 the exchange that ends it finds FOLLOWED and keeps the runner's reference   E2 take all followers by exchange,
 *     tell them in the order in which they came   E3 give the reference up
 *   S: who takes out followers that nobody wants any more.
 *     S1 take all   S2 put the others back, below those that came meanwhile   S3 if the task has ended: E2
 *   FOLLOWED and the end are in one word, so E1 sees F1, or F3 the end. If E1 saw it, E2 finds what was pushed before,
 *   and a push after E2 reads what E2 left there: F3 sees the end. Whoever takes a follower tells it.
 * - Waiters sleep on the word itself (futex), any number of them: WAITED is set first, in the same word, so that
 *   either the exchange sees it or the futex finds another value.
 *
 * Who may call together: each function says whose turn it is; the words decide. Wait-free but for the wait.
 */
#ifndef WF_DATA_TASK_H
#define WF_DATA_TASK_H

#include "data/slab.h"
#include "os/futex.h"
#include "os/urcu.h"

enum wf_task_state { WF_TASK_PENDING, WF_TASK_RUNNING, WF_TASK_DONE, WF_TASK_CANCELLED };

struct weft_future;

typedef struct wf_follower {
    struct wf_follower *next;
    void (*ended)(struct wf_follower *self, struct weft_future *task); /* self may be freed in there */
} wf_follower;

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
    wf_follower *followers;
} wf_task;

#define WF_TASK_BYTES 64

/* A record with more behind it: whoever frees it, or waits for it, asks its kind. */
typedef struct wf_kind {
    void (*cancelled)(wf_task *task); /* it was pending, and will never run */
    void (*freed)(wf_task *task);     /* its last reference is gone */
    /* What has to end before it may run, with a reference; NULL: nothing more. *at: 0, and whatever it made of it: where
     * to look on. */
    wf_task *(*needs)(wf_task *task, size_t *at);
    bool any;  /* of several that it needs one will do */
    bool anew; /* there is another one again and again: who waits has to look */
    /* Not run: it ends when one of several does. True: ends() is for one of those that have not ended, or none is left. */
    bool (*some)(const wf_task *task, bool (*ends)(const wf_task *part));
    const char *(*label)(const wf_task *task);
    void *(*result)(const wf_task *task);               /* its bytes; NULL: there are none */
    struct wf_limited *(*limited)(const wf_task *task); /* its place in a limit; NULL: it has none */
    void (*submit)(wf_task *task); /* into the pool's queues, of what was held; NULL: near who submits */
    struct wf_away *(*away)(wf_task *task); /* it runs elsewhere (exec/far.h); NULL: none of the kind does */
} wf_kind;

typedef struct wf_wide {
    wf_task task;
    const wf_kind *kind;
} wf_wide;

/* Before others know it. */
void wf_task_init(wf_task *task, int (*fn)(void *arg), void *arg, unsigned references);
/* The same, of a wide record. */
void wf_task_init_wide(wf_wide *wide, const wf_kind *kind, int (*fn)(void *arg), void *arg,
                       unsigned references);
/* And held. */
void wf_task_init_held(wf_wide *wide, const wf_kind *kind, int (*fn)(void *arg), void *arg,
                       unsigned references);
/* Once: it may run. False: it was cancelled meanwhile. Who waits for it is woken: it may want to run it. */
bool wf_task_let_go(wf_task *task);
/* Any holder of a reference: is it pending and held? */
bool wf_task_held(const wf_task *task);
/* Any holder of a reference: it is the caller's to run; false: it is not pending, or held. */
bool wf_task_claim(wf_task *task);
/* Who holds it, whether it was let go meanwhile or not: it is the caller's to run; false: it is not pending. */
bool wf_task_claim_held(wf_task *task);
/* Who claimed it. drop: with the runner's reference; then the record may be gone at return. */
/* True: somebody wanted to run it. */
bool wf_task_complete(wf_task *task, int status, bool drop);
/* Who holds it, and nobody else: done without having run, in one step: nobody finds it running. False: it was
 * cancelled. */
bool wf_task_fulfil(wf_task *task, int status);
/* Any holder of a reference asks it to stop, if it runs; what it was then. */
enum wf_task_state wf_task_ask(wf_task *task);
/* Who runs it: did anybody? A hint. */
bool wf_task_asked(const wf_task *task);
/* Any holder of a reference that would have run it, had it come first. */
void wf_task_want(wf_task *task);
/* Any holder of a reference: pending, it will never run; what it was before. DONE: the status may be read. */
enum wf_task_state wf_task_cancel(wf_task *task);
/* Any holder of a reference: one more, for somebody who will follow it. False: there are too many. */
bool wf_task_retain_to_follow(wf_task *task);
/* Any holder of a reference: self->ended is called once, by who ends the task or, if it has ended, by somebody who
 * follows it, perhaps before this call returns. */
void wf_task_follow(wf_task *task, wf_follower *self);
/* In a follower's ended(): what is to be called on this thread once all are told whom it tells just now; one function. */
void wf_task_when_all_are_told(void (*run)(void));
/* Any holder of a reference: tells those followers now for which unwanted() is true, though it has not ended; one that
 * another thread has in hand just then is left out. */
void wf_task_sweep(wf_task *task, bool (*unwanted)(const wf_follower *follower));
/* Any holder of a reference: what a held task needs first, with a reference; NULL: nothing, or it is not held. *at is 0
 * the first time; again with the same: what else. */
wf_task *wf_task_needs(wf_task *task, size_t *at);
/* Any holder of a reference: the kind of a wide record, or NULL. */
const wf_kind *wf_task_kind(const wf_task *task);
/* Any holder of a reference: what is kept of one that runs elsewhere; NULL: it runs here. */
struct wf_away *wf_task_away(wf_task *task);
/* Any holder of a reference: for people; NULL: none. */
const char *wf_task_label(const wf_task *task);
/* Who runs it, before it is complete: what it says about its end, from wf_alloc; freed with it. Instead of fn and arg. */
void wf_task_says(wf_task *task, char *text);
/* Of an ended one; NULL: nothing. */
const char *wf_task_said(const wf_task *task);
/* Who runs it: a hint: nobody else holds a reference. */
bool wf_task_detached(const wf_task *task);
/* Any holder of a reference: does one of those that it needs do? */
bool wf_task_any(const wf_task *task);
/* Who runs it: does not return while somebody asks what it needs. */
void wf_task_not_borrowed(const wf_task *task);
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
/* The same, or until it is not held any more. */
bool wf_task_wait_held(wf_task *task, int64_t deadline_ns);

#endif
