/* SPDX-License-Identifier: MIT */
/* exec/queued.c - see queued.h. */
#include "exec/queued.h"

#include <errno.h>

#include "base/tunables.h"
#include "exec/executor.h"
#include "exec/limit.h"
#include "os/thread.h"
#include "sched/block.h"
#include "sched/home.h"
#include "sched/self.h"
#include "sched/tasks.h"

/* ---- one task ------------------------------------------------------------------------------------ */

static wf_worker *self_of(const wf_queued *q)
{
    wf_worker *self = wf_self();
    return self && self->pool == q->base.pool ? self : NULL;
}

static void tell_error(const wf_queued *q, wf_task *task, int status)
{
    if (status && !q->config.on_error)
        wf_tasks_failed(task, status);
    else if (status && wf_task_detached(task))
        q->config.on_error(wf_task_label(task), status, q->config.ctx);
}

/* What has not begun will not any more. */
static bool begins_no_more(const wf_queued *q)
{
    return wf_load_acquire(&q->cancels) ||
           weft_stop_requested(q->config.stop); /* pair QU3 -> weft_executor_shutdown() */
}

/* A marked executor's task runs in a blocking section; also where its thread is not in this executor's pool. */
static bool section_begin(const wf_queued *q)
{
    wf_worker *self = q->config.blocking ? wf_self() : NULL;
    if (self)
        wf_section_begin(self);
    return self;
}

static void section_end(bool began)
{
    if (began)
        wf_section_end(wf_self());
}

/* With what its function answered. */
static void complete(const wf_queued *q, wf_task *task, int status)
{
    if (status == -ECANCELED && wf_queued_stops(task))
        (void)wf_task_ask(task);
    tell_error(q, task, status);
    (void)wf_task_complete(task, status, true);
}

bool wf_queued_begin(wf_queued *q, wf_task *task)
{
    wf_worker *self = self_of(q);
    if (begins_no_more(q))
        (void)wf_task_cancel(task);
    if (!wf_task_claim(task)) {
        wf_task_release(task);
        return false;
    }
    const wf_pass *pass = wf_lane_pass(&q->lanes);
    const char *before = wf_lane_label(pass, wf_task_label(task));
    bool blocks = section_begin(q);
    int status = wf_tasks_call(self, task);
    section_end(blocks);
    wf_lane_unlabel(pass, before);
    complete(q, task, status);
    return true;
}

static wf_task *take_next(wf_queued *q)
{
    wf_link *link;
    if (!wf_inbox_take(&q->inbox, &link, 1))
        return NULL;
    wf_tickets_tell(&q->tickets);
    return (wf_task *)(void *)link;
}

bool wf_queued_run_next(wf_queued *q)
{
    wf_task *task = take_next(q);
    if (task)
        (void)wf_queued_begin(q, task);
    return task;
}

bool wf_queued_stops(const wf_task *task)
{
    const wf_queued *q = wf_queued_of(wf_tasks_executor(task));
    if (!q)
        return false;
    return wf_load_acquire(&q->stops) ||
           weft_stop_requested(q->config.stop); /* pair QU3 -> weft_executor_shutdown() */
}

bool wf_queued_is_inside(const wf_queued *q)
{
    return wf_lane_pass(&q->lanes) || wf_executor_is_around(&q->base) ||
           (wf_queued_sends(q) && q->far->brings && q->far->brings(q->far));
}

/* ---- runners come, and look once more ------------------------------------------------------------ */

static int run(void *arg);
static bool run_all(wf_queued *q);

static wf_task *new_runner(wf_queued *q)
{
    return wf_queued_serial(q) ? NULL : wf_tasks_new(q->base.pool, self_of(q), sizeof(wf_task));
}

static void submit_runner(const wf_queued *q, wf_worker *self, wf_task *runner)
{
    if (q->config.blocking)
        wf_tasks_submit_blocking(q->base.pool, self, runner);
    else if (q->config.priority || q->home.kind != WF_NEAR)
        wf_tasks_submit_to(q->base.pool, self, runner, q->home, q->config.priority);
    else
        wf_tasks_submit(q->base.pool, self, runner);
}

static void put_runner(wf_queued *q, wf_worker *self, wf_task *runner)
{
    wf_task_init(runner, run, q, 1);
    submit_runner(q, self, runner);
}

static void send_all(wf_queued *q);

