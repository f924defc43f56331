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

/* What is to run on this thread. */
static __thread struct {
    wf_held *first, **last; /* last: NULL while none runs */
    wf_held *kept;          /* from here on they are held */
    bool busy;              /* one runs, or what it called */
} inlined;

static int run(void *arg)
{
    then *t = arg;
    bool outer = inlined.busy;
    inlined.busy = inlined.last;
    int status = t->fn(wf_held_begins(&t->held), t->arg);
    inlined.busy = outer;
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

/* Here and now, each after the one that it follows has returned: a chain takes no stack. Who runs may wait for those
 * behind it, and runs them then: they are let go before. In a chain there are none: claimed as it is, held. */
static void append(wf_held *held)
{
    held->next = NULL;
    *inlined.last = held;
    inlined.last = &held->next;
    if (inlined.busy)
        (void)wf_task_let_go(&held->wide.task);
    else if (!inlined.kept)
        inlined.kept = held;
}

static wf_held *take_first(void)
{
    wf_held *held = inlined.first;
    if (!held)
        return NULL;
    inlined.first = held->next;
    if (!held->next)
        inlined.last = &inlined.first;
    if (inlined.kept == held)
        inlined.kept = held->next;
    for (; inlined.kept; inlined.kept = inlined.kept->next)
        (void)wf_task_let_go(&inlined.kept->wide.task);
    return held;
}

static void run_all(void)
{
    wf_held *held;
    while ((held = take_first()) != NULL)
        wf_tasks_run_held(wf_self(), &held->wide.task);
    inlined.last = NULL;
}

static void ended_inline(wf_follower *follower, wf_task *before)
{
    (void)before;
    if (!inlined.last) {
        inlined.last = &inlined.first;
        wf_task_when_all_are_told(run_all);
    }
    append((wf_held *)(void *)((char *)follower - offsetof(wf_held, follower)));
}

/* ---- attaching ---------------------------------------------------------------------------------- */

static int find(weft_executor *executor, const weft_future *before, wf_door *door)
{
    return executor && executor != WEFT_INLINE ? wf_executor_find(executor, door)
                                               : wf_executor_near(before, door);
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
