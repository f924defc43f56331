/* SPDX-License-Identifier: MIT */
/* bench/sim/idle.c - see idle.h. */
#include "idle.h"

#include "base/tunables.h"
#include "child.h"
#include "layout.h"
#include "piece.h"
#include "sched/census.h"
#include "wakes.h"

#define PAUSE (40 * SIM_NS)
/* So much of a look happens in one step. */
#define STRIDE (200 * SIM_NS)
/* Before it sleeps a worker looks at everything once more. */
#define LAST_LOOK (1 * SIM_US)

static sim_step round_begins, round_ends, home_stretch, other_stretch, look, rest, nap_ends;

static bool passes(void)
{
    return true;
}

bool sim_ask(sim_place *self, sim_place *victim)
{
    uint64_t mark;
    bool silent = wf_stack_silent(&victim->stack, &mark);
    wf_stack_ask(&victim->stack);
    uint64_t since = sim_eye(self, &victim->sight, silent ? mark : ~mark);
    if (!silent || since <= (uint64_t)(WF_FORCE_NS * SIM_NS) || !wf_stack_force(&victim->stack, passes))
        return false;
    self->pool->count.forced++;
    self->spent += self->pool->costs->force;
    return true;
}

/* leave of sched/idle.c. */
static void leave(sim_place *self, bool more)
{
    bool unwatched = sim_search_end(self);
    if (more)
        sim_notify(self, SIM_PLENTY);
    else if (unwatched && (sim_others_active(self) || sim_visible(self)))
        sim_notify(self, SIM_CRUMB);
}

/* Runs what it took from victim: a child, or else a piece. victim's line is held until it has it. */
static void run(sim_place *self, sim_place *victim, weft_slot_ *slot, wf_span piece)
{
    bool more = slot ? wf_stack_public(&victim->stack) : sim_loop_visible(victim);
    sim_time way = self->pool->costs->steal[sim_distance(self, victim)];
    victim->held = sim_now(self) + way;
    self->run_since = sim_now(self);
    self->spent += way;
    leave(self, more);
    sim_does(self, SIM_RUN);
    if (slot)
        sim_child_push(self, victim, slot);
    else
        sim_piece_push(self, piece);
    sim_later(self, 0, sim_go);
}

/* take_stretch. */
static bool take_stretch(sim_place *self, bool home)
{
    sim_place *owner;
    wf_span piece;
    if (!sim_layout_take(self, home, &owner, &piece))
        return false;
    run(self, owner, NULL, piece);
    return true;
}

static bool cut_from(sim_place *self, sim_place *victim)
{
    wf_span piece = {0};
    if (victim->held > sim_now(self) || !sim_piece_cut(self, victim, &piece))
        return false;
    sim_layout_call(self);
    run(self, victim, NULL, piece);
    return true;
}

/* take_near of sched/find.c. */
static bool take_near(sim_place *self)
{
    const sim_pool *pool = self->pool;
    self->near_again = true;
    if (pool->laid && take_stretch(self, true))
        return true;
    for (unsigned i = 0; i < pool->places - 1; i++) {
        if (!sim_layout_same_node(pool, self->index, self->victims[i]))
            return false;
        self->spent += pool->costs->glance;
        if (cut_from(self, sim_place_at(self->pool, self->victims[i])))
            return true;
    }
    return false;
}

/* take_from of sched/find.c. */
static bool take_from(sim_place *self, sim_place *victim)
{
    if (victim->held > sim_now(self))
        return false;
    if (!self->near_again && !sim_layout_same_node(self->pool, self->index, victim->index) &&
        sim_range_visible(victim) && take_near(self))
        return true;
    if (cut_from(self, victim))
        return true;
    weft_slot_ *slot = wf_stack_steal(&victim->stack);
    if (slot)
        run(self, victim, slot, (wf_span){0});
    return slot;
}

/* near_ones_work. */
static bool near_ones_work(sim_place *self)
{
    const sim_pool *pool = self->pool;
    for (unsigned i = 0; i < pool->places - 1; i++) {
        if (!sim_layout_same_node(pool, self->index, self->victims[i]))
            return false;
        self->spent += pool->costs->glance;
        if (sim_range_visible(sim_place_at(self->pool, self->victims[i])))
            return true;
    }
    return false;
}

static bool shows(const sim_place *victim)
{
    return wf_stack_public(&victim->stack) || sim_loop_visible(victim);
}

/* One victim, try_victim of sched/find.c. False: the step is over. */
static bool look_at(sim_place *self, sim_place *victim)
{
    const sim_costs *costs = self->pool->costs;
    if (victim->mode == SIM_IDLE) {
        self->spent += costs->glance;
        self->at++;
        return true;
    }
    if (self->spent && shows(victim)) {
        sim_later(self, 0, look);
        return false;
    }
    if (take_from(self, victim) || (sim_ask(self, victim) && take_from(self, victim)))
        return false;
    self->spent += costs->look[sim_distance(self, victim)];
    self->at++;
    return true;
}

