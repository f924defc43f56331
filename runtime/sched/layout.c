/* SPDX-License-Identifier: MIT */
/* sched/layout.c - see layout.h. */
#include "sched/layout.h"

#include <errno.h>

#include "os/clock.h"
#include "os/memory.h"
#include "sched/note.h"
#include "sched/places.h"
#include "sched/sleep.h"

_Static_assert(WEFT_WORKERS_MAX < 1 << 16, "a run of places in one word");

/* ---- where the places are ------------------------------------------------------------------------ */

static size_t bytes(const weft_pool *pool)
{
    return (size_t)(pool->workers + pool->seats) * WF_STRETCHES_MAX * sizeof(wf_stretch);
}

int wf_layout_init(weft_pool *pool)
{
    if (pool->nodes < 2)
        return 0;
    pool->stretches = wf_map_pages(bytes(pool));
    if (!pool->stretches)
        return -ENOMEM;
    for (unsigned i = 0; i < pool->workers + pool->seats; i++)
        wf_worker_at(pool, i)->stretches = pool->stretches + (size_t)i * WF_STRETCHES_MAX;
    return 0;
}

void wf_layout_fini(weft_pool *pool)
{
    if (pool->stretches)
        wf_unreserve(pool->stretches, bytes(pool));
}

static bool sits(const wf_worker *worker)
{
    return worker->made && wf_load_relaxed(&worker->duty) == WF_SITS; /* under lock */
}

/* Runs of places on one node: the first place << 16 | how many sit there. How many runs; 0: more than stretches. */
static unsigned find_homes(const weft_pool *pool, uint32_t *home)
{
    unsigned count = 0, node = UINT32_MAX;
    for (unsigned i = 0; i < pool->workers; i++) {
        if (!sits(wf_worker_at(pool, i)))
            continue;
        if (pool->places[i].node != node) {
            if (count == WF_STRETCHES_MAX)
                return 0;
            home[count++] = i << 16;
            node = pool->places[i].node;
        }
        home[count - 1]++;
    }
    return count;
}

/* Who reads it meanwhile divides a loop in a third way. */
void wf_layout_follow(weft_pool *pool)
{
    uint32_t home[WF_STRETCHES_MAX];
    unsigned count = pool->stretches ? find_homes(pool, home) : 0;
    for (unsigned i = 0; i < count; i++)
        wf_store_relaxed(&pool->home[i], home[i]); /* hint */
    wf_store_relaxed(&pool->homes, count);         /* hint */
}

/* ---- laying out ---------------------------------------------------------------------------------- */

bool wf_layout_by_places(const weft_pool *pool, size_t items, wf_plan *plan)
{
    size_t before[WF_STRETCHES_MAX], all = 0;
    plan->count = wf_load_relaxed(&pool->homes); /* hint */
    if (plan->count < 2 || items / 2 < plan->count)
        return false;
    for (unsigned i = 0; i < plan->count; i++) {
        uint32_t home = wf_load_relaxed(&pool->home[i]); /* hint */
        plan->stretch[i].place = home >> 16;
        before[i] = all += home & 0xffff;
    }
    if (!all) /* their number was seen before they were */
        return false;
    for (unsigned i = 0; i < plan->count; i++)
        plan->stretch[i].end = items / all * before[i] + items % all * before[i] / all;
    return true;
}

/* Of a guest: where it was when it came. */
static unsigned node_of(const wf_worker *worker)
{
    const weft_pool *pool = worker->pool;
    if (worker->place)
        return worker->place->node;
    int cpu = wf_load_relaxed(&worker->cpu); /* hint */
    return cpu >= 0 && cpu < pool->cpus_known ? pool->node_of_cpu[cpu] : UINT32_MAX;
}

unsigned wf_layout_distance(const wf_worker *self, uint32_t place)
{
    const weft_pool *pool = self->pool;
    if (place == WF_NO_PLACE)
        return 1;
    if (pool->places[place].node == node_of(self))
        return 0;
    return self->pu < 0 ? 2 : 2 + wf_machine_step(pool->machine, self->pu, wf_worker_at(pool, place)->pu);
}

static uint32_t units_before(const wf_loop *loop, size_t items)
{
    return items ? (uint32_t)((items - 1) / loop->unit + 1) : 0;
}