void wf_queued_takes_out(wf_queued *q)
{
    (void)wf_add_seq_cst(&q->taking_out, 1u); /* pair QU7 -> is_over() */
}

void wf_queued_took_out(wf_queued *q)
{
    (void)wf_sub_seq_cst(&q->taking_out, 1u); /* pair QU7 -> is_over() */
    wf_tickets_tell(&q->tickets);
}

void wf_queued_cancel_pending(wf_queued *q)
{
    wf_link *links[WF_BATCH];
    wf_queued_takes_out(q);
    while (wf_queued_visible(q)) {
        unsigned count = wf_inbox_take(&q->inbox, links, WF_BATCH);
        for (unsigned i = 0; i < count; i++)
            (void)wf_queued_begin(q, (wf_task *)(void *)links[i]);
        if (!count)
            wf_thread_yield(); /* half-way in, or another takes: a few instructions of theirs */
    }
    wf_queued_took_out(q);
}

/* Q4. The executor may be gone, and the record be another one's. What its own tasks put is left to a runner: who hears that it
 * was cancelled may put another one. */
static void cancel_late(wf_queued *q)
{
    /* pair QU10 -> weft_executor_shutdown(): or it sees what was put */
    bool cancels = wf_load_seq_cst(&q->cancels);
    if (!cancels || wf_executor_is_around(&q->base) || !wf_tickets_come(&q->tickets))
        return;
    if (begins_no_more(q))
        wf_queued_cancel_pending(q);
    wf_tickets_leave(&q->tickets);
}

static void put_for_runner(wf_queued *q, wf_worker *self, wf_task *task)
{
    /* to have memory before anything is done */
    wf_task *runner = wf_tickets_lack_entry(&q->tickets) ? new_runner(q) : NULL;
    wf_tasks_goes_to(task, &q->inbox);
    wf_inbox_put(&q->inbox, &task->link);
    if (wf_queued_serial(q))
        wf_tickets_tell(&q->tickets);
    if (wf_queued_serial(q) || !wf_tickets_enter(&q->tickets)) {
        if (runner)
            wf_slab_give(runner);
    } else if (runner || (runner = new_runner(q)) != NULL) {
        put_runner(q, self, runner);
    } else {
        if (!wf_home_is_here(self, q->home))
            wf_home_strayed(q->base.pool);
        (void)run_all(q); /* no memory for a runner: the caller is one */
    }
}

void wf_queued_put(wf_queued *q, wf_worker *self, wf_task *task)
{
    if (wf_queued_sends(q)) {
        wf_tasks_goes_to(task, &q->inbox);
        wf_inbox_put(&q->inbox, &task->link);
        send_all(q);
    } else {
        put_for_runner(q, self, task);
    }
    cancel_late(q);
}

/* R3, R4. False: there is more, and no memory for a runner: the caller goes on, and holds its ticket. */
static bool give_ticket(wf_queued *q)
{
    wf_tickets_give(&q->tickets);
    if (wf_queued_sends(q)) {
        send_all(q);
        wf_tickets_leave(&q->tickets);
        return true;
    }
    wf_task *runner = NULL;
    bool more = wf_queued_visible(q) && !wf_queued_serial(q);
    if (more && !(runner = new_runner(q)) && wf_tickets_take(&q->tickets)) {
        wf_tickets_leave(&q->tickets);
        return false;
    }
    if (runner && wf_tickets_enter(&q->tickets))
        put_runner(q, self_of(q), runner);
    else if (runner)
        wf_slab_give(runner);
    wf_tickets_leave(&q->tickets);
    return true;
}

/* ---- with a ticket, in a lane -------------------------------------------------------------------- */

/* Its start hook failed: nothing of it runs any more. Who finds what is cancelled is told why. */
static void break_down(wf_queued *q, int status)
{
    int whole = 0;
    wf_store_seq_cst(&q->closed, 1u); /* pair QU4 -> accept() */
    /* pair QU6 -> enter_lane(): who sees it cancels */
    bool first = wf_cas_release(&q->broken, &whole, status);
    wf_store_release(&q->cancels, 1u); /* pair QU3 -> wf_queued_begin() */
    if (first && q->config.on_error)
        q->config.on_error("start", status, q->config.ctx);
    wf_limits_cancel(&q->base);
}

