/* SPDX-License-Identifier: MIT */
/* sched/steal.h - running what was taken from another worker's task stack. */
#ifndef WF_SCHED_STEAL_H
#define WF_SCHED_STEAL_H

#include "base/check.h"
#include "sched/note.h"

/* Begins something that the worker's user code did not call itself; end puts back what was. What others wait for, a stolen
 * slot or a piece, has an epoch of its own besides (data/task_stack.h). */
typedef struct wf_frame {
    wf_origin origin;
    intptr_t top;
} wf_frame;

/* origin.since 0: as long as what it interrupts. Inlined: half of its cost is copying. */
static inline void wf_frame_begin(wf_worker *self, wf_origin origin, wf_frame *outer)
{
    outer->origin = self->origin;
    outer->top = self->stack.head.top;
    if (!origin.since)
        origin.since = outer->origin.since;
    wf_note_origin(self, &origin);
}

static inline void wf_frame_end(wf_worker *self, const wf_frame *outer)
{
    WF_CHECK(self->stack.head.top == outer->top, "a task returned with children that it had not joined");
    wf_note_origin(self, &outer->origin);
}

/* Runs a slot that self took from victim's stack, to the end. */
void wf_steal_run(wf_worker *self, wf_worker *victim, weft_slot_ *slot);

/* Asks victim to publish; one that has not answered for long is in a long call or blocked: its children are
 * published in its stead. True: something was. */
bool wf_ask(wf_worker *self, wf_worker *victim);

/* Wakes a worker or guest that waits at a join or at the end of a loop. */
void wf_wake_waiter(wf_worker *self, wf_worker *waiter);

/* After publishing, and after beginning a piece: the owner of what self runs may help with it, and is woken if it sleeps. */
bool wf_wake_origin(wf_worker *self);

#endif
