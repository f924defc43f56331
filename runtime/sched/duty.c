/* SPDX-License-Identifier: MIT */
/* sched/duty.c - see duty.h. */
#include "sched/duty.h"

#include "sched/presence.h"
#include "sched/sleep.h"

void wf_dismiss(wf_worker *worker)
{
    uint32_t sits = WF_SITS;
    /* pair SL11 -> wf_dismissed(): it sees this before it parks, or is seen asleep; pair HM1 -> sits(): then the caller sees to
     * what was published for it */
    if (wf_cas_seq_cst(&worker->duty, &sits, (uint32_t)WF_LEAVES))
        wf_rouse(worker);
}

void wf_recall(wf_worker *worker)
{
    uint32_t duty = WF_LEAVES;
    if (wf_cas_relaxed(&worker->duty, &duty, (uint32_t)WF_SITS) || duty == WF_SITS) /* ordered by pair SL10 */
        return;
    wf_store_relaxed(&worker->duty, (uint32_t)WF_SITS); /* ordered by pair PK1: it is woken after it */
    wf_wake(&worker->parker);
}

bool wf_dismissed(const wf_worker *self)
{
    return wf_load_seq_cst(&self->duty) != WF_SITS; /* pair SL11 -> wf_dismiss() */
}

bool wf_stand_begin(wf_worker *self)
{
    uint32_t leaves = WF_LEAVES;
    if (!wf_cas_relaxed(&self->duty, &leaves, (uint32_t)WF_STANDS)) /* ordered by pair SL2: what comes next */
        return false;
    wf_count_out(self);
    return true;
}

bool wf_stands(const wf_worker *self)
{
    return wf_load_relaxed(&self->duty) == WF_STANDS; /* ordered by pair PK1: wf_recall() wakes after it */
}
