/* SPDX-License-Identifier: MIT */
/* exec/future.c - see future.h. */
#include "exec/future.h"

#include <errno.h>

#include "base/annotate.h"
#include "os/clock.h"
#include "os/memory.h"
#include "os/thread.h"
#include "sched/note.h"
#include "sched/pool.h"
#include "sched/self.h"
#include "sched/sleep.h"
#include "sched/tasks.h"

_Static_assert(WEFT_FOREVER == WF_FOREVER, "one word for it");
_Static_assert((int)WEFT_PENDING == WF_TASK_PENDING && (int)WEFT_RUNNING == WF_TASK_RUNNING &&
                   (int)WEFT_DONE == WF_TASK_DONE && (int)WEFT_CANCELLED == WF_TASK_CANCELLED,
               "the public states are the record's");

/* 0, or why the future cannot be used. */
static int usable(const weft_future *future)
{
    if (!future)
        return -EINVAL;
    return wf_slab_mark_of(future) == wf_generation() ? 0 : -EOWNERDEAD;
}

/* The calling thread as a worker or guest of the task's pool; NULL: it is outside. */
static wf_worker *inside(const weft_future *future)
{
    wf_worker *self = wf_self();
    return self && self->pool == future->pool ? self : NULL;
}

/* Inside the pool perhaps nobody else would ever come to it; also where the thread visits another pool just now. */
static bool may_take_over(const weft_future *future, int64_t deadline_ns)
{
    return wf_inside(future->pool) || (deadline_ns == WEFT_FOREVER && future->pool->take_over);
}

/* 0; WEFT_ESTACK: it should run here, but there is not enough of the stack left. */
static int take_over(weft_future *future)
{
    wf_entry entry;
    if (wf_task_state_of(future) != WF_TASK_PENDING) {
        wf_task_want(future);
        return 0;
    }
    if (!wf_thread_stack_left())
        return WEFT_ESTACK;
    int err = wf_pool_enter(future->pool, &entry);
    if (err)
        return err;
    if (!wf_task_claim(future)) {
        wf_task_want(future);
    } else {
        wf_tasks_dead(entry.self, future);
        wf_tasks_take_over(entry.self, future);
    }
    wf_pool_leave(&entry);
    return 0;
}

/* Somebody has to begin it: the waiter, or a worker that may be napping. */
static int see_to_it(weft_future *future, int64_t deadline_ns)
{
    if (wf_tasks_runs_here(future))
        return -EDEADLK;
    if (may_take_over(future, deadline_ns))
        return take_over(future);
    if (wf_task_state_of(future) != WF_TASK_PENDING)
        return 0;
    wf_urge(future->pool);
    return 0;
}

/* Until it has ended, or for about what a sleep costs. */
static bool spin(const weft_future *future, uint64_t ticks)
{
    uint64_t since = wf_ticks();
    while (!wf_task_ended(future))
        if (wf_ticks() - since < ticks)
            wf_pause();
        else
            return false;
    return true;
}

static bool sleep_outside(weft_future *future, int64_t deadline_ns)
{
    wf_worker *self = wf_self(); /* of another pool */
    if (self)
        wf_note_wait(self, WF_FOR_FOREIGN, future);
    bool ended = wf_task_wait(future, deadline_ns);
    if (self)
        wf_note_wait(self, WF_FOR_NOTHING, NULL);
    return ended;
}

static bool sleep_for(weft_future *future, int64_t deadline_ns)
{
    wf_worker *self = inside(future);
    if (!self)
        return sleep_outside(future, deadline_ns);
    if (wf_stack_publish_all(&self->stack))
        wf_count(&self->counters.publications);
    wf_block_begin(self, WF_FOR_FUTURE, future);
    bool ended = wf_task_wait(future, deadline_ns);
    wf_block_end(self);
    return ended;
}

int weft_future_wait(weft_future *future, int64_t deadline_ns)
{
    int err = usable(future);
    if (err)
        return err;
    if (!wf_task_ended(future)) {
        uint64_t ticks = deadline_ns == WEFT_FOREVER ? future->pool->wait_ticks : 0;
        err = see_to_it(future, deadline_ns);
        if (err)
            return err;
        if (!spin(future, ticks) && !sleep_for(future, deadline_ns))
            return -ETIMEDOUT;
    }
    wf_tsan_acquire(future);
    return 0;
}

int weft_future_get(weft_future *future, int *status)
{
    int err = weft_future_wait(future, WEFT_FOREVER);
    if (!err && status)
        *status = weft_future_status(future);
    return err;
}

int weft_future_state(const weft_future *future)
{
    int err = usable(future);
    return err ? err : (int)wf_task_state_of(future);
}

int weft_future_status(const weft_future *future)
{
    int err = usable(future);
    if (err)
        return err;
    enum wf_task_state state = wf_task_state_of(future);
    if (state == WF_TASK_DONE)
        return future->status;
    return state == WF_TASK_CANCELLED ? -ECANCELED : -EINPROGRESS;
}

int weft_future_cancel(weft_future *future)
{
    int err = usable(future);
    if (err)
        return err;
    switch (wf_task_cancel(future)) {
    case WF_TASK_PENDING:
        wf_tasks_dead(inside(future), future);
        return 0;
    case WF_TASK_CANCELLED:
        return 0;
    case WF_TASK_RUNNING:
        return -EBUSY;
    default:
        return -EALREADY;
    }
}

int weft_future_retain(weft_future *future)
{
    int err = usable(future);
    if (err)
        return err;
    return wf_task_retain(future) ? 0 : -EOVERFLOW;
}

void weft_future_release(weft_future *future)
{
    if (future && !usable(future))
        wf_task_release(future);
}
