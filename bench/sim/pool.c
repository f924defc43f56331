/* SPDX-License-Identifier: MIT */
/* bench/sim/pool.c - see pool.h. */
#include "pool.h"

#include <string.h>

#include "child.h"
#include "idle.h"
#include "layout.h"
#include "must.h"
#include "os/memory.h"
#include "piece.h"
#include "sched/census.h"
#include "sched/victims.h"
#include "wakes.h"

void sim_later(sim_place *self, sim_time after, sim_step *step)
{
    self->step = step;
    sim_queue_set(&self->pool->queue, self->index, sim_now(self) + self->spent + after);
    self->spent = 0;
}

void sim_work(sim_place *self, sim_time time, sim_step *step)
{
    sim_must(sim_now(self) >= self->busy, "a place runs two things at a time");
    self->busy = sim_now(self) + self->spent + time;
    self->pool->count.work += time;
    sim_later(self, time, step);
}

void sim_does(sim_place *self, enum sim_doing doing)
{
    self->pool->count.time[self->doing] += sim_now(self) - self->changed;
    self->changed = sim_now(self);
    self->doing = doing;
}

void sim_turns(sim_place *self, enum sim_mode mode)
{
    sim_pool *pool = self->pool;
    pool->active += (unsigned)(mode == SIM_ACTIVE) - (unsigned)(self->mode == SIM_ACTIVE);
    self->mode = mode;
    if (mode == SIM_ACTIVE && self->first < 0) {
        self->first = sim_now(self);
        if (++pool->started == pool->places)
            pool->first_filled = sim_now(self);
    }
    if (pool->active > pool->most_active)
        pool->most_active = pool->active;
    if (pool->active == pool->places && pool->filled < 0)
        pool->filled = sim_now(self);
}

/* wf_eye of sched/eye.c. */
uint64_t sim_eye(sim_place *self, sim_sight *sight, uint64_t seen)
{
    if (sight->seen == seen)
        return (uint64_t)(sim_now(self) - sight->since);
    *sight = (sim_sight){.seen = seen, .since = sim_now(self)};
    return 0;
}

sim_frame *sim_push(sim_place *self, int kind)
{
    if (self->depth == self->room) {
        self->room = self->room ? 2 * self->room : 64;
        self->frames = realloc(self->frames, self->room * sizeof *self->frames);
        sim_must(self->frames, "no memory");
    }
    sim_frame *frame = &self->frames[self->depth++];
    memset(frame, 0, sizeof *frame);
    frame->kind = (unsigned)kind;
    return frame;
}

static bool step_of(sim_place *self)
{
    switch (sim_top(self)->kind) {
    case SIM_NODE:
        return sim_task_step(self);
    case SIM_STOLEN:
        return sim_stolen_step(self);
    default:
        return sim_piece_step(self);
    }
}

/* What took time ends the step, so that what comes next is done at its time; a few forks do not. */
void sim_go(sim_place *self)
{
    while (self->pool->end < 0 && self->depth && self->spent < 100 * SIM_NS)
        if (!step_of(self))
            return;
    if (self->pool->end >= 0)
        return;
    if (self->spent >= 100 * SIM_NS)
        sim_later(self, 0, sim_go);
    else
        sim_idle_after_work(self);
}

static void measure(sim_pool *pool)
{
    pool->distance = sim_alloc((size_t)pool->places * pool->places);
    for (unsigned a = 0; a < pool->places; a++)
        for (unsigned b = 0; b < pool->places; b++)
            pool->distance[(size_t)a * pool->places + b] =
                (uint8_t)wf_distance(&pool->machine->pu[wf_place_of(pool->machine, a)],
                                     &pool->machine->pu[wf_place_of(pool->machine, b)]);
}

static void place_init(sim_pool *pool, unsigned index, bool awake)
{
    sim_place *self = sim_place_at(pool, index);
    self->pool = pool;
    self->index = index;
    self->victims = pool->victims + (size_t)index * (pool->places - 1);
    self->first = -1;
    sim_must(!wf_stack_init(&self->stack), "no memory");
    if (!index)
        return;
    self->asleep = !awake;
    sim_does(self, awake ? SIM_SEARCH : SIM_ASLEEP);
    if (awake)
        sim_idle_begin(self);
}

sim_pool *sim_pool_create(const wf_machine *machine, const sim_costs *costs, bool awake)
{
    unsigned places = (unsigned)machine->pus;
    sim_pool *pool = sim_alloc(sizeof *pool);
    *pool = (sim_pool){.machine = machine, .costs = costs, .places = places};
    pool->end = pool->filled = pool->first_filled = -1;
    pool->nap = WF_NAP_MIN_NS * SIM_NS;
    pool->victims = sim_alloc((size_t)places * places * sizeof *pool->victims);
    sim_must(!wf_victims_fill(pool->victims, machine, places), "no memory");
    measure(pool);
    sim_queue_init(&pool->queue, places);
    pool->place = wf_alloc(places * sizeof *pool->place);
    sim_must(pool->place, "no memory");
    pool->idle = (places - 1) * (awake ? WF_SEARCHING : WF_SLEEPING) + WF_SEARCHING;
    for (unsigned i = 0; i < places; i++)
        place_init(pool, i, awake);
    return pool;
}

void sim_pool_destroy(sim_pool *pool)
{
    for (unsigned i = 0; i < pool->places; i++) {
        wf_stack_fini(&sim_place_at(pool, i)->stack);
        free(sim_place_at(pool, i)->frames);
    }
    sim_queue_fini(&pool->queue);
    wf_free(pool->place);
    free(pool->victims);
    free(pool->distance);
    free(pool->ran);
    free(pool);
}

/* Place 0 has just found the root. */
static sim_place *begin(sim_pool *pool)
{
    sim_place *first = sim_place_at(pool, 0);
    sim_search_end(first);
    sim_does(first, SIM_RUN);
    return first;
}

static void run(sim_pool *pool)
{
    sim_later(sim_place_at(pool, 0), 0, sim_go);
    while (pool->end < 0) {
        int next = sim_queue_take(&pool->queue);
        sim_must(next >= 0, "all sleep, and the work has not ended");
        sim_place *self = sim_place_at(pool, (unsigned)next);
        self->step(self);
    }
    for (unsigned i = 0; i < pool->places; i++)
        sim_does(sim_place_at(pool, i), SIM_ASLEEP);
}

void sim_pool_run_tree(sim_pool *pool, const sim_tree *tree)
{
    pool->tree = tree;
    sim_node root = sim_tree_root(tree);
    sim_place *first = begin(pool);
    sim_push(first, SIM_STOLEN);
    sim_task_push(first, &root);
    run(pool);
    sim_must(pool->result == pool->count.tasks, "the joins have not returned what ran");
    for (unsigned i = 0; i < pool->places; i++)
        sim_must(!wf_stack_private(&sim_place_at(pool, i)->stack) &&
                     !wf_stack_public(&sim_place_at(pool, i)->stack) && !sim_place_at(pool, i)->depth,
                 "children are left over");
}

void sim_pool_run_loop(sim_pool *pool, const sim_loop *loop)
{
    pool->loop = loop;
    pool->latch = loop->items;
    pool->ran = sim_alloc(loop->items);
    pool->span = 0;
    for (uint32_t i = 0; i < loop->items; i++)
        if (loop->until[i + 1] - loop->until[i] > pool->span)
            pool->span = loop->until[i + 1] - loop->until[i];
    sim_piece_root(begin(pool));
    run(pool);
    for (uint32_t i = 0; i < loop->items; i++)
        sim_must(pool->ran[i] == 1, "an item did not run once");
}
