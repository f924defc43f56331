/* SPDX-License-Identifier: MIT */
/* sched/presence.c - see presence.h. */
#include "sched/presence.h"

#include "os/thread.h"
#include "sched/note.h"
#include "sched/places.h"
#include "sched/sleep.h"

void wf_block_begin(wf_worker *self, enum wf_wait why, const void *what)
{
    weft_pool *pool = self->pool;
    wf_count(&self->counters.blocks);
    wf_note_wait(self, why, what);
    if (self->vacated++)
        return;
    uint32_t before =
        wf_exchange_seq_cst(&self->mode, (uint32_t)WF_WAITING); /* pair SL4 -> active_guests() */
    if (self->victims && !wf_left_by(self, before))
        (void)wf_add_seq_cst(&pool->idle, WF_BLOCKED); /* pair SL2 */
    wf_notify_sleepers(self, wf_census_read(pool), WF_PLENTY);
}

void wf_block_end(wf_worker *self)
{
    wf_note_wait(self, --self->vacated ? WF_FOR_SECTION : WF_FOR_NOTHING, NULL);
    if (self->vacated)
        return;
    wf_store_seq_cst(&self->mode, (uint32_t)WF_ACTIVE); /* pair SL4 */
    if (self->victims)
        (void)wf_sub_seq_cst(&self->pool->idle, WF_BLOCKED); /* pair SL2 */
    wf_rouse_follower(self->pool);                           /* while this one waited nobody was active */
    wf_offer_unasked(self, wf_census_read(self->pool));
}

WF_TOGETHER void wf_guest_begin(wf_worker *self)
{
    self->vacated = self->sections = 0;                  /* the guest before may have left a section open */
    wf_store_relaxed(&self->entries, self->entries + 1); /* statistic, for wf_activity() */
    wf_store_relaxed(&self->cpu, wf_thread_cpu());       /* hint */
    wf_store_relaxed(&self->tid, wf_thread_number(self->pool->generation)); /* hint */
    wf_store_relaxed(&self->origin.since,
                     (uint64_t)0); /* hint: the clock would cost as much as all else here */
    if (!wf_several(self->pool))
        wf_rouse_follower(self->pool);
    wf_offer_unasked(self, wf_census_read(self->pool));
}

/* Another guest or spare is inside, active or waiting: one that waits may show what nobody took for want of a place. */
static bool others_inside(const wf_worker *self)
{
    const weft_pool *pool = self->pool;
    unsigned used = wf_load_seq_cst(&pool->seats_used); /* pair SL6 -> count_seat(): as active_from() */
    for (unsigned i = pool->workers; i < pool->workers + used; i++)
        if (i != self->index && wf_load_seq_cst(&wf_worker_at(pool, i)->mode) != WF_IDLE) /* pair SL4 */
            return true;
    return false;
}

/* Nobody watches: whom this guest kept from a place may have one now. */
__attribute__((noinline)) static void leave_place_unwatched(wf_worker *self, uint64_t idle)
{
    weft_pool *pool = self->pool;
    bool others = wf_census_of(idle, WF_SLEEPING) < wf_load_relaxed(&pool->started); /* hint */
    if ((others || others_inside(self)) && wf_place_free(pool, idle))
        wf_wake_one(pool, self);
}

WF_TOGETHER void wf_guest_end(wf_worker *self)
{
    /* pair SL4 -> active_guests(): who found no place for a worker because of this guest is seen below */
    wf_store_seq_cst(&self->mode, (uint32_t)WF_WAITING);
    uint64_t idle = wf_census_read(self->pool);
    if (wf_census_unwatched(idle))
        leave_place_unwatched(self, idle);
    /* Last: from here on the pool may be destroyed. pair SL4 -> take(): the next guest in the seat sees what
     * this one left there */
    wf_store_release(&self->mode, (uint32_t)WF_IDLE);
}

void wf_places_grew(weft_pool *pool)
{
    uint64_t idle = wf_census_read(pool);
    if (wf_census_unwatched(idle) && wf_any_active(pool) && wf_place_free(pool, idle))
        wf_wake_one(pool, NULL);
}

void wf_count_out(wf_worker *self)
{
    weft_pool *pool = self->pool;
    self->absent = true;
    (void)wf_sub_seq_cst(&pool->idle, WF_SEARCHING); /* pair SL2 -> wf_notify() */
    (void)wf_sub_seq_cst(&pool->started, 1u);        /* pair SL10 -> empty_places() */
    if (wf_load_seq_cst(&pool->closing))             /* pair SL8 -> wf_sleep_closing(): one sees the other */
        wf_wake(&pool->closer);
}

void wf_count_in(wf_worker *self)
{
    self->absent = false;
    (void)wf_add_seq_cst(&self->pool->started, 1u);        /* pair SL10 -> empty_places() */
    (void)wf_add_seq_cst(&self->pool->idle, WF_SEARCHING); /* pair SL2 -> wf_notify() */
}
