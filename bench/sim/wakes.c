/* SPDX-License-Identifier: MIT */
/* bench/sim/wakes.c - see wakes.h. */
#include "wakes.h"

#include "base/tunables.h"
#include "idle.h"
#include "layout.h"
#include "must.h"
#include "sched/census.h"

/* wf_offer_unasked, with force. */
static void offer_unasked(sim_place *self)
{
    if (wf_census_unwatched(self->pool->idle))
        wf_stack_offer(&self->stack);
}

static void call(sim_place *self, sim_place *other, sim_step *step)
{
    self->spent += self->pool->costs->wake;
    self->pool->count.wakes++;
    sim_time spent = other->spent;
    other->spent = self->spent;
    sim_later(other, self->pool->costs->answer, step);
    other->spent = spent;
}

static bool wake(sim_place *self, sim_place *other)
{
    self->spent += self->pool->costs->glance;
    if (!other->asleep)
        return false;
    other->asleep = false;
    self->pool->idle += WF_SEARCHING - WF_SLEEPING;
    call(self, other, sim_idle_woken);
    return true;
}

/* wf_wake_one: a sleeper, near ones first. */
static void wake_one(sim_place *self)
{
    for (unsigned i = 0; i < self->pool->places - 1; i++)
        if (wake(self, sim_place_at(self->pool, self->victims[i])))
            return;
}

void sim_wake_on_node(sim_place *self, unsigned place)
{
    sim_pool *pool = self->pool;
    for (unsigned i = 0; i < pool->places - 1; i++)
        if (sim_layout_same_node(pool, self->victims[i], place) &&
            wake(self, sim_place_at(pool, self->victims[i])))
            return;
}

static bool wake_sentinel(sim_place *self)
{
    sim_pool *pool = self->pool;
    sim_place *sentinel = sim_place_at(pool, wf_census_of(pool->idle, WF_INDEX));
    if (wf_census_nap(pool->idle) != WF_NAP_LONG)
        return false;
    pool->idle -= WF_SENTINEL;
    call(self, sentinel, sim_idle_nap_over);
    return true;
}

/* worth_a_wake of sched/sleep.c. */
static bool worth_a_wake(const sim_place *self, enum sim_amount amount)
{
    const sim_pool *pool = self->pool;
    if (wf_census_nap(pool->idle) != WF_NAP_LONG || amount == SIM_CRUMB)
        return false;
    return amount == SIM_PLENTY || sim_now(self) - pool->nap_since > WF_ASKED_NS * SIM_NS;
}

static bool wants_one(const sim_pool *pool, enum sim_amount amount)
{
    bool ahead = amount != SIM_CRUMB && !pool->costs->single;
    return wf_census_unwatched(pool->idle) || (ahead && wf_census_few_watch(pool->idle, pool->places));
}

/* wf_notify_sleepers. A place is free as long as somebody is idle: there are as many workers as places. */
static void notify_sleepers(sim_place *self, enum sim_amount amount)
{
    if (!(worth_a_wake(self, amount) && wake_sentinel(self)) && wants_one(self->pool, amount))
        wake_one(self);
}

/* wf_notify, but for spares: a place whose worker sleeps at a join stays empty here. */
void sim_notify(sim_place *self, enum sim_amount amount)
{
    if (!wf_census_nobody_idle(self->pool->idle))
        notify_sleepers(self, amount);
}

void sim_wake_waiter(sim_place *self, sim_place *waiter)
{
    if (waiter->doing == SIM_BLOCKED)
        call(self, waiter, sim_go);
}

void sim_block_begin(sim_place *self)
{
    self->pool->count.blocks++;
    sim_turns(self, SIM_WAITING);
    self->pool->idle += WF_BLOCKED;
    notify_sleepers(self, SIM_PLENTY);
}

void sim_block_end(sim_place *self)
{
    sim_turns(self, SIM_ACTIVE);
    self->pool->idle -= WF_BLOCKED;
    offer_unasked(self);
}

void sim_search_begin(sim_place *self)
{
    sim_turns(self, SIM_IDLE);
    self->pool->idle += WF_SEARCHING;
}

bool sim_search_end(sim_place *self)
{
    self->entries++;
    sim_turns(self, SIM_ACTIVE);
    self->pool->idle -= WF_SEARCHING;
    offer_unasked(self);
    return wf_census_unwatched(self->pool->idle);
}

bool sim_nap_begin(sim_place *self, bool lengthy)
{
    sim_pool *pool = self->pool;
    pool->nap_since = sim_now(self);
    if (wf_census_nap(pool->idle) != WF_NAP_NONE)
        return false;
    pool->idle +=
        (lengthy ? WF_NAP_LONG : WF_NAP_SHORT) * WF_SENTINEL + self->index * WF_INDEX - WF_SEARCHING;
    return true;
}

void sim_nap_end(sim_place *self)
{
    self->pool->idle = (self->pool->idle & (WF_SENTINEL - 1)) + WF_SEARCHING;
}

bool sim_others_active(const sim_place *self)
{
    return wf_census_idle(self->pool->idle) + 1 < self->pool->places;
}

/* wf_activity. */
bool sim_activity(sim_place *self)
{
    uint64_t entries = 0;
    bool active = false;
    for (unsigned i = 0; i < self->pool->places; i++) {
        const sim_place *other = sim_place_at(self->pool, i);
        active |= other != self && other->mode != SIM_IDLE;
        entries += other->entries;
    }
    active |= entries != self->entries_seen;
    self->entries_seen = entries;
    return active;
}

bool sim_range_visible(const sim_place *victim)
{
    for (unsigned depth = 0; depth < SIM_DEPTH; depth++) {
        wf_span seen = wf_range_peek(&victim->loops[depth].range);
        if (!seen.root || wf_span_units(seen))
            return seen.root;
    }
    return false;
}

bool sim_loop_visible(const sim_place *victim)
{
    return sim_range_visible(victim) || (!victim->index && sim_layout_units(victim->pool));
}

/* wf_visible. */
bool sim_visible(const sim_place *self)
{
    for (unsigned i = 0; i < self->pool->places; i++) {
        const sim_place *other = sim_place_at(self->pool, i);
        if (other != self && (wf_stack_public(&other->stack) || sim_loop_visible(other)))
            return true;
    }
    return false;
}

/* wf_wake_origin: the innermost thing that its own code did not call. */
bool sim_wake_origin(sim_place *self)
{
    unsigned at = self->depth - 1;
    while (self->frames[at].kind == SIM_NODE)
        at--;
    const sim_frame *origin = &self->frames[at];
    bool sleeps = origin->kind == SIM_STOLEN ? origin->stolen.slot && wf_slot_is_parked(origin->stolen.slot)
                                             : !origin->piece.root && self->pool->latch_parked;
    if (sleeps)
        sim_wake_waiter(self,
                        origin->kind == SIM_STOLEN ? origin->stolen.owner : sim_place_at(self->pool, 0));
    return sleeps;
}
