/* SPDX-License-Identifier: MIT */
/* exec/held.c - see held.h. */
#include "exec/held.h"

#include "sched/tasks.h"

static wf_held *held_of(wf_follower *follower)
{
    return (wf_held *)(void *)((char *)follower - offsetof(wf_held, follower));
}

void wf_held_ended(wf_follower *follower, wf_task *before)
{
    wf_held *held = held_of(follower);
    wf_task *task = &held->wide.task;
    (void)before;
    if (wf_task_let_go(task) && !wf_slab_closed(held) &&
        !wf_executor_submit_held(held->executor, task, held->epoch))
        return;
    (void)wf_task_cancel(task);
    wf_task_release(task);
}

bool wf_held_init(wf_held *held, const wf_kind *kind, int (*fn)(void *arg), unsigned references,
                  wf_task *before, weft_executor *executor)
{
    if (before && !wf_task_retain_to_follow(before))
        return false;
    wf_task_init_held(&held->wide, kind, fn, held, references);
    held->before = before;
    held->executor = executor;
    held->epoch = wf_executor_epoch(executor);
    held->follower.ended = wf_held_ended;
    wf_tasks_goes_to(&held->wide.task, executor->inbox);
    return true;
}

void wf_held_follow(wf_held *held)
{
    wf_task_follow(held->before, &held->follower);
}

wf_task *wf_held_begins(wf_held *held)
{
    wf_task_not_borrowed(&held->wide.task);
    return held->before;
}

void wf_held_let_before_go(wf_held *held)
{
    if (held->before)
        wf_task_release(held->before);
    held->before = NULL;
}

wf_task *wf_held_needs(wf_task *task, size_t *at)
{
    const wf_held *held = (wf_held *)(void *)task;
    if ((*at)++ || wf_task_ended(held->before) || !wf_task_retain(held->before))
        return NULL;
    return held->before;
}
