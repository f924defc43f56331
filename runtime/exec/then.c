/* SPDX-License-Identifier: MIT */
/* exec/then.c - see then.h. */
#include "exec/then.h"

#include <errno.h>

#include "exec/executor.h"
#include "exec/future.h"
#include "sched/pool.h"
#include "sched/self.h"
#include "sched/tasks.h"

typedef struct then {
    wf_wide wide;
    wf_follower follower;
    wf_task *before; /* NULL once it ran */
    weft_then_fn *fn;
    void *arg;
    union {
        struct then *next;       /* of those that run inline on this thread */
        weft_executor *executor; /* where the others go */
    };
} then;

_Static_assert(sizeof(then) <= 2 * WF_TASK_BYTES, "a record is two lines");

static void let_before_go(then *t)
{
    if (t->before)
        wf_task_release(t->before);
    t->before = NULL;
}

static int run(void *arg)
{
    then *t = arg;
    wf_task_not_borrowed(&t->wide.task);
    int status = t->fn(t->before, t->arg);
    let_before_go(t);
    return status;
}

static wf_task *needs(wf_task *task)
{
    then *t = (then *)(void *)task;
    if (wf_task_ended(t->before) || !wf_task_retain(t->before))
        return NULL;
    return t->before;
}

/* Cancelled: it still holds what it followed. */
static void freed(wf_task *task)
{
    let_before_go((then *)(void *)task);
}

static const wf_kind kind = {.freed = freed, .needs = needs};

/* ---- inline ------------------------------------------------------------------------------------- */

static __thread struct {
    then *first, **last;
} inlined; /* last: NULL while none runs on this thread */

static void run_inline(then *t)
{
    t->next = NULL;
    if (inlined.last) {
        *inlined.last = t;
        inlined.last = &t->next;
        return;
    }
    inlined.first = t;
    inlined.last = &t->next;
    while ((t = inlined.first) != NULL) {
        inlined.first = t->next;
        if (!inlined.first)
            inlined.last = &inlined.first;
        wf_tasks_run_inline(wf_self(), &t->wide.task);
    }
    inlined.last = NULL;
}

static then *then_of(wf_follower *follower)
{
    return (then *)(void *)((char *)follower - offsetof(then, follower));
}

static void ended_inline(wf_follower *follower, wf_task *before)
{
    then *t = then_of(follower);
    (void)before;
    if (wf_task_let_go(&t->wide.task))
        run_inline(t);
    else
        wf_task_release(&t->wide.task);
}

/* What its executor refuses, closed or full, is cancelled. */
static void ended(wf_follower *follower, wf_task *before)
{
    then *t = then_of(follower);
    wf_task *task = &t->wide.task;
    wf_door door;
    (void)before;
    if (wf_task_let_go(task) && !wf_executor_find(t->executor, &door) && !wf_executor_submit(&door, task))
        return;
    (void)wf_task_cancel(task);
    wf_task_release(task);
}

/* ---- attaching ---------------------------------------------------------------------------------- */

/* A promise's future belongs to no pool: then it is the current one. */
static int find(weft_executor *executor, const weft_future *before, wf_door *door)
{
    if (executor && executor != WEFT_INLINE)
        return wf_executor_find(executor, door);
    return wf_executor_find(before->pool ? &before->pool->executor : NULL, door);
}

int weft_future_then(weft_future *before, weft_executor *executor, weft_then_fn *fn, void *arg,
                     weft_future **future)
{
    wf_door door;
    if (future)
        *future = NULL;
    int err = fn ? wf_future_usable(before) : -EINVAL;
    if (err)
        return err;
    err = find(executor, before, &door);
    if (err)
        return err;
    then *t = (void *)wf_tasks_new(door.pool, door.self, sizeof(then));
    if (!t)
        return -ENOMEM;
    if (!wf_task_retain(before)) {
        wf_slab_give(t);
        return -ENOMEM;
    }
    wf_task_init_held(&t->wide, &kind, run, t, future ? 2 : 1);
    t->before = before;
    t->fn = fn;
    t->arg = arg;
    t->executor = door.executor;
    wf_tasks_goes_to(&t->wide.task, executor == WEFT_INLINE ? NULL : door.executor->inbox);
    t->follower.ended = executor == WEFT_INLINE ? ended_inline : ended;
    if (future)
        *future = &t->wide.task;
    wf_task_follow(before, &t->follower);
    return 0;
}
