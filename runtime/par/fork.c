/* SPDX-License-Identifier: MIT */
/* par/fork.c - see fork.h. */
#include "par/fork.h"

#include "base/annotate.h"
#include "os/clock.h"
#include "sched/block.h"
#include "sched/note.h"
#include "sched/presence.h"
#include "sched/self.h"
#include "sched/sleep.h"
#include "sched/steal.h"

intptr_t weft_fork_slow_(void (*run)(weft_slot_ *), const void *args, size_t bytes)
{
    wf_worker *self = wf_self();
    if (!self) {
        weft_self_ = wf_outside();
        return WEFT_RAN_ | weft_self_->top;
    }
    bool asked = wf_stack_calm(&self->stack);
    intptr_t slot = wf_stack_push(&self->stack, run, args, bytes);
    wf_count(&self->counters.forks_slow);
    if (wf_stack_publish(&self->stack)) {
        wf_count(&self->counters.publications);
        (void)wf_wake_origin(self);
    }
    wf_notify(self, asked ? WF_ASKED_FOR : WF_CRUMB);
    return slot ? slot : WEFT_RAN_ | self->stack.head.top;
}

/* Steals back one descendant of the child and runs it; false: there is none to be had now. */
static bool leapfrog(wf_worker *self, const weft_slot_ *slot)
{
    wf_taken by;
    if (!wf_slot_taken_by(slot, &by))
        return false;
    wf_worker *thief = wf_worker_at(self->pool, by.thief);
    weft_slot_ *back = wf_stack_steal_above(&thief->stack, by.top, by.epoch);
    if (!back)
        return wf_ask(self, thief);
    wf_count(&self->counters.leapfrogs);
    wf_steal_run(self, thief, back);
    return true;
}

/* The last look before sleep. Asked first: what the thief forks after this look it publishes, and wakes. */
static bool may_leapfrog(const wf_worker *self, const weft_slot_ *slot)
{
    wf_taken by;
    if (!wf_slot_taken_by(slot, &by))
        return false; /* the thief will see that its joiner sleeps, and offer by itself */
    wf_worker *thief = wf_worker_at(self->pool, by.thief);
    wf_stack_ask(&thief->stack);
    return wf_stack_public_above(&thief->stack, by.top, by.epoch);
}

static void sleep_for(wf_worker *self, weft_slot_ *slot)
{
    wf_block_begin(self, WF_FOR_CHILD, slot);
    if (wf_slot_park(slot)) {
        if (!may_leapfrog(self, slot)) {
            wf_hand_over_tasks(self->pool);
            wf_park(&self->parker, WF_FOREVER);
        }
        wf_slot_unpark(slot);
    }
    wf_block_end(self);
}

static void wait_for(wf_worker *self, weft_slot_ *slot)
{
    uint64_t since = wf_ticks();
    while (!wf_slot_is_done(slot))
        if (leapfrog(self, slot))
            since = wf_ticks();
        else if (wf_ticks() - since < wf_load_relaxed(&self->pool->wait_ticks)) /* hint */
            wf_pause_in(self->pool);
        else
            sleep_for(self, slot);
}

weft_slot_ *weft_join_slow_(weft_worker_ *worker, intptr_t at)
{
    wf_worker *self = wf_worker_of(worker);
    weft_slot_ *slot = (weft_slot_ *)at;
    if (wf_stack_take_back(&self->stack, at))
        return NULL;
    wf_stack_above(&self->stack, at);
    wait_for(self, slot);
    wf_tsan_acquire(slot);
    wf_stack_joined(&self->stack, at);
    return slot;
}
