/* SPDX-License-Identifier: MIT */
/* sched/idle.c - see idle.h. */
#include "sched/idle.h"

#include "os/clock.h"
#include "sched/find.h"
#include "sched/note.h"
#include "sched/sleep.h"
#include "sched/tasks.h"

/* Where workers share PUs a crumb lasts long when its thief is preempted: there only what it ran counts. */
static uint64_t ticks_worked(const weft_pool *pool)
{
    return pool->crowded ? wf_ticks_of(wf_thread_ns()) : wf_ticks();
}

/* Nobody watches any more. Somebody has to as long as anybody but this worker is active: who is in a long call does not
 * answer requests, and whether it has private children cannot be known. */
static bool wants_watcher(const wf_worker *self)
{
    return wf_others_active(self) || wf_visible(self);
}

/* What was found is taken, and run next: W1, W2 of sleep.md. A task goes first: for it alone somebody is woken where no
 * place is free. */
static void leave(wf_worker *self, const wf_work *work)
{
    bool unwatched = wf_search_end(self);
    if ((work->more && work->task) || (unwatched && wf_tasks_visible(self->pool)))
        wf_notify_task(self->pool, self);
    else if (work->more)
        wf_notify(self, WF_PLENTY);
    else if (unwatched && wants_watcher(self))
        wf_notify(self, WF_CRUMB);
}

/* From searching to active and back; how many ticks it lasted. */
static uint64_t run(wf_worker *self, const wf_work *work, bool *useful)
{
    leave(self, work);
    uint64_t before = ticks_worked(self->pool);
    *useful = wf_work_run(self, work);
    uint64_t lasted = ticks_worked(self->pool) - before;
    wf_search_begin(self);
    return lasted;
}

/* Looks round for `patience` ticks, and after each thing that paid for some times as long as that lasted. A crumb of a
 * stolen child does not pay: its owner is there to run it. A submitted task, however short, has nobody else, unless its
 * waiter wanted to take it over. How long the longest one lasted. */
static uint64_t search(wf_worker *self, uint64_t patience)
{
    const weft_pool *pool = self->pool;
    uint64_t since = wf_ticks(), longest = 0;
    do {
        wf_work work;
        if (!wf_find(self, pool->workers > 1 && wf_place_free(pool), &work)) {
            wf_pause();
            continue;
        }
        bool useful;
        uint64_t lasted = run(self, &work, &useful);
        if (lasted > longest)
            longest = lasted;
        if (lasted >= pool->paid_ticks || useful) {
            since = wf_ticks();
            patience = lasted * 4 < pool->spin_ticks && !useful ? lasted * 4 : pool->spin_ticks;
        }
    } while (wf_ticks() - since < patience && !wf_stopped(pool) && !wf_closing(pool));
    return longest;
}

/* Sleeps, unless there is something to do after all. A worker that gave way woke a better-placed one and should
 * sleep. It stays only if nobody watches any more: the woken one may already run what it found, and have published
 * to a pool in which this one still counted as awake. */
static void sleep_for_good(wf_worker *self, bool leaves)
{
    wf_sleep_begin(self);
    bool unwatched = wf_unwatched(self->pool);
    bool work = wf_tasks_visible(self->pool) ||
                (self->pool->workers > 1 && wf_place_free(self->pool) && wf_visible(self));
    bool to_watch = self->pool->workers > 1 && unwatched && wf_activity(self);
    if (!(work && (unwatched || !leaves)) && !to_watch) {
        wf_count(&self->counters.parks);
        wf_sleep(self);
    }
    wf_sleep_end(self);
}

/* One nap as the sentinel; false: there is another. No last look before it: a nap ends by itself. */
static bool nap(wf_worker *self)
{
    weft_pool *pool = self->pool;
    int64_t ns = wf_load_relaxed(&pool->nap_ns); /* hint: there is one sentinel at a time */
    if (!wf_nap_begin(self, ns >= WF_NAP_LONG_NS))
        return false;
    wf_count(&self->counters.naps);
    wf_park(&self->parker, ns);
    wf_nap_end(self);
    if (wf_load_relaxed(&pool->nap_ns) == ns) /* hint: or somebody wants short ones */
        wf_store_relaxed(&pool->nap_ns, ns * 2 < WF_NAP_MAX_NS ? ns * 2 : (int64_t)WF_NAP_MAX_NS); /* hint */
    return true;
}

static void naps_are_short(weft_pool *pool)
{
    wf_store_relaxed(&pool->nap_ns, (int64_t)WF_NAP_MIN_NS); /* hint */
}

/* Nothing that paid was found, or another one does it. How long to search next. */
static uint64_t rest(wf_worker *self, bool leaves)
{
    weft_pool *pool = self->pool;
    int64_t now = wf_now_ns();
    bool active = wf_activity(self) || !self->quiet_since;
    if (active)
        self->quiet_since = now;
    /* Not after another nap: it would end later than the grace period does. */
    int64_t nap_ns = wf_load_relaxed(&pool->nap_ns); /* hint */
    bool quiet = !active && now + nap_ns - self->quiet_since >= WF_GRACE_NS;
    if (wf_closing(pool))
        quiet = !wf_any_active(pool);
    if (!leaves && !quiet && pool->workers > 1 && nap(self))
        return pool->answer_ticks;
    if (quiet)
        naps_are_short(pool);
    sleep_for_good(self, leaves);
    self->quiet_since = 0;
    return pool->spin_ticks;
}

void wf_idle_run(wf_worker *self)
{
    uint64_t patience = self->pool->spin_ticks;
    while (!wf_stopped(self->pool)) {
        bool leaves = wf_give_way(self);
        if (!leaves && search(self, patience) >= self->pool->block_ticks)
            naps_are_short(self->pool);
        patience = rest(self, leaves);
    }
}
