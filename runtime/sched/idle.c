/* SPDX-License-Identifier: MIT */
/* sched/idle.c - see idle.h. */
#include "sched/idle.h"

#include "os/clock.h"
#include "sched/find.h"
#include "sched/sleep.h"

static bool stopped(const wf_worker *self)
{
    return wf_load_acquire(&self->pool->stop); /* pair SL5 -> wf_sleep_stop() */
}

/* From searching to active and back; did it pay? */
static bool run(wf_worker *self, const wf_work *work)
{
    wf_search_end(self, work->victim, work->more);
    uint64_t before = wf_ticks();
    wf_work_run(self, work);
    bool paid = wf_ticks() - before >= self->pool->paid_ticks;
    wf_search_begin(self);
    return paid;
}

/* Looks round for `patience` ticks, counted anew after each thing that paid; did any? */
static bool search(wf_worker *self, uint64_t patience)
{
    uint64_t since = wf_ticks();
    bool paid = false;
    do {
        wf_work work;
        if (!wf_place_free(self->pool) || !wf_find(self, &work)) {
            wf_pause();
        } else if (run(self, &work)) {
            since = wf_ticks();
            patience = self->pool->spin_ticks;
            paid = true;
        }
    } while (wf_ticks() - since < patience && !stopped(self));
    return paid;
}

/* Sleeps, unless there is something to do after all. Who leaves it to another that it woke stays all the same
 * if that one is not there to watch any more: it may have found work, and published, while this one still
 * counted as searching. */
static void sleep_for_good(wf_worker *self, bool leaves)
{
    wf_sleep_begin(self);
    bool unwatched = wf_unwatched(self->pool);
    bool work = wf_place_free(self->pool) && wf_visible(self);
    bool to_watch = self->pool->workers > 1 && unwatched && wf_activity(self);
    if (!(work && (unwatched || !leaves)) && !to_watch)
        wf_sleep(self);
    wf_sleep_end(self);
}

/* One nap as the sentinel; false: there is another. No last look before it: a nap ends by itself. */
static bool nap(wf_worker *self)
{
    if (!wf_nap_begin(self, self->nap_ns >= WF_NAP_LONG_NS))
        return false;
    wf_park(&self->parker, self->nap_ns);
    wf_nap_end(self);
    self->nap_ns = self->nap_ns * 2 < WF_NAP_MAX_NS ? self->nap_ns * 2 : WF_NAP_MAX_NS;
    return true;
}

/* Nothing that paid was found, or another one does it. How long to search next. */
static uint64_t rest(wf_worker *self, bool leaves)
{
    const weft_pool *pool = self->pool;
    int64_t now = wf_now_ns();
    if (wf_activity(self) || !self->quiet_since)
        self->quiet_since = now;
    /* The only worker: a guest that is active has its place. */
    if (!leaves && pool->workers > 1 && now - self->quiet_since < WF_GRACE_NS && nap(self))
        return pool->answer_ticks;
    sleep_for_good(self, leaves);
    self->quiet_since = 0;
    self->nap_ns = WF_NAP_MIN_NS;
    return pool->spin_ticks;
}

void wf_idle_run(wf_worker *self)
{
    uint64_t patience = self->pool->spin_ticks;
    self->nap_ns = WF_NAP_MIN_NS;
    while (!stopped(self)) {
        bool leaves = wf_give_way(self);
        if (!leaves && search(self, patience))
            self->nap_ns = WF_NAP_MIN_NS;
        patience = rest(self, leaves);
    }
}
