/* SPDX-License-Identifier: MIT */
/* exec/queued.c - see queued.h. */
#include "exec/queued.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/config.h"
#include "base/tunables.h"
#include "exec/cycles.h"
#include "exec/executor.h"
#include "exec/task_spec.h"
#include "exec/timer.h"
#include "os/clock.h"
#include "os/memory.h"
#include "os/thread.h"
#include "sched/block.h"
#include "sched/pool.h"
#include "sched/self.h"
#include "sched/tasks.h"

#define COUNT_BITS 21
#define COUNT_MASK ((1u << COUNT_BITS) - 1)
#define ENTRY UINT64_C(1)
#define LEAVING (UINT64_C(1) << COUNT_BITS)
#define ACTIVE (UINT64_C(1) << 2 * COUNT_BITS)

static uint32_t entries_in(uint64_t state)
{
    return (uint32_t)state & COUNT_MASK;
}

static uint32_t active_in(uint64_t state)
{
    return (uint32_t)(state / ACTIVE);
}

static bool is_serial(const wf_queued *q)
{
    return q->config.engine == WEFT_ENGINE_SERIAL;
}

/* ---- who waits for room, for a turn, for the end -------------------------------------------------- */

static void tell(wf_queued *q)
{
    if (!wf_load_seq_cst(&q->waiting)) /* pair QU2 -> look_again() */
        return;
    (void)wf_add_seq_cst(&q->turn, 1u); /* pair QU2 -> wait_for_turn() */
    wf_futex_wake_all(&q->turn);
}

/* Sleeps until somebody tells, or the deadline; ready is looked at once more before. False: the deadline came. A
 * worker's place is free meanwhile. */
static bool wait_until(wf_queued *q, bool (*ready)(wf_queued *q), int64_t deadline_ns)
{
    if (ready(q))
        return true;
    (void)wf_add_seq_cst(&q->waiting, 1u); /* pair QU2 -> tell() */
    bool in_time = true;
    for (;;) {
        uint32_t turn = wf_load_seq_cst(&q->turn); /* pair QU2 -> tell() */
        if (ready(q))
            break;
        in_time = deadline_ns == WEFT_FOREVER || wf_now_ns() < deadline_ns;
        if (!in_time)
            break;
        wf_block_while(&q->turn, turn, deadline_ns, q);
    }
    (void)wf_sub_seq_cst(&q->waiting, 1u); /* pair QU2 -> tell() */
    return in_time;
}

/* ---- tickets, runners ---------------------------------------------------------------------------- */

static bool visible(const wf_queued *q)
{
    return wf_inbox_visible(&q->inbox);
}

/* One more runner is needed, and counted now. */
static bool add_entry(wf_queued *q)
{
    uint64_t state = wf_load_seq_cst(&q->state); /* pair QU1 -> give_ticket() */
    while (active_in(state) + entries_in(state) < q->limit)
        if (wf_cas_seq_cst(&q->state, &state, state + ENTRY)) /* pair QU1 -> give_ticket() */
            return true;
    return false;
}

static bool take_ticket(wf_queued *q)
{
    uint64_t state = wf_load_seq_cst(&q->state); /* pair QU1 -> give_ticket() */
    while (active_in(state) < q->limit)
        if (wf_cas_seq_cst(&q->state, &state, state + ACTIVE)) /* pair QU1 -> give_ticket() */
            return true;
    return false;
}

static int run(void *arg);

static void put_runner(wf_queued *q, wf_worker *self, wf_task *runner)
{
    wf_task_init(runner, run, q, 1);
    if (q->config.priority || q->home)
        wf_tasks_submit_to_band(q->base.pool, self, runner, q->home, q->config.priority);
    else
        wf_tasks_submit(q->base.pool, self, runner);
}

static wf_worker *self_of(const wf_queued *q)
{
    wf_worker *self = wf_self();
    return self && self->pool == q->base.pool ? self : NULL;
}

