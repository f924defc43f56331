/* SPDX-License-Identifier: MIT */
/* data/task.c - see task.h. */
#include "data/task.h"

#include "base/check.h"
#include "os/clock.h"

#define STATE 3u
#define WAITED 4u
#define WANTED 8u /* a hint for the scheduler */
#define REFERENCE 256u
#define REFERENCES_MAX (1u << 23)

_Static_assert(sizeof(wf_task) <= WF_TASK_BYTES, "a record is one line");
_Static_assert(offsetof(wf_task, home) == offsetof(wf_block, home), "a record begins as a block does");

static enum wf_task_state state_in(uint32_t word)
{
    return (enum wf_task_state)(word & STATE);
}

void wf_task_init(wf_task *task, int (*fn)(void *arg), void *arg, unsigned references)
{
    task->fn = fn;
    task->arg = arg;
    task->status = 0;
    wf_store_relaxed(&task->word,
                     references * REFERENCE + WF_TASK_PENDING); /* owner only: published by a queue */
}

/* PENDING becomes `to`; what it was. */
static enum wf_task_state leave_pending(wf_task *task, enum wf_task_state to)
{
    uint32_t word = wf_load_relaxed(&task->word); /* re-checked by the exchange */
    /* pair TA1 -> wf_task_complete(), wf_task_wait() */
    while (state_in(word) == WF_TASK_PENDING && !wf_cas_acq_rel(&task->word, &word, word + (uint32_t)to))
        ;
    return state_in(word);
}

bool wf_task_claim(wf_task *task)
{
    return leave_pending(task, WF_TASK_RUNNING) == WF_TASK_PENDING;
}

static void wake_waiters(wf_task *task, uint32_t before)
{
    if (before & WAITED)
        wf_futex_wake_all(&task->word);
}

enum wf_task_state wf_task_cancel(wf_task *task)
{
    enum wf_task_state before = leave_pending(task, WF_TASK_CANCELLED);
    if (before != WF_TASK_PENDING)
        return wf_task_state_of(task); /* who hears DONE may read the status */
    wake_waiters(task,
                 wf_load_relaxed(&task->word)); /* hint: WAITED is there, or its waiter sees the state */
    return before;
}

void wf_task_want(wf_task *task)
{
    (void)wf_or_relaxed(&task->word, WANTED); /* hint */
}

bool wf_task_complete(wf_task *task, int status, bool drop)
{
    task->status = status;
    uint32_t change = (uint32_t)(WF_TASK_DONE - WF_TASK_RUNNING) - (drop ? REFERENCE : 0);
    /* pair TA1 -> wf_task_state_of(): the status and what the task did; -> wf_task_release(): all is done with */
    uint32_t before = wf_add_acq_rel(&task->word, change);
    if (drop && before < 2 * REFERENCE)
        wf_slab_give(task);
    else
        wake_waiters(task, before);
    return before & WANTED;
}

enum wf_task_state wf_task_state_of(const wf_task *task)
{
    return state_in(wf_load_acquire(&task->word)); /* pair TA1 -> wf_task_complete() */
}

bool wf_task_retain(wf_task *task)
{
    uint32_t word = wf_load_relaxed(&task->word); /* re-checked by the exchange */
    do
        if (word >= REFERENCES_MAX * REFERENCE)
            return false;
    while (
        !wf_cas_relaxed(&task->word, &word, word + REFERENCE)); /* statistic: the caller holds another one */
    return true;
}

void wf_task_release(wf_task *task)
{
    /* pair TA1 -> wf_task_release(): who gives the block back comes after all that others did with it */
    if (wf_sub_acq_rel(&task->word, REFERENCE) < 2 * REFERENCE)
        wf_slab_give(task);
}

bool wf_task_wait(wf_task *task, int64_t deadline_ns)
{
    uint32_t word = wf_load_acquire(&task->word); /* pair TA1 -> wf_task_complete() */
    while (state_in(word) < WF_TASK_DONE) {
        if (deadline_ns != WF_FOREVER && wf_now_ns() >= deadline_ns)
            return false;
        if (!(word & WAITED))
            (void)wf_cas_acq_rel(&task->word, &word, word | WAITED); /* pair TA1 -> wf_task_complete() */
        else
            wf_futex_wait_until(&task->word, word, deadline_ns);
        word = wf_load_acquire(&task->word); /* pair TA1 -> wf_task_complete() */
    }
    return true;
}
