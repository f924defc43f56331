/* SPDX-License-Identifier: MIT */
/* exec/executor.c - see executor.h. */
#include "exec/executor.h"

#include <errno.h>

#include "base/tunables.h"
#include "os/clock.h"
#include "sched/drain.h"
#include "sched/pool.h"
#include "sched/self.h"
#include "sched/tasks.h"

int weft_pool_executor(weft_pool *pool, weft_executor **executor)
{
    if (!executor)
        return -EINVAL;
    *executor = NULL;
    int err = wf_pool_meant(pool, &pool);
    if (!err)
        *executor = &pool->executor;
    return err;
}

int wf_executor_find(weft_executor *given, wf_door *door)
{
    int err = wf_executor_find_any(given, door);
    return !err && wf_engine_of(door->executor) && wf_engine_of(door->executor)->far ? -EINVAL : err;
}

/* Its pool is known. */
static void stand_before(weft_executor *executor, wf_door *door)
{
    wf_worker *self = wf_self();
    door->executor = executor;
    door->self = self && self->pool == door->pool ? self : NULL;
}

WF_TOGETHER int wf_executor_find_any(weft_executor *given, wf_door *door)
{
    if (given && !given->pool)
        return -ESHUTDOWN; /* destroyed */
    int err = wf_pool_meant(given ? given->pool : NULL, &door->pool);
    if (!err)
        stand_before(given ? given : &door->pool->executor, door);
    return err;
}

int wf_executor_near(const wf_task *future, wf_door *door)
{
    if (!future->pool)
        return wf_executor_find(NULL, door);
    if (wf_slab_closed(future))
        return -ESHUTDOWN;
    door->pool = future->pool;
    stand_before(&door->pool->executor, door);
    return 0;
}

int64_t wf_look(int64_t deadline_ns)
{
    int64_t look = wf_now_ns() + WF_LOOK_NS;
    return look < deadline_ns ? look : deadline_ns;
}

static uint32_t serial;

static bool has_ticket(void)
{
    const wf_running *r = wf_tasks_innermost();
    while (r && (r->of || !wf_tasks_executor(r->task)))
        r = r->before;
    return r;
}

int64_t wf_look_for_pending(int64_t deadline_ns)
{
    /* hint: who knows a task of one has seen it */
    return wf_load_relaxed(&serial) || has_ticket() ? wf_look(deadline_ns) : deadline_ns;
}

void wf_serial_is_made(void)
{
    wf_store_relaxed(&serial, 1u); /* hint */
}

bool wf_executor_closed(const weft_executor *executor)
{
    return wf_engine_of(executor) && wf_engine_of(executor)->closed(executor);
}

bool wf_executor_is_around(const weft_executor *executor)
{
    for (const wf_running *r = wf_tasks_innermost(); r; r = r->outer)
        if (wf_tasks_executor(r->task) == executor)
            return true;
    return false;
}

bool wf_executor_runs_here(const weft_executor *executor)
{
    for (const wf_running *r = wf_tasks_innermost(); r; r = r->before)
        if (!r->of && wf_tasks_executor(r->task) == executor)
            return true;
    return false;
}

int wf_executor_put(const wf_door *door, wf_task *task)
{
    if (wf_engine_of(door->executor))
        return wf_engine_of(door->executor)->submit(door->executor, door->self, task, WF_AS_CONFIGURED);
    wf_tasks_put(door->pool, door->self, task);
    return 0;
}

void wf_executor_notify(const wf_door *door)
{
    if (!wf_engine_of(door->executor))
        wf_tasks_notify(door->pool, door->self);
}

int wf_executor_submit(const wf_door *door, wf_task *task)
{
    const wf_engine *engine = wf_engine_of(door->executor);
    if (engine)
        return engine->submit(door->executor, door->self, task, WF_AS_CONFIGURED);
    wf_tasks_submit(door->pool, door->self, task);
    return 0;
}

/* What was held goes where it was to begin. */
static void submit_released(const wf_door *door, wf_task *task)
{
    const wf_kind *kind = wf_task_kind(task);
    if (kind && kind->submit)
        kind->submit(task);
    else
        wf_tasks_submit(door->pool, door->self, task);
}

uint64_t wf_executor_epoch(const weft_executor *executor)
{
    return wf_load_relaxed(&executor->epoch); /* hint: a later one is refused */
}

static int submit_held(weft_executor *executor, wf_task *task, uint64_t epoch)
{
    int err = wf_engine_of(executor)->accept_held(executor, epoch);
    if (!err)
        wf_engine_of(executor)->comes(executor, task);
    return err;
}

int wf_executor_submit_held(weft_executor *executor, wf_task *task, uint64_t epoch)
{
    if (wf_engine_of(executor))
        return submit_held(executor, task, epoch);
    return wf_executor_submit_accepted(executor, task);
}

int wf_executor_submit_accepted(weft_executor *executor, wf_task *task)
{
    wf_door door;
    int err = wf_executor_find_any(executor, &door);
    if (!err && !wf_engine_of(executor))
        submit_released(&door, task);
    if (err || !wf_engine_of(executor))
        return err;
    return wf_engine_of(executor)->submit(executor, door.self, task, WF_THOUGH_FULL);
}

int wf_executor_accept(const wf_door *door)
{
    if (wf_engine_of(door->executor))
        return wf_engine_of(door->executor)->accept(door->executor, door->self);
    wf_drain_expect(door->pool);
    return 0;
}

int wf_executor_accept_held(weft_executor *executor, uint64_t epoch)
{
    if (wf_engine_of(executor))
        return wf_engine_of(executor)->accept_held(executor, epoch);
    wf_drain_expect(executor->pool);
    return 0;
}

void wf_executor_comes(weft_executor *executor, wf_task *task)
{
    weft_pool *pool = executor->pool;
    wf_worker *self = wf_self();
    if (wf_engine_of(executor)) {
        wf_engine_of(executor)->comes(executor, task);
        return;
    }
    wf_door door = {.executor = executor, .pool = pool, .self = self && self->pool == pool ? self : NULL};
    submit_released(&door, task);
    wf_drain_came(pool);
}

void wf_executor_comes_not(weft_executor *executor)
{
    if (wf_engine_of(executor))
        wf_engine_of(executor)->comes_not(executor);
    else
        wf_drain_came(executor->pool);
}

bool wf_executor_cancels(const weft_executor *executor)
{
    return wf_engine_of(executor) && wf_engine_of(executor)->cancels(executor);
}

WF_TOGETHER int weft_submit(weft_executor *executor, weft_task_fn *fn, void *arg, weft_future **future)
{
    wf_door door;
    if (future)
        *future = NULL;
    if (!fn)
        return -EINVAL;
    int err = wf_executor_find(executor, &door);
    if (err)
        return err;
    wf_task *task = wf_tasks_new(door.pool, door.self, sizeof *task);
    if (!task)
        return -ENOMEM;
    wf_task_init(task, fn, arg, future ? 2 : 1);
    if (future)
        *future = task;
    err = wf_executor_submit(&door, task);
    if (!err)
        return 0;
    if (future)
        *future = NULL;
    wf_slab_give(task);
    return err;
}