static wf_task *new_runner(wf_queued *q)
{
    return is_serial(q) ? NULL : wf_tasks_new(q->base.pool, self_of(q), sizeof(wf_task));
}

/* The last access of who leaves: the executor may be gone after it. */
static void leave(wf_queued *q)
{
    tell(q);
    (void)wf_sub_seq_cst(&q->state, LEAVING); /* pair QU1 -> weft_executor_destroy() */
}

/* R3, R4. False: there is more, and no memory for a runner: the caller goes on, and holds its ticket. */
static bool give_ticket(wf_queued *q)
{
    /* pair QU1 -> add_entry(): either it counts this one no more or the look behind sees what was put */
    (void)wf_sub_seq_cst(&q->state, ACTIVE - LEAVING);
    wf_task *runner = NULL;
    bool more = visible(q) && !is_serial(q);
    if (more && !(runner = new_runner(q)) && take_ticket(q)) {
        leave(q);
        return false;
    }
    if (runner && add_entry(q))
        put_runner(q, self_of(q), runner);
    else if (runner)
        wf_slab_give(runner);
    leave(q);
    return true;
}

static void tell_error(const wf_queued *q, wf_task *task, int status)
{
    if (status && q->config.on_error && wf_task_detached(task))
        q->config.on_error(wf_task_label(task), status, q->config.ctx);
}

/* What has not begun will not any more. */
static bool begins_no_more(const wf_queued *q)
{
    return wf_load_acquire(&q->cancels) ||
           weft_stop_requested(q->config.stop); /* pair QU3 -> weft_executor_shutdown() */
}

/* Somebody begins it: here, or has already. */
static void begin(wf_queued *q, wf_task *task)
{
    wf_worker *self = self_of(q);
    if (begins_no_more(q))
        (void)wf_task_cancel(task);
    if (!wf_task_claim(task)) {
        wf_task_release(task);
        return;
    }
    const wf_pass *pass = wf_lane_pass(&q->lanes);
    const char *before = wf_lane_label(pass, wf_task_label(task));
    int status = wf_tasks_call(self, task);
    wf_lane_unlabel(pass, before);
    if (status == -ECANCELED && wf_queued_stops(task))
        (void)wf_task_ask(task);
    tell_error(q, task, status);
    (void)wf_task_complete(task, status, true);
}

/* False: nothing there, or the next one is half-way in, or another takes just now. */
static bool run_next(wf_queued *q)
{
    wf_link *link;
    if (!wf_inbox_take(&q->inbox, &link, 1))
        return false;
    tell(q);
    begin(q, (wf_task *)(void *)link);
    return true;
}

/* Its start hook failed: nothing of it runs any more. */
static void break_down(wf_queued *q, int status)
{
    int whole = 0;
    wf_store_seq_cst(&q->closed, 1u);  /* pair QU4 -> accept() */
    wf_store_release(&q->cancels, 1u); /* pair QU3 -> begin() */
    /* pair QU6 -> enter_lane(): who sees it cancels */
    if (wf_cas_release(&q->broken, &whole, status) && q->config.on_error)
        q->config.on_error("start", status, q->config.ctx);
}

/* With a ticket: into a lane; where that fails what is taken out is cancelled. */
static bool enter_lane(wf_queued *q, wf_pass *pass)
{
    int status = wf_load_acquire(&q->broken); /* pair QU6 -> break_down() */
    if (status)
        return false;
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
        (void)run_next(q);
    }
}

static bool has_to_yield(const wf_queued *q)
{
    return wf_tasks_more_urgent(self_of(q), q->config.priority);
}