/* False: it is broken, and what is taken out is cancelled: perhaps who broke it has not come to that yet. */
static bool enter_lane(wf_queued *q, wf_pass *pass)
{
    int status = wf_load_acquire(&q->broken); /* pair QU6 -> break_down() */
    if (!status)
        status = wf_lane_enter(&q->lanes, &q->config, pass);
    if (status)
        break_down(q, status);
    return !status;
}

/* R3, and on if there is more and no memory for a runner. */
static void leave_lane(wf_queued *q, wf_pass *pass)
{
    bool entered = true;
    for (;;) {
        if (entered)
            wf_lane_leave(pass);
        if (give_ticket(q))
            return;
        entered = enter_lane(q, pass);
        (void)wf_queued_run_next(q);
    }
}

static bool has_to_yield(const wf_queued *q)
{
    return wf_tasks_more_urgent(self_of(q), q->config.priority);
}

/* R2. False: waiters have taken over what there was, if anything. */
static bool run_some(wf_queued *q)
{
    bool any = false;
    for (int i = 0; i < WF_RUNNER_TASKS && wf_queued_visible(q) && !(i && has_to_yield(q)); i++) {
        wf_task *task = take_next(q);
        if (task)
            any |= wf_queued_begin(q, task);
        else
            wf_thread_yield(); /* half-way in, or another takes: a few instructions of theirs */
    }
    return any;
}

static bool run_in_lane(wf_queued *q)
{
    wf_pass pass;
    if (!wf_queued_visible(q))
        return false;
    bool entered = enter_lane(q, &pass), any = run_some(q);
    if (entered)
        wf_lane_leave(&pass);
    return any;
}

/* R1 to R6. False: it was of no use. */
static bool run_all(wf_queued *q)
{
    bool any = false;
    if (!wf_tickets_begin(&q->tickets)) {
        wf_tickets_leave(&q->tickets);
        return false;
    }
    do
        any |= run_in_lane(q);
    while (!give_ticket(q));
    return any;
}

/* A runner. The worker of one that came for nothing does not stay awake for more of them. */
static int run(void *arg)
{
    if (!run_all(arg))
        wf_task_want(wf_tasks_innermost()->task);
    return 0;
}

static void send_and_wait(wf_queued *q, wf_task *task);

void wf_queued_run_in_caller(wf_queued *q, wf_task *task)
{
    wf_pass pass;
    wf_tickets_lend(&q->tickets);
    (void)wf_sub_seq_cst(&q->accepted, (uint64_t)1); /* pair QU4: it will not be taken out; it is active */
    wf_tasks_goes_to(task, &q->inbox);
    if (wf_task_away(task)) {
        send_and_wait(q, task);
        return;
    }
    (void)enter_lane(q, &pass); /* if one is free: there is no start hook */
    (void)wf_queued_begin(q, task);
    (void)wf_add_relaxed(&q->in_callers, (uint64_t)1); /* statistic */
    leave_lane(q, &pass);
}

/* ---- an executor that sends ---------------------------------------------------------------------- */

/* A part of a map, with a ticket. */
static int run_one(void *task)
{
    wf_pass pass;
    wf_queued *q = wf_queued_of(wf_tasks_executor(task));
    (void)enter_lane(q, &pass); /* there is no start hook */
    (void)wf_queued_begin(q, task);
    leave_lane(q, &pass);
    return 0;
}

/* False: no memory; it is cancelled. */
static bool give_to_runner(wf_queued *q, wf_task *task)
{
    wf_task *runner = new_runner(q);
    if (runner) {
        wf_task_init(runner, run_one, task, 1);
        submit_runner(q, self_of(q), runner);
    } else {
        (void)wf_task_cancel(task);
        wf_task_release(task);
    }
    return runner;
}

/* In its lane: the thread may submit to the executor, but not wait for it. */
static void end_in_lane(wf_queued *q, wf_task *task, wf_pass *pass, int status)
{
    complete(q, task, status);
    wf_lane_leave(pass);
}

/* One that was claimed. False: it was not handed over, and has ended. */
static bool send(wf_queued *q, wf_task *task)
{
    wf_pass pass;
    unsigned lane = wf_lane_hold(&q->lanes, wf_task_label(task));
    wf_task_away(task)->lane = (uint8_t)lane;
    int status = wf_tasks_call(self_of(q), task);
    if (status == WF_AWAY)
        return true;
    wf_lane_resume(&q->lanes, lane, &pass);
    end_in_lane(q, task, &pass, status);
    return false;
}

