/* SPDX-License-Identifier: MIT */
/* sched/idle.c - see idle.h. */
#include "sched/idle.h"

#include "os/clock.h"
#include "sched/arm.h"
#include "sched/duty.h"
#include "sched/find.h"
#include "sched/follow.h"
#include "sched/home.h"
#include "sched/note.h"
#include "sched/places.h"
#include "sched/presence.h"
#include "sched/sleep.h"
#include "sched/tasks.h"
#include "sched/visible.h"

/* Where workers share PUs a crumb lasts long when its thief is preempted: there only what it ran counts. */
static uint64_t ticks_worked(const weft_pool *pool)
{
    return wf_load_relaxed(&pool->crowded) ? /* hint */
               wf_ticks_of(wf_thread_ns())
                                           : wf_ticks();
}

/* Nobody watches any more. Somebody has to as long as anybody but this worker is active: who is in a long call does not
 * answer requests, and whether it has private children cannot be known. */
static bool wants_watcher(const wf_worker *self)
{
    return wf_others_active(self) || wf_visible(self->pool, self);
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
    wf_home_pass_on(self);
}

/* From searching to active and back; how many ticks it lasted. */
static uint64_t run(wf_worker *self, const wf_work *work, bool *useful)
{
    leave(self, work);
    if (wf_nobody_idle(self->pool)) /* who is idle looks at the machine, as the follower does */
        wf_rouse_follower(self->pool);
    uint64_t before = ticks_worked(self->pool);
    *useful = wf_work_run(self, work);
    uint64_t lasted = ticks_worked(self->pool) - before;
    wf_search_begin(self);
    return lasted;
}

/* After a task that was shorter than the way to it. Its submitter runs such ones sooner than they can be carried away,
 * unless thieves come for each and make it wait for its own queue. How long after the next one of them. */
static uint64_t hold_back(const weft_pool *pool, uint64_t ticks)
{
    uint64_t since = wf_ticks();
    while (wf_ticks() - since < ticks && !wf_stopped(pool))
        wf_pause_in(pool);
    return ticks < pool->hold_ticks * WF_HOLD_MOST ? ticks * 2 : ticks;
}

/* May a searcher take more than tasks? If not, all places are held by others: somebody has to see whether they stand still. */
static bool has_place(weft_pool *pool)
{
    bool free = wf_place_free(pool, wf_census_read(pool));
    if (!free)
        wf_arm(pool);
    return free;
}

/* Looks round for `patience` ticks, and after each thing that paid for some times as long as that lasted. A crumb of a
 * stolen child does not pay: its owner is there to run it. A submitted task, however short, has nobody else, unless its
 * waiter wanted to take it over. How long the longest one lasted. */
static uint64_t search(wf_worker *self, uint64_t patience)
{
    weft_pool *pool = self->pool;
    uint64_t since = wf_ticks(), now, longest = 0, hold = pool->hold_ticks;
    do {
        wf_work work;
        if (!wf_find(self, has_place(pool), &work)) {
            wf_pause_in(pool);
            continue;
        }
        bool useful;
        uint64_t lasted = run(self, &work, &useful);
        hold = work.stolen && lasted < pool->tiny_ticks ? hold_back(pool, hold) : pool->hold_ticks;
        if (lasted > longest)
            longest = lasted;
        if (lasted >= pool->paid_ticks || useful) {
            uint64_t spin = wf_load_relaxed(&pool->spin_ticks); /* hint */
            since = wf_ticks();
            patience = lasted * 4 < spin && !useful ? lasted * 4 : spin;
        }
    } while ((now = wf_ticks()) - since < patience && !wf_follow_due(pool, now) && !wf_dismissed(self) &&
             !wf_stopped(pool) && !wf_closing(pool));
    return longest;
}

/* Sleeps, unless there is something to do after all. A worker that gave way woke a better-placed one and should
 * sleep. It stays only if nobody watches any more: the woken one may already run what it found, and have published
 * to a pool in which this one still counted as awake. */
static void sleep_for_good(wf_worker *self, bool leaves)
{
    wf_sleep_begin(self);
    bool unwatched = wf_unwatched(self->pool), place = has_place(self->pool);
    bool work = wf_tasks_visible(self->pool) || (place && wf_visible(self->pool, self));
    bool to_watch = place && wf_several(self->pool) && unwatched && wf_activity(self);
    bool own = wf_home_visible(self); /* nobody else's */
    if (!place)                       /* nor does it look at the machine any more */
        wf_rouse_follower(self->pool);
    if (!(work && (unwatched || !leaves)) && !to_watch && !own && !wf_dismissed(self)) {
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

/* All places are held, and have been for a while: who leaves one wakes a sleeper, and the monitor looks after who stands
 * still. There is nothing to watch. */
static bool nothing_to_watch(weft_pool *pool)
{
    return wf_load_relaxed(&pool->nap_ns) >= WF_NAP_LONG_NS && !has_place(pool); /* hint */
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
    if (!leaves && !quiet && wf_several(pool) && !nothing_to_watch(pool) && nap(self))
        return pool->answer_ticks;
    if (quiet)
        naps_are_short(pool);
    sleep_for_good(self, leaves);
    self->quiet_since = 0;
    return wf_load_relaxed(&pool->spin_ticks); /* hint */
}

/* Until it is recalled. */
static void stand(wf_worker *self)
{
    while (wf_stands(self) && !wf_stopped(self->pool))
        wf_park(&self->parker, wf_follow_stand(self));
    wf_count_in(self);
}

/* It has no place any more. As W2: who published until now saw a searcher. */
static void give_up_place(wf_worker *self)
{
    weft_pool *pool = self->pool;
    if (!wf_stand_begin(self))
        return;
    wf_rouse_follower(pool); /* this one was idle, and looked */
    if (wf_unwatched(pool) && wf_tasks_visible(pool))
        wf_notify_task(pool, self);
    else if (wf_unwatched(pool) && (wf_any_active(pool) || wf_visible(pool, self)))
        wf_notify(self, WF_CRUMB);
    wf_home_pass_on(self);
    (void)wf_home_see_to(pool); /* there may be a place for a spare, now */
    stand(self);
}

void wf_idle_run(wf_worker *self)
{
    uint64_t patience = wf_load_relaxed(&self->pool->spin_ticks); /* hint */
    if (self->absent) /* made for a place that may come and go before its thread begins */
        stand(self);
    while (!wf_stopped(self->pool)) {
        if (wf_dismissed(self))
            give_up_place(self);
        bool leaves = !wf_home_visible(self) && wf_give_way(self);
        if (!leaves && search(self, patience) >= self->pool->block_ticks)
            naps_are_short(self->pool);
        if (wf_follow_due(self->pool, wf_ticks())) /* after what it was woken for */
            wf_follow(self);
        else
            patience = rest(self, leaves);
    }
}