static int run(void *arg)
{
    wf_queued *q = arg;
    uint64_t state = wf_load_seq_cst(&q->state), now; /* pair QU1 -> give_ticket() */
    do
        now = state - ENTRY + (active_in(state) < q->limit ? ACTIVE : LEAVING);
    while (!wf_cas_seq_cst(&q->state, &state, now)); /* pair QU1 -> give_ticket(): R1 */
    if (active_in(now) == active_in(state)) {
        leave(q);
        return 0;
    }
    wf_pass pass;
    bool entered;
    do {
        entered = enter_lane(q, &pass);
        for (int i = 0; i < WF_RUNNER_TASKS && visible(q) && !(i && has_to_yield(q)); i++)
            if (!run_next(q))
                wf_thread_yield(); /* half-way in, or another takes: a few instructions of theirs */
        if (entered)
            wf_lane_leave(&pass);
    } while (!give_ticket(q));
    return 0;
}

/* ---- the engine: what submit and waiters do ------------------------------------------------------- */

static bool runs_here(const wf_queued *q)
{
    return wf_executor_runs_here(&q->base);
}

static uint64_t not_taken(const wf_queued *q)
{
    uint64_t taken = wf_inbox_taken(&q->inbox);
    return wf_load_seq_cst(&q->accepted) - taken; /* pair QU4 -> accept() */
}

static bool has_room(wf_queued *q)
{
    return not_taken(q) < q->config.queue_limit || wf_load_acquire(&q->closed); /* pair QU4 */
}

static int refuse(wf_queued *q, int err)
{
    (void)wf_sub_seq_cst(&q->accepted, (uint64_t)1); /* pair QU4 -> is_over() */
    tell(q);
    return err;
}

/* Q1. Tasks of its own may still submit while it drains. */
static int accept(wf_queued *q)
{
    (void)wf_add_seq_cst(&q->accepted,
                         (uint64_t)1); /* pair QU4 -> weft_executor_close(): one sees the other */
    return wf_load_seq_cst(&q->closed) && !runs_here(q) ? refuse(q, -ESHUTDOWN) : 0; /* pair QU4 */
}

static void run_in_caller(wf_queued *q, wf_task *task)
{
    wf_pass pass;
    (void)wf_add_seq_cst(&q->state, ACTIVE);         /* pair QU1: above the limit, if need be */
    (void)wf_sub_seq_cst(&q->accepted, (uint64_t)1); /* pair QU4: it will not be taken out; it is active */
    wf_tasks_goes_to(task, &q->inbox);
    (void)enter_lane(q, &pass); /* if one is free: there is no start hook */
    begin(q, task);
    (void)wf_add_relaxed(&q->in_callers, (uint64_t)1); /* statistic */
    leave_lane(q, &pass);
}

/* With the one that was just accepted; those that were cancelled or taken over do not wait. */
static bool is_too_full(wf_queued *q)
{
    if (!q->config.queue_limit || not_taken(q) <= q->config.queue_limit)
        return false;
    wf_tasks_sweep(&q->inbox);
    return not_taken(q) > q->config.queue_limit;
}

/* With its place in the queue, or -EAGAIN. */
static int accept_into_room(wf_queued *q, int policy)
{
    int err = accept(q);
    if (!err && policy != WF_THOUGH_FULL && is_too_full(q))
        err = refuse(q, -EAGAIN);
    return err;
}

static void put(wf_queued *q, wf_worker *self, wf_task *task)
{
    uint64_t state =
        wf_load_seq_cst(&q->state); /* pair QU1: a hint, to have memory before anything is done */
    wf_task *runner = active_in(state) + entries_in(state) < q->limit ? new_runner(q) : NULL;
    wf_tasks_goes_to(task, &q->inbox);
    wf_inbox_put(&q->inbox, &task->link);
    if (is_serial(q))
        tell(q);
    if (is_serial(q) || !add_entry(q)) {
        if (runner)
            wf_slab_give(runner);
    } else if (runner || (runner = new_runner(q)) != NULL) {
        put_runner(q, self, runner);
    } else {
        (void)run(q); /* no memory for a runner: the caller is one */
    }
}

