/* SPDX-License-Identifier: MIT */
/* sched/steal.c - see steal.h. */
#include "sched/steal.h"

#include "base/check.h"
#include "os/barrier.h"
#include "sched/eye.h"

wf_frame wf_frame_begin(wf_worker *self, wf_origin origin)
{
    wf_frame outer = {
        .origin = self->origin, .epoch = wf_stack_enter(&self->stack), .top = self->stack.head.top};
    self->origin = origin;
    return outer;
}

void wf_frame_end(wf_worker *self, const wf_frame *outer)
{
    WF_CHECK(self->stack.head.top == outer->top, "a task returned with children that it had not joined");
    self->origin = outer->origin;
    wf_stack_leave(&self->stack, outer->epoch);
}

void wf_steal_run(wf_worker *self, wf_worker *victim, weft_slot_ *slot)
{
    wf_frame outer = wf_frame_begin(self, (wf_origin){.slot = slot, .owner = victim});
    wf_taken by = {.thief = self->index};
    by.top = wf_stack_depth(&self->stack);
    by.epoch = wf_stack_epoch(&self->stack);
    if (wf_slot_taken(slot, by))
        wf_stack_offer(&self->stack);
    slot->run(slot);
    wf_frame_end(self, &outer);
    if (wf_slot_done(slot))
        wf_wake(&victim->parker);
}

void wf_wake_origin(wf_worker *self)
{
    const wf_origin *origin = &self->origin;
    if (origin->slot ? wf_slot_is_parked(origin->slot)
                     : origin->loop && wf_latch_is_parked(&origin->loop->latch))
        wf_wake(&origin->owner->parker);
}

bool wf_ask(wf_worker *self, wf_worker *victim)
{
    uint64_t mark;
    bool silent = wf_stack_silent(&victim->stack, &mark); /* since somebody asked before */
    mark += wf_load_relaxed(&victim->entries); /* hint: another guest in the seat is another matter */
    wf_stack_ask(&victim->stack);
    uint64_t since = wf_eye(&victim->sight, silent ? mark : ~mark);
    return silent && self->pool->force && since > self->pool->force_ticks &&
           wf_stack_force(&victim->stack, wf_barrier_everywhere);
}