wf_span wf_layout_lay(wf_worker *self, const wf_plan *plan, uint32_t root)
{
    wf_loop *loop = &self->loops[0];
    /* hint, before the stretches: who sees one of them in the last look before sleep finds it in the next search */
    (void)wf_add_relaxed(&self->pool->laid_out, 1u);
    wf_span span = {.end = 1, .root = root}, own = {.begin = 1, .end = 1, .root = root};
    for (unsigned i = 0; i < plan->count; i++) {
        uint32_t place = plan->stretch[i].place;
        uint32_t end = units_before(loop, plan->stretch[i].end);
        span.begin = span.end;
        span.end = end > span.begin ? end : span.begin;
        bool mine = !wf_span_units(own) && wf_layout_distance(self, place) == 0;
        if (mine)
            own = span;
        wf_store_relaxed(&self->stretches[i].place, place); /* hint */
        wf_range_start(&self->stretches[i].range,
                       (wf_span){mine ? span.end : span.begin, span.end, .root = root});
    }
    wf_store_relaxed(&loop->called, 0u);             /* hint */
    wf_store_relaxed(&loop->laid_since, wf_ticks()); /* hint */
    wf_store_relaxed(&loop->laid, plan->count);      /* ordered by pair RG1: before the loop's own range */
    return own;
}

static bool some_left(const wf_worker *owner)
{
    for (unsigned i = wf_load_relaxed(&owner->loops[0].laid); i; i--) /* owner only */
        if (wf_span_units(wf_range_peek(&owner->stretches[i - 1].range)))
            return true;
    return false;
}

void wf_layout_end_if_empty(wf_worker *self)
{
    if (!self->loops[0].laid || some_left(self))
        return;
    wf_store_relaxed(&self->loops[0].laid, 0u);      /* hint: all are empty */
    (void)wf_sub_relaxed(&self->pool->laid_out, 1u); /* hint, too */
}

/* ---- taking -------------------------------------------------------------------------------------- */

/* Of owner's stretches of which something is left, and that are nearer than that. */
static wf_stretch *nearest(const wf_worker *self, wf_worker *owner, unsigned than)
{
    wf_stretch *found = NULL;
    unsigned laid = wf_load_relaxed(&owner->loops[0].laid); /* hint: who sleeps has looked at all */
    for (unsigned i = 0; i < laid && than; i++) {
        wf_stretch *stretch = &owner->stretches[i];
        unsigned far = wf_layout_distance(self, wf_load_relaxed(&stretch->place)); /* hint */
        if (far < than && wf_span_units(wf_range_peek(&stretch->range))) {
            found = stretch;
            than = far;
        }
    }
    return found;
}

/* What is left there lasts, or the loop has for a while: where a range of it is worth a cut (sched/loop.c), so are all of
 * its stretches, and a thief whose own node has one does not go elsewhere. */
static bool worth_it(const weft_pool *pool, const wf_loop *loop, const wf_stretch *stretch)
{
    uint64_t each = wf_load_relaxed(&loop->unit_ticks); /* hint */
    return each * wf_span_units(wf_range_peek(&stretch->range)) >= pool->short_ticks ||
           wf_ticks() - wf_load_relaxed(&loop->laid_since) > pool->short_ticks; /* hint */
}

wf_range *wf_layout_next(wf_worker *self)
{
    wf_stretch *next = nearest(self, self, UINT32_MAX);
    return next ? &next->range : NULL;
}

static bool take_from(wf_worker *self, wf_worker *owner, bool home, wf_span *taken)
{
    wf_stretch *stretch = nearest(self, owner, home ? 1 : UINT32_MAX);
    if (!stretch || !worth_it(self->pool, &owner->loops[0], stretch))
        return false;
    wf_range *range = &stretch->range;
    if (!(home ? wf_range_take(range, WF_RANGE_UNITS_MAX, taken)
               : wf_range_cut(range, wf_range_peek(range), taken)))
        return false;
    wf_count(&self->counters.cuts);
    wf_layout_call(self, owner);
    return true;
}

bool wf_layout_take(wf_worker *self, bool home, wf_worker **owner, wf_span *taken)
{
    const weft_pool *pool = self->pool;
    unsigned reach = wf_load_relaxed(&pool->reach);            /* hint: who sleeps has looked at all */
    unsigned all = reach + wf_load_relaxed(&pool->seats_used); /* hint, too */
    for (unsigned i = 0; i < all; i++) {
        *owner = wf_worker_at(pool, i < reach ? i : pool->workers + i - reach);
        if (*owner != self && take_from(self, *owner, home, taken))
            return true;
    }
    return false;
}

/* Once, and not for what somebody has taken already. */
void wf_layout_call(wf_worker *self, wf_worker *owner)
{
    weft_pool *pool = self->pool;
    uint32_t laid = wf_load_relaxed(&owner->loops[0].laid); /* hint */
    if (!laid || wf_load_relaxed(&owner->loops[0].called))  /* hint: two may do it */
        return;
    wf_store_relaxed(&owner->loops[0].called, 1u); /* hint */
    for (unsigned i = 0; i < laid; i++) {
        uint32_t place = wf_load_relaxed(&owner->stretches[i].place); /* hint */
        if (place == WF_NO_PLACE || !wf_span_units(wf_range_peek(&owner->stretches[i].range)))
            continue;
        if (!wf_place_free(pool, wf_census_read(pool)))
            return;
        (void)wf_wake_on_node(pool, self, pool->places[place].node);
    }
}