/* A waiter inside a task of this executor runs under that one's ticket. */
static bool waiter_begins(weft_executor *executor, wf_task *task, wf_pass *pass)
{
    wf_queued *q = (wf_queued *)(void *)executor;
    if (task && begins_no_more(q))
        (void)wf_task_cancel(task);
    bool ticket =
        take_ticket(q) || (runs_here(q) && (wf_add_seq_cst(&q->state, ACTIVE), true)); /* pair QU1: lent */
    if (ticket && !enter_lane(q, pass)) {
        do
            while (run_next(q))
                ;
        while (!give_ticket(q));
        return false;
    }
    if (ticket && task)
        pass->label = wf_lane_label(pass, wf_task_label(task));
    return ticket;
}

static void waiter_ended(weft_executor *executor, wf_pass *pass)
{
    wf_lane_unlabel(pass, pass->label);
    leave_lane((wf_queued *)(void *)executor, pass);
}

static bool has_turn(wf_queued *q)
{
    return active_in(wf_load_seq_cst(&q->state)) < q->limit; /* pair QU1 -> give_ticket() */
}

static bool has_room_or_turn(wf_queued *q)
{
    return has_room(q) || has_turn(q);
}

/* Of a serial executor, whose tasks nobody else may ever run, the caller makes room. */
static void wait_for_room(wf_queued *q)
{
    (void)wait_until(q, is_serial(q) ? has_room_or_turn : has_room, WEFT_FOREVER);
    wf_pass pass;
    if (!is_serial(q) || has_room(q) || !waiter_begins(&q->base, NULL, &pass))
        return;
    (void)run_next(q);
    waiter_ended(&q->base, &pass);
}

static int submit(weft_executor *executor, wf_worker *self, wf_task *task, int when_full)
{
    wf_queued *q = (wf_queued *)(void *)executor;
    bool own = self || runs_here(q); /* a serial task's thread may be outside */
    int policy = when_full != WF_AS_CONFIGURED ? when_full : own ? WEFT_CALLER_RUNS : q->config.when_full;
    if (policy == WEFT_CALLER_RUNS &&
        is_serial(q)) /* what is queued goes first: it makes room; inside a task it cannot */
        policy = own ? WF_THOUGH_FULL : WEFT_BLOCK;
    if (policy == WEFT_CALLER_RUNS && q->config.start) /* above the limit there is no lane */
        policy = WF_THOUGH_FULL;
    int err = accept_into_room(q, policy);
    while (err == -EAGAIN && policy == WEFT_BLOCK) {
        wait_for_room(q);
        err = accept_into_room(q, policy);
    }
    if (err == -EAGAIN && policy == WEFT_CALLER_RUNS && !(err = accept(q)))
        run_in_caller(q, task);
    else if (!err)
        put(q, self, task);
    return err;
}

/* Accepted, it cannot be destroyed: then the epoch tells whether it is still the one that was meant. */
static int submit_held(weft_executor *executor, wf_task *task, uint64_t epoch)
{
    wf_queued *q = (wf_queued *)(void *)executor;
    int err = accept(q);
    if (err)
        return err;
    if (wf_load_relaxed(&q->base.epoch) != epoch) /* ordered by pair QU4 */
        return refuse(q, -ESHUTDOWN);
    put(q, self_of(q), task);
    return 0;
}

static unsigned width(const weft_executor *executor)
{
    return ((const wf_queued *)(const void *)executor)->limit;
}

static bool full(const weft_executor *executor, unsigned *running)
{
    const wf_queued *q = (const wf_queued *)(const void *)executor;
    *running = active_in(wf_load_seq_cst(&q->state)); /* pair QU1 -> give_ticket() */
    return *running >= q->limit;
}

static bool closed(const weft_executor *executor)
{
    return wf_load_seq_cst(&((const wf_queued *)(const void *)executor)->closed); /* pair QU4 */
}

static const wf_engine queued = {.submit = submit,
                                 .begin = waiter_begins,
                                 .end = waiter_ended,
                                 .submit_held = submit_held,
                                 .width = width,
                                 .full = full,
                                 .closed = closed};

