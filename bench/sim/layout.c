/* SPDX-License-Identifier: MIT */
/* bench/sim/layout.c - see layout.h. */
#include "layout.h"

#include "must.h"
#include "os/memory.h"
#include "sched/layout.h"
#include "sched/victims.h"
#include "wakes.h"

#define SHORT (WF_SHORT_NS * SIM_NS)

static const wf_pu *pu_of(const sim_pool *pool, unsigned place)
{
    return &pool->machine->pu[wf_place_of(pool->machine, place)];
}

bool sim_layout_same_node(const sim_pool *pool, unsigned a, unsigned b)
{
    return pu_of(pool, a)->shares[WF_SAME_NODE] == pu_of(pool, b)->shares[WF_SAME_NODE];
}

/* find_homes: all sit. */
static unsigned find_homes(const sim_pool *pool, uint32_t *home)
{
    unsigned count = 0;
    for (unsigned i = 0; i < pool->places; i++) {
        if (!i || !sim_layout_same_node(pool, i - 1, i)) {
            if (count == WF_STRETCHES_MAX)
                return 0;
            home[count++] = i << 16;
        }
        home[count - 1]++;
    }
    return count;
}

/* The library divides; it asks its pool for nothing but the homes. */
static bool divide(const sim_pool *pool, size_t items, wf_plan *plan)
{
    weft_pool *homes = wf_alloc(sizeof *homes);
    sim_must(homes, "no memory");
    homes->homes = find_homes(pool, homes->home);
    bool laid = wf_layout_by_places(homes, items, plan);
    wf_free(homes);
    return laid;
}

/* distance. */
static unsigned distance(const sim_place *self, unsigned place)
{
    const wf_machine *machine = self->pool->machine;
    if (sim_layout_same_node(self->pool, self->index, place))
        return 0;
    return 2 + wf_machine_step(machine, wf_place_of(machine, self->index), wf_place_of(machine, place));
}

wf_span sim_layout_lay(sim_place *owner, wf_span all)
{
    sim_pool *pool = owner->pool;
    wf_plan plan;
    wf_span span = {.end = 1, .root = all.root}, own = {.begin = 1, .end = 1, .root = all.root};
    if (!divide(pool, all.end, &plan))
        return (wf_span){.begin = 1, .end = all.end, .root = all.root};
    for (unsigned i = 0; i < plan.count; i++) {
        uint32_t place = plan.stretch[i].place, end = (uint32_t)plan.stretch[i].end;
        span.begin = span.end;
        span.end = end > span.begin ? end : span.begin;
        bool mine = !wf_span_units(own) && distance(owner, place) == 0;
        if (mine)
            own = span;
        pool->stretch[i].place = place;
        wf_range_start(&pool->stretch[i].range,
                       (wf_span){mine ? span.end : span.begin, span.end, .root = all.root});
    }
    pool->laid_since = sim_now(owner);
    pool->laid = plan.count;
    return own;
}

/* nearest. */
static sim_stretch *nearest(const sim_place *self, unsigned than)
{
    sim_pool *pool = self->pool;
    sim_stretch *found = NULL;
    for (unsigned i = 0; i < pool->laid && than; i++) {
        unsigned far = distance(self, pool->stretch[i].place);
        if (far < than && wf_span_units(wf_range_peek(&pool->stretch[i].range))) {
            found = &pool->stretch[i];
            than = far;
        }
    }
    return found;
}

/* worth_it. */
static bool worth_it(const sim_place *self, const sim_place *owner, const sim_stretch *stretch)
{
    return wf_span_units(wf_range_peek(&stretch->range)) * owner->loops[0].unit >= SHORT ||
           sim_now(self) - self->pool->laid_since > SHORT;
}

wf_range *sim_layout_next(sim_place *owner)
{
    sim_stretch *next = nearest(owner, UINT32_MAX);
    return next ? &next->range : NULL;
}

void sim_layout_end_if_empty(sim_pool *pool)
{
    if (!sim_layout_units(pool))
        pool->laid = 0;
}

bool sim_layout_take(sim_place *self, bool home, sim_place **victim, wf_span *taken)
{
    sim_pool *pool = self->pool;
    sim_place *owner = *victim = sim_place_at(pool, 0);
    if (owner == self || owner->held > sim_now(self))
        return false;
    sim_stretch *stretch = nearest(self, home ? 1 : UINT32_MAX);
    if (!stretch || !worth_it(self, owner, stretch))
        return false;
    if (!(home ? wf_range_take(&stretch->range, WF_RANGE_UNITS_MAX, taken)
               : wf_range_cut(&stretch->range, wf_range_peek(&stretch->range), taken)))
        return false;
    pool->count.cuts[sim_distance(self, owner)]++;
    sim_layout_call(self);
    return true;
}

void sim_layout_call(sim_place *self)
{
    sim_pool *pool = self->pool;
    if (!pool->laid || pool->called)
        return;
    pool->called = true;
    for (unsigned i = 0; i < pool->laid; i++)
        if (wf_span_units(wf_range_peek(&pool->stretch[i].range)))
            sim_wake_on_node(self, pool->stretch[i].place);
}

uint64_t sim_layout_units(const sim_pool *pool)
{
    uint64_t units = 0;
    for (unsigned i = 0; i < pool->laid; i++)
        units += wf_span_units(wf_range_peek(&pool->stretch[i].range));
    return units;
}