/* A loop is laid out: who looks for a stretch of it asks all for theirs. */
static bool look_for_loops(sim_place *self, sim_step *then)
{
    const sim_pool *pool = self->pool;
    if (!pool->laid)
        return false;
    self->spent += pool->places * pool->costs->laid;
    sim_later(self, 0, then);
    return true;
}

/* find_victim, in strides. */
static void look(sim_place *self)
{
    while (self->at < self->pool->places - 1) {
        if (self->spent >= STRIDE) {
            sim_later(self, 0, look);
            return;
        }
        if (!look_at(self, sim_place_at(self->pool, self->victims[self->at])))
            return;
    }
    if (!self->pool->laid || near_ones_work(self) || !look_for_loops(self, other_stretch))
        round_ends(self);
}

static void home_stretch(sim_place *self)
{
    if (!take_stretch(self, true))
        look(self);
}

static void other_stretch(sim_place *self)
{
    if (!take_stretch(self, false))
        round_ends(self);
}

/* find_shared. */
static void round_begins(sim_place *self)
{
    self->at = 0;
    self->near_again = false;
    if (!look_for_loops(self, home_stretch))
        look(self);
}

/* The question whether to go on, of search in sched/idle.c. */
static void round_ends(sim_place *self)
{
    if (sim_now(self) + self->spent - self->search_since < self->patience)
        sim_later(self, PAUSE, round_begins);
    else
        sim_later(self, 0, rest);
}

static void search(sim_place *self, sim_time patience)
{
    sim_does(self, SIM_SEARCH);
    self->patience = patience;
    self->search_since = sim_now(self);
    self->longest = 0;
    sim_later(self, 0, round_begins);
}

void sim_idle_begin(sim_place *self)
{
    search(self, WF_SPIN_NS * SIM_NS);
}

/* The end of run, the rest of search. */
void sim_idle_after_work(sim_place *self)
{
    sim_time lasted = sim_now(self) - self->run_since, spin = WF_SPIN_NS * SIM_NS;
    sim_search_begin(self);
    sim_does(self, SIM_SEARCH);
    if (lasted > self->longest)
        self->longest = lasted;
    if (lasted >= WF_PAID_NS * SIM_NS) {
        self->search_since = sim_now(self);
        self->patience = lasted * 4 < spin ? lasted * 4 : spin;
    }
    if (sim_now(self) - self->search_since < self->patience)
        sim_later(self, 0, round_begins);
    else
        sim_later(self, 0, rest);
}

/* sleep_for_good, and what rest does around it. */
static void sleep_for_good(sim_place *self)
{
    sim_pool *pool = self->pool;
    pool->idle += WF_SLEEPING - WF_SEARCHING;
    bool unwatched = wf_census_unwatched(pool->idle);
    bool stays = unwatched && (sim_visible(self) || sim_activity(self));
    self->quiet_since = 0;
    self->asleep = !stays;
    if (stays) {
        pool->idle += WF_SEARCHING - WF_SLEEPING;
        self->spent += LAST_LOOK;
        search(self, WF_SPIN_NS * SIM_NS);
        return;
    }
    sim_does(self, SIM_ASLEEP);
    pool->count.parks++;
}

void sim_idle_woken(sim_place *self)
{
    search(self, WF_SPIN_NS * SIM_NS);
}

static void rest(sim_place *self)
{
    sim_pool *pool = self->pool;
    if (self->longest >= WF_BLOCK_NS * SIM_NS)
        pool->nap = WF_NAP_MIN_NS * SIM_NS; /* naps_are_short, of wf_idle_run */
    bool active = sim_activity(self) || !self->quiet_since;
    if (active)
        self->quiet_since = sim_now(self);
    bool quiet = !active && sim_now(self) + pool->nap - self->quiet_since >= WF_GRACE_NS * SIM_NS;
    if (!quiet && pool->places > 1 && sim_nap_begin(self, pool->nap >= WF_NAP_LONG_NS * SIM_NS)) {
        sim_does(self, SIM_ASLEEP);
        pool->count.naps++;
        self->patience = pool->nap;
        sim_later(self, pool->nap, nap_ends);
        return;
    }
    if (quiet)
        pool->nap = WF_NAP_MIN_NS * SIM_NS;
    sleep_for_good(self);
}

/* By itself; or, then later by the wake's way, by a publisher. */
static void nap_ends(sim_place *self)
{
    sim_idle_nap_over(self);
}

void sim_idle_nap_over(sim_place *self)
{
    sim_pool *pool = self->pool;
    sim_nap_end(self);
    if (pool->nap == self->patience) {
        sim_time longest = (sim_time)WF_NAP_MAX_NS * SIM_NS;
        pool->nap = 2 * pool->nap < longest ? 2 * pool->nap : longest;
    }
    search(self, WF_ANSWER_NS * SIM_NS);
}