/* ---- serial: what was submitted before runs first ------------------------------------------------- */

static int wait_for_turn(wf_queued *q, weft_future *future, int64_t deadline_ns)
{
    wf_waiter waiter;
    int err = wf_waiter_begin(&waiter, future, deadline_ns);
    if (err)
        return err;
    if (!wait_until(q, has_turn, deadline_ns))
        err = -ETIMEDOUT;
    wf_waiter_done(&waiter);
    return err;
}

/* Runs tasks in their order until the future has ended or the deadline has passed. */
static int help(weft_executor *executor, weft_future *future, int64_t deadline_ns)
{
    wf_queued *q = (wf_queued *)(void *)executor;
    while (!wf_task_ended(future)) {
        wf_pass pass;
        if (!waiter_begins(executor, NULL, &pass)) {
            int err = wait_for_turn(q, future, deadline_ns);
            if (err)
                return err;
            continue;
        }
        bool ran = run_next(q);
        waiter_ended(executor, &pass);
        if (!ran && wf_task_state_of(future) != WF_TASK_PENDING)
            return 0;
        if (!ran)
            wf_thread_yield(); /* half-way in */
        if (deadline_ns != WEFT_FOREVER && wf_now_ns() >= deadline_ns)
            return wf_task_ended(future) ? 0 : -ETIMEDOUT;
    }
    return 0;
}

static const wf_engine serial = {.submit = submit,
                                 .begin = waiter_begins,
                                 .end = waiter_ended,
                                 .help = help,
                                 .submit_held = submit_held,
                                 .width = width,
                                 .full = full,
                                 .closed = closed};

/* ---- life ---------------------------------------------------------------------------------------- */

static bool sensible(const weft_executor_config *config)
{
    return config->engine >= WEFT_ENGINE_POOL && config->engine <= WEFT_ENGINE_SERIAL &&
           config->priority >= WEFT_PRIORITY_LOW && config->priority <= WEFT_PRIORITY_HIGH &&
           config->node >= 0 &&
           (!(config->start || config->finish) || (config->limit >= 1 && config->limit <= WF_LANES) ||
            config->engine == WEFT_ENGINE_SERIAL) &&
           config->limit >= 0 && config->when_full >= WEFT_BLOCK && config->when_full <= WEFT_CALLER_RUNS;
}

/* A record that is free again, or a new one. */
static wf_queued *take_record(weft_pool *pool)
{
    wf_queued *q;
    pthread_mutex_lock(&pool->locals_lock);
    for (q = (wf_queued *)(void *)pool->doors; q && q->base.pool; q = (wf_queued *)(void *)q->base.older)
        ;
    if (!q && (q = wf_alloc(sizeof *q)) != NULL) {
        wf_inbox_init(&q->inbox);
        q->inbox.owner = q;
        q->base.inbox = &q->inbox;
        q->base.older = pool->doors;
        pool->doors = &q->base;
    }
    if (q)
        q->base.pool = pool;
    pthread_mutex_unlock(&pool->locals_lock);
    return q;
}

