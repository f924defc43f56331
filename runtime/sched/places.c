/* SPDX-License-Identifier: MIT */
/* sched/places.c - see places.h. */
#include "sched/places.h"

#include "os/thread.h"
#include "sched/spare.h"

unsigned wf_node_near(const weft_pool *pool)
{
    int cpu = pool->nodes > 1 ? wf_thread_cpu() : -1;
    return cpu >= 0 && cpu < pool->cpus_known ? pool->node_of_cpu[cpu] : 0;
}

/* In the seats from this one on. */
static unsigned active_from(const weft_pool *pool, unsigned first)
{
    /* pair SL6 -> count_seat(): a guest in a new seat is seen here, or sees what the caller did to pool->idle before */
    unsigned active = 0, used = wf_load_seq_cst(&pool->seats_used);
    for (unsigned i = first; i < used; i++)
        /* pair SL4 -> wf_guest_end(): a guest that leaves after this look sees that somebody sleeps */
        active += wf_load_seq_cst(&wf_worker_at(pool, pool->workers + i)->mode) == WF_ACTIVE;
    return active;
}

static unsigned active_guests(const weft_pool *pool)
{
    return active_from(pool, 0);
}

/* Places that no active worker has: after a change of their number there may be more workers than places, or fewer. */
static unsigned empty_places(const weft_pool *pool, uint64_t idle)
{
    unsigned started = wf_load_seq_cst(&pool->started); /* pair SL10 -> wf_count_out() */
    unsigned open = wf_load_seq_cst(&pool->open);       /* pair SL10 -> wf_open() */
    unsigned empty = open + wf_census_idle(idle) - started;
    return (int)empty > 0 ? empty : 0;
}

bool wf_place_free(const weft_pool *pool, uint64_t idle)
{
    return active_guests(pool) < empty_places(pool, idle);
}

/* For a task the guests do not count: one may wait for it in a way that nobody sees. */
static unsigned first_counted(const weft_pool *pool, enum wf_takes takes)
{
    return takes == WF_TAKES_TASKS ? pool->guests : 0;
}

static unsigned vacated(const weft_pool *pool, uint64_t idle)
{
    return wf_census_of(idle, WF_BLOCKED) ? empty_places(pool, idle) + wf_load_relaxed(&pool->spares.extra)
                                          : 0; /* hint */
}

bool wf_place_vacant(const weft_pool *pool, uint64_t idle, enum wf_takes takes)
{
    return wf_census_nobody_idle(idle) && wf_census_of(idle, WF_BLOCKED) &&
           wf_spares_coming(pool) + active_from(pool, first_counted(pool, takes)) < vacated(pool, idle);
}

bool wf_place_for_spare(const weft_pool *pool)
{
    return wf_spares_coming(pool) + active_from(pool, pool->guests) < vacated(pool, wf_census_read(pool));
}

unsigned wf_places_vacant(const weft_pool *pool, enum wf_takes takes)
{
    uint64_t idle = wf_census_read(pool);
    unsigned taken = wf_spares_coming(pool) + active_from(pool, first_counted(pool, takes));
    unsigned left = wf_census_of(idle, WF_BLOCKED) ? empty_places(pool, idle) : 0;
    return wf_census_nobody_idle(idle) && taken < left ? left - taken : 0;
}

bool wf_spare_has_place(const weft_pool *pool, enum wf_takes takes)
{
    return active_from(pool, first_counted(pool, takes)) <= vacated(pool, wf_census_read(pool));
}

bool wf_is_full(const weft_pool *pool)
{
    uint64_t idle = wf_census_read(pool);
    return wf_census_nobody_idle(idle) || !wf_place_free(pool, idle);
}

bool wf_any_place_left(const weft_pool *pool)
{
    return wf_census_idle(wf_census_read(pool));
}

bool wf_nobody_idle(const weft_pool *pool)
{
    return wf_census_nobody_idle(wf_census_read(pool));
}

bool wf_others_active(const wf_worker *self)
{
    const weft_pool *pool = self->pool;
    return wf_census_idle(wf_census_read(pool)) + 1 < wf_load_relaxed(&pool->started) || /* statistic */
           active_guests(pool);
}

bool wf_any_active(const weft_pool *pool)
{
    return wf_census_idle(wf_census_read(pool)) < wf_load_relaxed(&pool->started) ||
           active_guests(pool); /* statistic */
}

static unsigned in_mode(const weft_pool *pool, uint32_t mode)
{
    unsigned reach = wf_reach(pool), all = reach + wf_load_seq_cst(&pool->seats_used),
             count = 0; /* pair SL6 */
    for (unsigned i = 0; i < all; i++)
        /* pair SL4 -> wf_guest_begin() */
        count +=
            wf_load_seq_cst(&wf_worker_at(pool, i < reach ? i : pool->workers + i - reach)->mode) == mode;
    return count;
}

bool wf_any_running(const weft_pool *pool)
{
    return in_mode(pool, WF_ACTIVE);
}

bool wf_any_still(const weft_pool *pool)
{
    return in_mode(pool, WF_STILL);
}

bool wf_activity(wf_worker *self)
{
    const weft_pool *pool = self->pool;
    unsigned used = wf_load_seq_cst(&pool->seats_used); /* pair SL6 -> count_seat(): as wf_visible() */
    uint64_t entries = 0;
    bool active = false;
    unsigned reach = wf_reach(pool);
    for (unsigned i = 0; i < reach + used; i++) {
        const wf_worker *other = wf_worker_at(pool, i < reach ? i : pool->workers + i - reach);
        /* pair SL4 -> wf_guest_begin(): either this sees the guest or it sees that nobody watches */
        active |= other != self && wf_load_seq_cst(&other->mode) != WF_IDLE;
        entries += wf_load_relaxed(&other->entries); /* statistic */
    }
    active |= entries != self->entries_seen;
    self->entries_seen = entries;
    return active;
}

uint64_t wf_left_by(const wf_worker *self, uint32_t mode)
{
    return self->victims && (mode == WF_WAITING || mode == WF_STILL) ? WF_BLOCKED : 0;
}

/* Counted before it can be seen, and for as long: who takes the place back takes the count back. */
bool wf_place_is_left(wf_worker *worker)
{
    uint32_t active = WF_ACTIVE;
    uint64_t one = wf_left_by(worker, WF_STILL);
    (void)wf_add_seq_cst(&worker->pool->idle, one); /* pair SL2 */
    /* pair MO2 -> wf_search_begin(); pair SL4 -> active_guests() */
    if (wf_cas_seq_cst(&worker->mode, &active, (uint32_t)WF_STILL))
        return true;
    (void)wf_sub_seq_cst(&worker->pool->idle, one); /* pair SL2 */
    return false;
}

void wf_place_is_held(wf_worker *worker)
{
    uint32_t still = WF_STILL;
    if (wf_cas_seq_cst(&worker->mode, &still, (uint32_t)WF_ACTIVE))              /* pair MO2, SL4 */
        (void)wf_sub_seq_cst(&worker->pool->idle, wf_left_by(worker, WF_STILL)); /* pair SL2 */
}
