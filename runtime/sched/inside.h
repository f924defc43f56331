/* SPDX-License-Identifier: MIT */
/*
 * sched/inside.h - which tasks a thread is inside of: those that it runs, and those that it runs a part of.
 *
 * Each thread has a chain of records, on its own stack, the innermost first: of a task that it runs, or of a part of one: a
 * child that it stole, a piece of a loop. A part is a copy of the record that its victim was inside of at the fork; what lies
 * around that is the victim's own chain. It stays while the part runs, for what it is of cannot end before. So where a task's
 * children and loops run makes no difference to what they are inside of.
 *
 * A child does not know its task: a fork is to cost nothing. Its thief finds it in the victim's records, from the outermost
 * inwards: each says from which slot on what is forked belongs to the next one. Those that the child is inside of stay; the one
 * behind them may come and go while the thief looks, but always from a later slot on.
 *   O task  W1 within = { the record, from top }   W2 run it   W3 from = 0: there is none
 *   T       W4 has stolen a slot: while from is not 0, nor above it: go inwards
 * The slot was published after W1 and before W3.
 */
#ifndef WF_SCHED_INSIDE_H
#define WF_SCHED_INSIDE_H

#include "sched/worker.h"

typedef struct wf_running {
    wf_task *task;
    const struct wf_running *outer; /* what this lies in */
    const struct wf_running
        *before; /* what the thread was inside of before: NULL, outer, or, of a part, another one */
    const struct wf_running
        *leader;           /* in another thread, until this one ends: what asks that to stop asks this */
    struct wf_running *of; /* a part: what it is a copy of */
    char *said; /* by weft_fail, from wf_alloc: WF_SAID_BYTES. Exchanged: parts bring what they said */
    wf_within within, *around;
} wf_running;
#define WF_SAID_BYTES 256

extern __thread wf_running *wf_innermost __attribute__((visibility("hidden")));

/* A task, with all but `task` zero. self: who forks in there; NULL: nobody can. */
static inline void wf_running_begin(wf_worker *self, wf_running *here)
{
    here->outer = here->before = wf_innermost;
    wf_innermost = here;
    if (!self)
        return;
    here->around = self->stack.around ? self->stack.around : &self->stack.within;
    wf_store_relaxed(&here->around->running, here); /* ordered by pair TS2, as the next: the slots above */
    intptr_t top = wf_load_relaxed(&self->stack.head.top); /* owner only */
    wf_store_relaxed(&here->around->from, top);            /* ordered by pair TS2 */
    self->stack.around = &here->within;
}

static inline void wf_running_end(wf_worker *self, const wf_running *here)
{
    wf_innermost = (wf_running *)(uintptr_t)here->before;
    if (!self)
        return;
    wf_store_relaxed(&here->around->from, (intptr_t)0); /* ordered by pair TS2 */
    self->stack.around = here->around;
}

/* What a slot that was stolen from victim is inside of; NULL: no task. */
wf_running *wf_running_at(const wf_worker *victim, const weft_slot_ *slot);
/* A part of that, or of none. */
void wf_part_begin(wf_worker *self, wf_running *here, wf_running *of);
void wf_part_end(wf_worker *self, wf_running *here);

/* Instead of what was said before; NULL: nothing. From wf_alloc; what is taken is the caller's. */
void wf_running_says(wf_running *running, char *text);
char *wf_running_take_said(wf_running *running);

#endif