/* With a ticket. True: that went along. */
static bool begin_elsewhere(wf_queued *q, wf_task *task)
{
    if (begins_no_more(q))
        (void)wf_task_cancel(task);
    if (!wf_task_away(task))
        return give_to_runner(q, task);
    if (wf_task_claim(task))
        return send(q, task);
    wf_task_release(task);
    return false;
}

/* The same with the oldest that can be begun. */
static bool send_next(wf_queued *q)
{
    bool gone = false;
    while (!gone && wf_queued_visible(q)) {
        wf_task *task = take_next(q);
        if (task)
            gone = begin_elsewhere(q, task);
        else
            wf_thread_yield(); /* half-way in, or another takes: a few instructions of theirs */
    }
    return gone;
}

/* S1. The executor may have been destroyed, and the record be another one's, until there is a ticket. */
static void send_all(wf_queued *q)
{
    while (wf_queued_visible(q) && wf_tickets_take(&q->tickets))
        if (!wf_queued_sends(q)) {
            while (!give_ticket(q))
                wf_thread_yield(); /* no memory for a runner of that one */
            return;
        } else if (!send_next(q)) {
            wf_tickets_give(&q->tickets);
            wf_tickets_leave(&q->tickets);
        }
}

void wf_queued_end(wf_task *task)
{
    wf_pass pass;
    wf_queued *q = wf_queued_of(wf_tasks_executor(task));
    wf_lane_resume(&q->lanes, wf_task_away(task)->lane, &pass);
    end_in_lane(q, task, &pass, wf_tasks_call(self_of(q), task));
    (void)give_ticket(q);
}

/* Above the limit; who submitted waits. */
static void send_and_wait(wf_queued *q, wf_task *task)
{
    bool waits = wf_task_retain(task);
    (void)wf_add_relaxed(&q->in_callers, (uint64_t)1); /* statistic */
    if (!begin_elsewhere(q, task))
        (void)give_ticket(q);
    if (waits && !wf_task_ended(task))
        (void)wf_block_for(task, false, WEFT_FOREVER);
    if (waits)
        wf_task_release(task);
}

/* ---- waiters ------------------------------------------------------------------------------------- */

/* A waiter inside a task of this executor runs under that one's ticket. */
static bool ticket_for_waiter(wf_queued *q)
{
    if (wf_tickets_take(&q->tickets))
        return true;
    bool lent = wf_executor_runs_here(&q->base);
    if (lent)
        wf_tickets_lend(&q->tickets);
    return lent;
}

/* It is broken: all is taken out, and cancelled. */
static void clear_out(wf_queued *q)
{
    do
        while (wf_queued_run_next(q))
            ;
    while (!give_ticket(q));
}

/* May the calling thread run its tasks? One that is inside of such a task may, perhaps in somebody's stead. One that consumes a
 * stream of it runs items anywhere once it is closed: nobody else may come for them. */
static bool may_run_here(wf_queued *q, const wf_task *task)
{
    bool alone = !task && wf_load_relaxed(&q->closed); /* hint */
    if (wf_home_is_here(self_of(q), q->home) || wf_executor_runs_here(&q->base))
        return true;
    if (alone)
        wf_home_strayed(q->base.pool);
    return alone;
}

static bool waiter_begins(wf_queued *q, wf_task *task, wf_pass *pass)
{
    if (task && begins_no_more(q))
        (void)wf_task_cancel(task);
    if (!may_run_here(q, task) || (task && wf_task_away(task)))
        return false;
    if (!ticket_for_waiter(q))
        return false;
    if (!enter_lane(q, pass)) {
        clear_out(q);
        return false;
    }
    if (task)
        pass->label = wf_lane_label(pass, wf_task_label(task));
    pass->blocks = task && section_begin(q);
    return true;
}

/* Its task may have ended meanwhile, and the executor may have been destroyed. */
bool wf_queued_waiter_begins(weft_executor *executor, wf_task *task, wf_pass *pass)
{
    wf_queued *q = wf_queued_of(executor);
    if (!wf_tickets_come(&q->tickets))
        return false;
    bool begins = waiter_begins(q, task, pass);
    wf_tickets_leave(&q->tickets);
    return begins;
}

void wf_queued_waiter_ended(weft_executor *executor, wf_pass *pass)
{
    section_end(pass->blocks);
    wf_lane_unlabel(pass, pass->label);
    leave_lane(wf_queued_of(executor), pass);
}
