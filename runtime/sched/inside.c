/* SPDX-License-Identifier: MIT */
/* sched/inside.c - see inside.h. */
#include "sched/inside.h"

#include "os/memory.h"

__thread wf_running *wf_innermost;

wf_running *wf_running_at(const wf_worker *victim, const weft_slot_ *slot)
{
    const wf_within *at = &victim->stack.within;
    wf_running *found = NULL;
    intptr_t from;
    while ((from = wf_load_relaxed(&at->from)) != 0 && from <= (intptr_t)slot) { /* ordered by pair TS2 */
        found = wf_load_relaxed(&at->running);                                   /* ordered by pair TS2 */
        at = &found->within;
    }
    return found;
}

void wf_part_begin(wf_worker *self, wf_running *here, wf_running *of)
{
    const wf_running *before = wf_innermost;
    *here = (wf_running){.of = of};
    if (of) {
        here->task = of->task;
        here->leader = of->leader;
        wf_running_begin(self, here);
        here->outer = of->outer;
    }
    here->before = before;
    wf_innermost = of ? here : NULL;
}

void wf_part_end(wf_worker *self, wf_running *here)
{
    char *said = here->of ? wf_running_take_said(here) : NULL;
    if (said)
        wf_running_says(here->of, said);
    wf_running_end(here->of ? self : NULL, here);
}

void wf_running_says(wf_running *running, char *text)
{
    wf_free(wf_exchange_acq_rel(&running->said, text)); /* pair RU1 -> itself: the text */
}

char *wf_running_take_said(wf_running *running)
{
    return wf_exchange_acquire(&running->said, (char *)NULL); /* pair RU1 -> wf_running_says() */
}
