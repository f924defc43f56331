/* SPDX-License-Identifier: MIT */
/* exec/then.c - see then.h. */
#include "exec/then.h"

#include <errno.h>

#include "exec/executor.h"
#include "exec/future.h"
#include "exec/held.h"
#include "sched/pool.h"
#include "sched/self.h"
#include "sched/tasks.h"

typedef struct then {
    wf_held held;
    weft_then_fn *fn;
    void *arg;
} then;

_Static_assert(sizeof(then) <= 2 * WF_TASK_BYTES, "a record is two lines");

static int run(void *arg)
{
    then *t = arg;
    int status = t->fn(wf_held_begins(&t->held), t->arg);
    wf_held_let_before_go(&t->held);
    return status;
}

/* Cancelled: it still holds what it followed. */
static void freed(wf_task *task)
{
    wf_held_let_before_go((wf_held *)(void *)task);
}

static const wf_kind kind = {.freed = freed, .needs = wf_held_needs};

/* ---- inline ------------------------------------------------------------------------------------- */

static __thread struct {
    wf_held *first, **last;
} inlined; /* last: NULL while none runs on this thread */

static void run_inline(wf_held *held)
{
    held->next = NULL;
    if (inlined.last) {
        *inlined.last = held;
        inlined.last = &held->next;
        return;
    }
    inlined.first = held;
    inlined.last = &held->next;
    while ((held = inlined.first) != NULL) {
        inlined.first = held->next;
        if (!inlined.first)
            inlined.last = &inlined.first;
        wf_tasks_run_inline(wf_self(), &held->wide.task);
    }
    inlined.last = NULL;
}

static void ended_inline(wf_follower *follower, wf_task *before)
{
    wf_held *held = (wf_held *)(void *)((char *)follower - offsetof(wf_held, follower));
    (void)before;
    if (wf_task_let_go(&held->wide.task))
        run_inline(held);
    else
        wf_task_release(&held->wide.task);
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
    if (!wf_held_init(&t->held, &kind, run, future ? 2 : 1, before, door.executor)) {
        wf_slab_give(t);
        return -ENOMEM;
    }
    t->fn = fn;
    t->arg = arg;
    if (executor == WEFT_INLINE) {
        wf_tasks_goes_to(&t->held.wide.task, NULL);
        t->held.follower.ended = ended_inline;
    }
    if (future)
        *future = &t->held.wide.task;
    wf_held_follow(&t->held);
    return 0;
}
