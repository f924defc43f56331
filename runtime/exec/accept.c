/* SPDX-License-Identifier: MIT */
/* exec/accept.c - see accept.h. */
#include "exec/accept.h"

#include <errno.h>

#include "exec/cycles.h"
#include "exec/executor.h"
#include "sched/home.h"
#include "sched/self.h"
#include "sched/tasks.h"

uint64_t wf_accepted_left(const wf_queued *q)
{
    uint64_t taken = wf_inbox_taken(&q->inbox);
    return wf_load_seq_cst(&q->accepted) - taken; /* pair QU4 -> accept() */
}

/* ---- Q1 ------------------------------------------------------------------------------------------ */

static int refuse(wf_queued *q, int err)
{
    (void)wf_sub_seq_cst(&q->accepted, (uint64_t)1); /* pair QU4 -> is_over() */
    wf_tickets_tell(&q->tickets);
    return err;
}

/* Tasks of its own may still submit while it drains. */
static int accept(wf_queued *q)
{
    /* pair QU4 -> weft_executor_close(): one sees the other */
    (void)wf_add_seq_cst(&q->accepted, (uint64_t)1);
    bool closed = wf_load_seq_cst(&q->closed); /* pair QU4 -> weft_executor_close() */
    return closed && !wf_executor_is_around(&q->base) ? refuse(q, -ESHUTDOWN) : 0;
}

/* With the one that was just accepted; those that were cancelled or taken over do not wait. */
static bool is_too_full(wf_queued *q)
{
    if (!q->config.queue_limit || wf_accepted_left(q) <= q->config.queue_limit)
        return false;
    wf_tasks_sweep(&q->inbox);
    return wf_accepted_left(q) > q->config.queue_limit;
}

/* With its place in the queue, or -EAGAIN. */
static int accept_into_room(wf_queued *q, int policy)
{
    int err = accept(q);
    if (!err && policy != WF_THOUGH_FULL && is_too_full(q))
        err = refuse(q, -EAGAIN);
    return err;
}

/* ---- it is full ---------------------------------------------------------------------------------- */

static bool has_room(void *arg)
{
    const wf_queued *q = arg;
    return wf_accepted_left(q) < q->config.queue_limit || wf_load_seq_cst(&q->closed); /* pair QU4 */
}

static bool has_room_or_turn(void *arg)
{
    const wf_queued *q = arg;
    return has_room(arg) || wf_tickets_left(&q->tickets);
}

/* wf_crowd.running: while tickets are left one more may begin, which makes room. */
static unsigned running(const void *of)
{
    const wf_queued *q = of;
    return wf_tickets_left(&q->tickets) ? 0 : wf_tickets_out(&q->tickets);
}

/* Of a serial executor, whose tasks nobody else may ever run, the caller makes room. 0, -EDEADLK. */
static int wait_for_room(wf_queued *q)
{
    wf_crowd room = {.of = q, .running = running, .is_one = wf_is_task_of};
    bool serial = wf_queued_serial(q);
    wf_pass pass;
    wf_crowd_init(&room, "room in", q->name);
    int err =
        wf_tickets_wait(&q->tickets, serial ? has_room_or_turn : has_room, q, &room.wide.task, WEFT_FOREVER);
    if (err || !serial || has_room(q) || !wf_queued_waiter_begins(&q->base, NULL, &pass))
        return err;
    (void)wf_queued_run_next(q);
    wf_queued_waiter_ended(&q->base, &pass);
    return 0;
}

static bool is_own(const wf_queued *q, const wf_worker *self)
{
    /* a serial task's thread may be outside; so is who ends one that was away */
    return self || (wf_queued_sends(q) ? wf_queued_is_inside(q) : wf_executor_is_around(&q->base));
}

static int policy_of(const wf_queued *q, const wf_worker *self, int when_full)
{
    bool own = is_own(q, self);
    int policy = when_full != WF_AS_CONFIGURED ? when_full : own ? WEFT_CALLER_RUNS : q->config.when_full;
    if (policy != WEFT_CALLER_RUNS)
        return policy;
    if (wf_queued_serial(q)) /* what is queued goes first: it makes room; inside a task it cannot */
        policy = own ? WF_THOUGH_FULL : WEFT_BLOCK;
    bool must_not = q->config.start || !wf_home_is_here(self, q->home) || /* above the limit is no lane */
                    (wf_queued_sends(q) && wf_queued_is_inside(q));       /* it cannot wait */
    return must_not && policy == WEFT_CALLER_RUNS ? WF_THOUGH_FULL : policy;
}

static int wait_into_room(wf_queued *q)
{
    int err;
    do
        err = wait_for_room(q);
    while (!err && (err = accept_into_room(q, WEFT_BLOCK)) == -EAGAIN);
    return err;
}

/* ---- the engine's -------------------------------------------------------------------------------- */

int wf_accept(weft_executor *executor, wf_worker *self, wf_task *task, int when_full)
{
    wf_queued *q = wf_queued_of(executor);
    int policy = policy_of(q, self, when_full), err = accept_into_room(q, policy);
    if (err == -EAGAIN && policy == WEFT_BLOCK)
        err = wait_into_room(q);
    if (err == -EAGAIN && policy == WEFT_CALLER_RUNS && !(err = accept(q)))
        wf_queued_run_in_caller(q, task);
    else if (!err)
        wf_queued_put(q, self, task);
    return err;
}

/* The caller cannot run it. */
int wf_accept_later(weft_executor *executor, wf_worker *self)
{
    wf_queued *q = wf_queued_of(executor);
    int policy = is_own(q, self) ? WF_THOUGH_FULL : q->config.when_full;
    int err = accept_into_room(q, policy);
    return err == -EAGAIN && policy != WEFT_REJECT ? wait_into_room(q) : err;
}

int wf_accept_held(weft_executor *executor, uint64_t epoch)
{
    wf_queued *q = wf_queued_of(executor);
    if (!wf_tickets_come(&q->tickets))
        return -ESHUTDOWN;
    int err = wf_executor_epoch(executor) == epoch ? accept(q) : -ESHUTDOWN;
    wf_tickets_leave(&q->tickets);
    return err;
}

void wf_accepted_comes(weft_executor *executor, wf_task *task)
{
    wf_queued *q = wf_queued_of(executor);
    wf_worker *self = wf_self();
    (void)wf_tickets_come(&q->tickets); /* it is there: it waits for what was accepted */
    wf_queued_put(q, self && self->pool == q->base.pool ? self : NULL, task);
    wf_tickets_leave(&q->tickets);
}

void wf_accepted_comes_not(weft_executor *executor)
{
    wf_queued *q = wf_queued_of(executor);
    (void)wf_tickets_come(&q->tickets);
    (void)wf_sub_seq_cst(&q->accepted, (uint64_t)1); /* pair QU4 -> is_over() */
    wf_tickets_leave(&q->tickets);
}
