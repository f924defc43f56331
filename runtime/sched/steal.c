/* SPDX-License-Identifier: MIT */
/* sched/steal.c - see steal.h. */
#include "sched/steal.h"

#include "os/barrier.h"
#include "sched/eye.h"
#include "sched/inside.h"

_Static_assert((int)WEFT_STEAL_CORE == WF_SAME_CORE && (int)WEFT_STEAL_MACHINE == WF_SAME_MACHINE,
               "counted by distance");

static void count_steal(wf_worker *self, const wf_worker *victim)
{
    const wf_pu *pu = self->pool->machine->pu;
    bool seats = self->pu < 0 || victim->pu < 0;
    wf_count(
        &self->counters.steals[seats ? WEFT_STEAL_GUEST : (int)wf_distance(&pu[self->pu], &pu[victim->pu])]);
}

void wf_wake_waiter(wf_worker *self, wf_worker *waiter)
{
    wf_count(&self->counters.wakes);
    wf_wake(&waiter->parker);
}

void wf_steal_run(wf_worker *self, wf_worker *victim, weft_slot_ *slot)
{
    wf_frame outer;
    wf_running part;
    uint32_t epoch = wf_stack_enter(&self->stack);
    wf_frame_begin(self, (wf_origin){.what = WF_CHILD, .slot = slot, .owner = victim}, &outer);
    wf_part_begin(self, &part, wf_running_at(victim, slot));
    count_steal(self, victim);
    wf_taken by = {.thief = self->index};
    by.top = wf_stack_depth(&self->stack);
    by.epoch = wf_stack_epoch(&self->stack);
    if (wf_slot_taken(slot, by))
        wf_stack_offer(&self->stack);
    slot->run(slot);
    wf_part_end(self, &part);
    wf_frame_end(self, &outer);
    wf_stack_leave(&self->stack, epoch);
    if (wf_slot_done(slot))
        wf_wake_waiter(self, victim);
}

bool wf_wake_origin(wf_worker *self)
{
    const wf_origin *origin = &self->origin;
    bool sleeps = (origin->what == WF_CHILD && wf_slot_is_parked(origin->slot)) ||
                  (origin->what == WF_PIECE && wf_latch_is_parked(&origin->loop->latch));
    if (sleeps)
        wf_wake_waiter(self, origin->owner);
    return sleeps;
}

bool wf_ask(wf_worker *self, wf_worker *victim)
{
    uint64_t mark;
    bool silent = wf_stack_silent(&victim->stack, &mark); /* since somebody asked before */
    mark += wf_load_relaxed(&victim->entries); /* hint: another guest in the seat is another matter */
    wf_stack_ask(&victim->stack);
    uint64_t since = wf_eye(&victim->sight, silent ? mark : ~mark);
    if (!silent || !self->pool->force || since <= self->pool->force_ticks ||
        !wf_stack_force(&victim->stack, wf_barrier_everywhere))
        return false;
    wf_count(&self->counters.forced);
    return true;
}
