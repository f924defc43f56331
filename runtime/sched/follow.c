/* SPDX-License-Identifier: MIT */
/* sched/follow.c - see follow.h. */
#include "sched/follow.h"

#include "os/clock.h"
#include "sched/binding.h"
#include "sched/duty.h"
#include "sched/note.h"
#include "sched/places.h"
#include "sched/resize.h"

/* ---- patience ------------------------------------------------------------------------------------ */

static void set_spin(weft_pool *pool, int64_t ns)
{
    wf_store_relaxed(&pool->spin_ticks, wf_ticks_of(ns)); /* hint, both */
    wf_store_relaxed(&pool->wait_ticks, wf_ticks_of(ns < WF_WAIT_SPIN_NS ? ns : WF_WAIT_SPIN_NS)); /* hint */
}

/* pus: that it may use. */
static void set_patience(weft_pool *pool, unsigned pus)
{
    bool crowded = pool->size.workers > pus || wf_limits_below(&pool->size.limits, pool->size.workers);
    bool brief = crowded || pool->size.rationed;
    pool->sizing.pus = pus;
    wf_store_relaxed(&pool->crowded, crowded); /* hint */
    if (pool->sizing.spins)
        set_spin(pool, brief ? WF_SPIN_CROWDED_NS : WF_SPIN_NS);
}

void wf_follow_start(weft_pool *pool, bool follows, int64_t spin_ns)
{
    const wf_machine *machine = pool->machine;
    bool given = pool->size.origin == WF_SIZE_MASK || pool->size.origin == WF_SIZE_QUOTA;
    pool->sizing.follows = follows && given && machine->here && pool->size.workers;
    pool->follow_ticks = pool->sizing.follows ? wf_ticks_of(WF_FOLLOW_NS) : UINT64_MAX;
    pool->looked = wf_ticks();
    pool->sizing.spins = spin_ns == 0;
    if (spin_ns)
        set_spin(pool, spin_ns > 0 ? spin_ns : 0);
    set_patience(pool, (unsigned)(machine->here ? machine->pus : machine->mask_pus));
}

void wf_follow_share(weft_pool *pool, bool shares)
{
    pthread_mutex_lock(&pool->sizing.turn);
    pool->sizing.shares += shares ? 1 : -1;
    wf_store_relaxed(&pool->yields, (uint32_t)(pool->sizing.shares > 0)); /* hint */
    pthread_mutex_unlock(&pool->sizing.turn);
}

/* ---- a look -------------------------------------------------------------------------------------- */

/* How many of the places that the machine gives are to be opened now. */
static unsigned believe(weft_pool *pool, unsigned places)
{
    wf_sizing *s = &pool->sizing;
    int64_t now = wf_now_ns();
    if (places <= pool->open) {
        s->more_since = 0;
        return places;
    }
    if (!s->more_since)
        s->more = places;
    s->more_since = s->more_since ? s->more_since : now;
    s->more = places < s->more ? places : s->more;
    if (now - s->more_since < WF_GROW_NS)
        return pool->open;
    s->more_since = 0;
    return s->more;
}

/* The last one that stands, which is the last to get a place again; if none does yet, the last one that will. */
static void appoint(weft_pool *pool)
{
    unsigned i = pool->reach;
    while (i && !(wf_worker_at(pool, i - 1)->made && wf_stands(wf_worker_at(pool, i - 1))))
        i--;
    for (unsigned k = 0; !i && k < pool->reach; k++)
        if (wf_worker_at(pool, k)->made && !wf_worker_at(pool, k)->chosen)
            i = k + 1;
    wf_store_relaxed(&pool->follower, i); /* ordered by pair PK1 */
    if (i)
        wf_wake(&wf_worker_at(pool, i - 1)->parker);
}

/* Threads that were let run elsewhere than planned; moved: and all that have places. */
static void bind_again(weft_pool *pool, bool moved)
{
    if (!wf_binding_settled(pool))
        return;
    for (unsigned i = 0; i < pool->reach; i++) {
        wf_worker *worker = wf_worker_at(pool, i);
        bool in_any_case = moved && worker->chosen;
        if (in_any_case || worker->strays)
            wf_binding_renew(worker, in_any_case);
    }
}

/* moved: other PUs than before; threads are bound again as they get places there. */
static void apply(weft_pool *pool, unsigned places, unsigned pus, bool moved)
{
    bool less = wf_limits_below(&pool->size.limits, pus);
    if (wf_resize_to(pool, places, less ? WF_SIZE_QUOTA : WF_SIZE_MASK))
        return; /* and again at the next look */
    pool->sizing.moved |= moved;
    bind_again(pool, pool->sizing.moved);
    pool->sizing.moved &= places < pus;
    appoint(pool);
    set_patience(pool, pus);
}

static void look(wf_worker *self)
{
    weft_pool *pool = self->pool;
    unsigned pus, quota;
    if (!pool->sizing.follows || pool->sizing.closed) /* since it was due */
        return;
    wf_count(&self->counters.looks);
    if (!wf_binding_settled(pool) || wf_limits_read(&pool->size.limits, pool->sizing.root))
        return;
    bool moved = wf_binding_look(pool, &pus);
    quota = wf_limits_cpus(&pool->size.limits);
    pool->size.rationed = wf_limits_below(&pool->size.limits, (unsigned)pool->machine->pus);
    unsigned places = pus < quota ? pus : quota;
    places = believe(pool, places < pool->workers ? places : pool->workers);
    if (moved || places != pool->open)
        apply(pool, places, pus, moved);
    else
        bind_again(pool, false);
}

void wf_follow(wf_worker *self)
{
    weft_pool *pool = self->pool;
    uint64_t looked = wf_load_relaxed(&pool->looked); /* hint: of several who come by one looks */
    if (!wf_cas_relaxed(&pool->looked, &looked, wf_ticks()) ||
        pthread_mutex_trylock(&pool->sizing.turn)) /* hint */
        return;
    look(self);
    wf_turn_give(pool);
}

/* ---- while it stands ------------------------------------------------------------------------------ */

/* It was appointed, or takes over from one that is still in a long call. */
static bool is_follower(const wf_worker *self)
{
    weft_pool *pool = self->pool;
    uint32_t now = wf_load_relaxed(&pool->follower); /* ordered by pair PK1: appoint() wakes after it */
    if (!now || (now != self->index + 1 && wf_stands(wf_worker_at(pool, now - 1))))
        return false;
    wf_store_relaxed(&pool->follower, self->index + 1); /* hint: any that stands will do */
    return true;
}

int64_t wf_follow_stand(wf_worker *self)
{
    weft_pool *pool = self->pool;
    if (!is_follower(self))
        return WF_FOREVER;
    wf_store_seq_cst(&pool->dozing,
                     self->index + 1); /* pair SL12 -> wf_rouse_follower(): one sees the other */
    if (!wf_any_active(pool))
        return WF_FOREVER;
    wf_store_relaxed(&pool->dozing, 0u); /* hint: woken once too often */
    if (wf_follow_due(pool, wf_ticks()))
        wf_follow(self);
    return WF_FOLLOW_NS;
}