int weft_executor_create(weft_executor **executor, const weft_executor_config *given)
{
    weft_executor_config config;
    weft_pool *pool;
    if (!executor)
        return -EINVAL;
    *executor = NULL;
    if (!wf_config_read(&config, sizeof config, sizeof config, given) || !sensible(&config))
        return -EINVAL;
    int err = wf_pool_meant(config.pool, &pool);
    if (err)
        return err;
    wf_queued *q = take_record(pool);
    if (!q)
        return -ENOMEM;
    q->config = config;
    snprintf(q->name, sizeof q->name, "%s", config.name ? config.name : "executor");
    q->config.name = q->name;
    weft_stop_retain(config.stop);
    bool one = config.engine == WEFT_ENGINE_SERIAL;
    q->taken_before =
        wf_inbox_taken(&q->inbox); /* and accepted: what comes late for the one before is taken back */
    wf_store_relaxed(&q->in_callers, (uint64_t)0); /* owner only: nobody has it yet, as all of these */
    wf_store_relaxed(&q->cancels, 0u);             /* owner only */
    wf_store_relaxed(&q->stops, 0u);               /* owner only */
    wf_store_relaxed(&q->broken, 0);               /* owner only */
    wf_store_relaxed(&q->limit, one             ? 1u
                                : config.limit  ? (uint32_t)config.limit
                                : pool->workers ? pool->workers
                                                : 1u); /* owner only */
    q->lanes.count = q->limit < WF_LANES ? q->limit : WF_LANES;
    wf_store_relaxed(&q->base.engine,
                     one ? &serial : &queued); /* hint: who comes late finds one that refuses */
    if (one)
        wf_serial_is_made();
    if (config.priority)
        wf_tasks_banded(pool);
    q->home = config.node ? wf_tasks_inbox_on(pool, config.node - 1) : NULL;
    wf_store_release(&q->closed, 0u); /* pair QU4 -> accept() */
    *executor = &q->base;
    return 0;
}

static wf_queued *queued_of(weft_executor *executor)
{
    bool is = executor && (wf_engine_of(executor) == &queued || wf_engine_of(executor) == &serial);
    return is ? (wf_queued *)(void *)executor : NULL;
}

static int usable(const wf_queued *q)
{
    if (!q)
        return -EINVAL;
    return q->base.pool->generation == wf_generation() ? 0 : -EOWNERDEAD;
}

int weft_executor_close(weft_executor *executor)
{
    wf_queued *q = queued_of(executor);
    int err = usable(q);
    if (err)
        return err;
    wf_store_seq_cst(&q->closed, 1u); /* pair QU4 -> accept() */
    tell(q);
    return 0;
}

/* Nobody is active or on the way, but for who is leaving. */
static bool is_quiet(const wf_queued *q)
{
    uint64_t state = wf_load_seq_cst(&q->state); /* pair QU1 -> give_ticket() */
    return !active_in(state) && !entries_in(state);
}

/* While it is closed only its own tasks submit: what is quiet, has given all out, and is quiet still, stays so. */
static bool is_over(wf_queued *q)
{
    return is_quiet(q) && !not_taken(q) && is_quiet(q) &&
           !wf_load_seq_cst(&q->cancelling); /* pair QU7 -> cancel_pending() */
}

static void drain_here(wf_queued *q)
{
    wf_pass pass;
    while (visible(q) && waiter_begins(&q->base, NULL, &pass)) {
        bool ran = run_next(q);
        waiter_ended(&q->base, &pass);
        if (!ran)
            wf_thread_yield(); /* half-way in: a few instructions of theirs */
    }
}

/* A task that was accepted in time may come in late, and nobody else may ever run it. */
static bool is_over_or_has_turn(wf_queued *q)
{
    return is_over(q) || (visible(q) && has_turn(q));
}

static bool drain(wf_queued *q, int64_t deadline_ns)
{
    if (!is_serial(q))
        return wait_until(q, is_over, deadline_ns);
    bool in_time;
    do {
        drain_here(q);
        in_time = wait_until(q, is_over_or_has_turn, deadline_ns);
    } while (in_time && !is_over(q));
    return in_time;
}

/* It is not over before all that was taken out has ended, for another thread that shuts it down, too. */
static void cancel_pending(wf_queued *q)
{
    wf_link *links[WF_BATCH];
    unsigned count;
    (void)wf_add_seq_cst(&q->cancelling, 1u); /* pair QU7 -> is_over() */
    while ((count = wf_inbox_take(&q->inbox, links, WF_BATCH)) != 0)
        for (unsigned i = 0; i < count; i++)
            begin(q, (wf_task *)(void *)links[i]);
    (void)wf_sub_seq_cst(&q->cancelling, 1u); /* pair QU7 -> is_over() */
    tell(q);
}

int weft_executor_shutdown(weft_executor *executor, int mode, int64_t deadline_ns)
{
    wf_queued *q = queued_of(executor);
    int err = mode < WEFT_DRAIN || mode > WEFT_STOP_RUNNING ? -EINVAL : usable(q);
    if (!err && runs_here(q))
        err = -EDEADLK;
    if (!err)
        err = weft_executor_close(executor);
    if (err)
        return err;
    wf_alarms_cancel(executor);
    if (mode >= WEFT_CANCEL_PENDING)
        wf_store_release(&q->cancels, 1u); /* pair QU3 -> begin() */
    if (mode == WEFT_STOP_RUNNING)
        wf_store_release(&q->stops, 1u); /* pair QU3 -> wf_queued_stops() */
    if (mode >= WEFT_CANCEL_PENDING)
        cancel_pending(q);
    return drain(q, deadline_ns) ? 0 : -ETIMEDOUT;
}

int weft_executor_destroy(weft_executor *executor)
{
    wf_queued *q = queued_of(executor);
    if (!executor)
        return 0;
    int err = weft_executor_shutdown(executor, WEFT_DRAIN, WEFT_FOREVER);
    if (err)
        return err;
    weft_pool *pool = q->base.pool;
    while (wf_load_seq_cst(&q->state)) /* pair QU1 -> leave(): a few instructions of theirs */
        wf_thread_yield();
    wf_lanes_stop(&q->lanes, &q->config);
    weft_stop_release(q->config.stop);
    q->config.stop = NULL;
    pthread_mutex_lock(&pool->locals_lock);
    q->base.pool = NULL;
    wf_store_relaxed(&q->base.epoch, q->base.epoch + 1); /* ordered by pair QU4: it is closed */
    pthread_mutex_unlock(&pool->locals_lock);
    return 0;
}

/* ---- looking ------------------------------------------------------------------------------------- */

bool wf_queued_stops(const wf_task *task)
{
    const wf_queued *q = (wf_queued *)(void *)wf_tasks_executor(task);
    if (!q)
        return false;
    return wf_load_acquire(&q->stops) ||
           weft_stop_requested(q->config.stop); /* pair QU3 -> weft_executor_shutdown() */
}

int weft_executor_inspect(weft_executor *executor, weft_executor_state *state)
{
    wf_queued *q = queued_of(executor);
    int err = state ? usable(q) : -EINVAL;
    if (err)
        return err;
    uint64_t taken = wf_inbox_taken(&q->inbox), active = active_in(wf_load_seq_cst(&q->state)); /* pair QU1 */
    uint64_t accepted = wf_load_seq_cst(&q->accepted);                                          /* pair QU4 */
    uint64_t ended = taken - q->taken_before, in_callers = wf_load_relaxed(&q->in_callers); /* statistic */
    weft_executor_state now = {.size = sizeof now,
                               .accepted = accepted - q->taken_before + in_callers,
                               .ended = (ended > active ? ended - active : 0) + in_callers,
                               .waiting = accepted > taken ? accepted - taken : 0,
                               .closed = (int)wf_load_seq_cst(&q->closed), /* pair QU4 */
                               .broken = wf_load_relaxed(&q->broken),      /* hint */
                               .name = q->name};
    return wf_config_write(state, &now, sizeof now, sizeof now) ? 0 : -EINVAL;
}

int weft_executor_running(weft_executor *executor, char *text, size_t bytes)
{
    wf_queued *q = queued_of(executor);
    int length = 0;
    if (usable(q) || (!text && bytes))
        return -EINVAL;
    if (bytes)
        *text = 0;
    for (unsigned i = 0; i < q->lanes.count; i++) {
        const char *label = wf_load_acquire(&q->lanes.lane[i].label); /* pair LN2 -> wf_lane_label() */
        size_t used = (size_t)length < bytes ? (size_t)length : bytes;
        if (label)
            length += snprintf(text ? text + used : NULL, bytes - used, "%s\n", label);
    }
    return length;
}
