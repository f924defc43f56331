/* SPDX-License-Identifier: MIT */
/* sched/sleep.c - see sleep.h. */
#include "sched/sleep.h"

#include <limits.h>

#include "os/clock.h"
#include "sched/arm.h"
#include "sched/note.h"
#include "sched/places.h"
#include "sched/spare.h"

/* worker->asleep. */
enum { AWAKE, ASLEEP, WAKING };

void wf_sleep_start(weft_pool *pool, unsigned workers)
{
    wf_store_relaxed(&pool->idle, workers * WF_SEARCHING);   /* owner only: nobody else knows the pool */
    wf_store_relaxed(&pool->nap_ns, (int64_t)WF_NAP_MIN_NS); /* owner only */
}

void wf_sleep_absent(weft_pool *pool, unsigned workers)
{
    (void)wf_add_relaxed(&pool->idle, -(workers * WF_SEARCHING)); /* owner only: nobody publishes yet */
}

void wf_offer_unasked(wf_worker *self, uint64_t idle)
{
    if (self->pool->force ? wf_census_unwatched(idle) : wf_census_idle(idle) > 0)
        wf_stack_offer(&self->stack);
}

/* self NULL: the caller is outside. */
static void count_wake(weft_pool *pool, wf_worker *self)
{
    if (self)
        wf_count(&self->counters.wakes);
    else
        wf_count_shared(&pool->outside.wakes);
}

static bool wake(weft_pool *pool, wf_worker *worker, wf_worker *self)
{
    uint32_t asleep = ASLEEP;
    /* pair SL2 -> wf_sleep_end(): one wakes it */
    if (!wf_cas_seq_cst(&worker->asleep, &asleep, (uint32_t)WAKING))
        return false;
    /* pair SL2: the woken one searches from now on, so that nobody wakes another for the same work */
    (void)wf_add_seq_cst(&pool->idle, WF_SEARCHING - WF_SLEEPING);
    wf_store_release(&worker->asleep, (uint32_t)AWAKE); /* pair SL7 -> wf_sleep_end(): it is counted */
    count_wake(pool, self);
    wf_wake(&worker->parker);
    return true;
}

/* Does an active guest run where the worker is bound (as of the guest's arrival), or the caller from outside? */
static bool shared_with_guest(const weft_pool *pool, const wf_worker *worker, int cpu)
{
    unsigned used = wf_load_relaxed(&pool->seats_used); /* hint */
    for (unsigned i = 0; i < used; i++) {
        const wf_worker *seat = wf_worker_at(pool, pool->workers + i);
        if (wf_load_relaxed(&seat->mode) == WF_ACTIVE &&    /* hint */
            wf_load_relaxed(&seat->cpu) == worker->own_cpu) /* hint */
            return true;
    }
    return worker->own_cpu == cpu;
}

#define ANY_NODE UINT_MAX

static bool is_on(const weft_pool *pool, unsigned index, unsigned node)
{
    return node == ANY_NODE || pool->places[index].node == node;
}

/* One sleeper of the node whose PU is, or is not, shared; near ones first. */
WF_TOGETHER static bool wake_one_where(weft_pool *pool, wf_worker *self, unsigned node, int cpu, bool shared)
{
    const uint16_t *victims = self ? self->victims : NULL;
    unsigned others = victims ? pool->workers - 1 : pool->workers;
    unsigned reach = wf_load_relaxed(&pool->reach); /* hint: who is new now searches before it sleeps */
    for (unsigned i = 0; i < others; i++) {
        unsigned index = victims ? victims[i] : i;
        wf_worker *other = wf_worker_at(pool, index);
        /* pair SL2 -> wf_sleep_begin(): P3 */
        if (index < reach && is_on(pool, index, node) && wf_load_seq_cst(&other->asleep) == ASLEEP &&
            shared_with_guest(pool, other, cpu) == shared && wake(pool, other, self))
            return true;
    }
    return false;
}

static int cpu_of(const wf_worker *self)
{
    return self ? -1 : wf_thread_cpu();
}

bool wf_wake_on_node(weft_pool *pool, wf_worker *self, unsigned node)
{
    int cpu = cpu_of(self);
    return wake_one_where(pool, self, node, cpu, false) || wake_one_where(pool, self, node, cpu, true);
}

bool wf_wake_worker(wf_worker *worker, wf_worker *self)
{
    return wf_load_seq_cst(&worker->asleep) == ASLEEP &&
           wake(worker->pool, worker, self); /* pair SL2 -> wf_sleep_begin() */
}

WF_TOGETHER void wf_wake_one(weft_pool *pool, wf_worker *self)
{
    int cpu = cpu_of(self);
    bool placed = pool->nodes == 1 || (self && self->victims); /* its victims are in order */
    if ((placed || !wake_one_where(pool, self, wf_node_near(pool), cpu, false)) &&
        !wake_one_where(pool, self, ANY_NODE, cpu, false))
        (void)wake_one_where(pool, self, ANY_NODE, cpu, true);
}

bool wf_give_way(wf_worker *self)
{
    return shared_with_guest(self->pool, self, -1) && wake_one_where(self->pool, self, ANY_NODE, -1, false);
}

/* The sentinel's nap was long and is over: the publisher that makes it short wakes it. */
static bool wake_sentinel(weft_pool *pool, wf_worker *self, uint64_t *idle)
{
    while (wf_census_nap(*idle) == WF_NAP_LONG)
        if (wf_cas_seq_cst(&pool->idle, idle, *idle - WF_SENTINEL)) { /* pair SL2 -> wf_nap_begin() */
            count_wake(pool, self);
            wf_wake(&wf_worker_at(pool, wf_census_of(*idle, WF_INDEX))->parker);
            return true;
        }
    return false;
}

/* Is the sentinel in a long nap from which this is worth a wake? */
static bool worth_a_wake(const weft_pool *pool, uint64_t idle, enum wf_amount amount)
{
    if (wf_census_nap(idle) != WF_NAP_LONG || amount == WF_CRUMB)
        return false;
    return amount == WF_PLENTY ||
           wf_ticks() - wf_load_relaxed(&pool->nap_since) > pool->asked_ticks; /* hint */
}

/* Is a sleeper to be woken, whoever naps? */
static bool wants_one(const weft_pool *pool, uint64_t idle, enum wf_amount amount)
{
    unsigned workers = wf_load_relaxed(&pool->started); /* statistic */
    return wf_census_unwatched(idle) || (amount != WF_CRUMB && wf_census_few_watch(idle, workers));
}

void wf_notify_sleepers(wf_worker *self, uint64_t idle, enum wf_amount amount)
{
    weft_pool *pool = self->pool;
    bool napping = worth_a_wake(pool, idle, amount);
    if (!napping && !wants_one(pool, idle, amount))
        return;
    if (!wf_place_free(pool, idle))
        wf_arm(pool);
    else if (!(napping && wake_sentinel(pool, self, &idle)) && wants_one(pool, idle, amount))
        wf_wake_one(pool, self);
}

/* Nobody watches, or few, or from a long nap. */
__attribute__((noinline)) static void notify_slow(wf_worker *self, uint64_t idle, enum wf_amount amount)
{
    if (!wf_census_nobody_idle(idle))
        wf_notify_sleepers(self, idle, amount);
    else if (amount == WF_PLENTY && wf_place_vacant(self->pool, idle, WF_TAKES_ALL))
        wf_spare_call(self->pool, 1);
    else
        wf_arm(self->pool);
}

void wf_notify(wf_worker *self, enum wf_amount amount)
{
    uint64_t idle = wf_census_read(self->pool);
    if (!wf_census_watched(idle) || wf_census_nap(idle) == WF_NAP_LONG || amount != WF_CRUMB)
        notify_slow(self, idle, amount);
}

/* Nobody watches, or from a long nap. */
WF_TOGETHER __attribute__((noinline)) static void notify_task_slow(weft_pool *pool, wf_worker *self,
                                                                   uint64_t idle)
{
    if (wf_census_nap(idle) == WF_NAP_LONG) {
        wf_store_relaxed(&pool->nap_ns, (int64_t)WF_NAP_MIN_NS); /* hint: there is one sentinel at a time */
        if (wake_sentinel(pool, self, &idle))
            return;
    }
    if (wf_census_watched(idle))
        return;
    if (wf_census_of(idle, WF_SLEEPING))
        wf_wake_one(pool, self);
    else if (wf_place_vacant(pool, idle, WF_TAKES_TASKS))
        wf_spare_call(pool, 1);
    else
        wf_arm(pool);
}

WF_TOGETHER void wf_notify_task(weft_pool *pool, wf_worker *self)
{
    uint64_t idle = wf_census_read(pool);
    if (!idle) /* all are active: the usual case of a worker that submits many */
        wf_arm(pool);
    else if (!wf_census_watched(idle) || wf_census_nap(idle) == WF_NAP_LONG)
        notify_task_slow(pool, self, idle);
}

void wf_wake_for_shown(weft_pool *pool)
{
    uint64_t idle = wf_census_read(pool);
    if (wf_census_unwatched(idle) && wf_place_free(pool, idle))
        wf_wake_one(pool, NULL);
}

void wf_urge(weft_pool *pool)
{
    uint64_t idle = wf_census_read(pool);
    if (wf_census_nap(idle) != WF_NAP_NONE) {
        count_wake(pool, NULL);
        wf_wake(&wf_worker_at(pool, wf_census_of(idle, WF_INDEX))->parker);
    }
}

/* WAITING: a task has left a section open (weft/block.h). */
void wf_search_begin(wf_worker *self)
{
    uint32_t before =
        wf_exchange_acq_rel(&self->mode, (uint32_t)WF_IDLE); /* pair MO2 -> wf_place_is_left() */
    self->vacated = self->sections = 0;
    /* pair SL2 -> wf_notify() */
    (void)wf_add_seq_cst(&self->pool->idle, WF_SEARCHING - wf_left_by(self, before));
}

bool wf_search_end(wf_worker *self)
{
    wf_store_relaxed(&self->origin.since, wf_ticks()); /* hint */
    /* pair SL9 -> wf_entries(): who sees it sees that this worker does not sleep any more */
    wf_store_release(&self->entries, self->entries + 1);
    wf_store_relaxed(&self->mode, (uint32_t)WF_ACTIVE); /* ordered by pair SL2: the next line */
    /* pair SL2 -> wf_notify(): from here on publishers wake others; -> wf_sleep_begin(): S1 sees the mode */
    uint64_t idle = wf_sub_seq_cst(&self->pool->idle, WF_SEARCHING) - WF_SEARCHING;
    wf_offer_unasked(self, idle);
    if (wf_census_nobody_idle(idle))
        wf_arm(self->pool);
    return wf_census_unwatched(idle);
}

bool wf_nap_begin(wf_worker *self, bool lengthy)
{
    weft_pool *pool = self->pool;
    uint64_t idle = wf_census_read(pool);
    uint64_t nap = (lengthy ? WF_NAP_LONG : WF_NAP_SHORT) * WF_SENTINEL + self->index * WF_INDEX;
    wf_store_relaxed(&pool->nap_since, wf_ticks()); /* hint */
    do
        if (wf_census_nap(idle) != WF_NAP_NONE)
            return false;
    while (!wf_cas_seq_cst(&pool->idle, &idle, idle - WF_SEARCHING + nap)); /* pair SL2 -> wf_notify() */
    return true;
}

void wf_nap_end(wf_worker *self)
{
    weft_pool *pool = self->pool;
    uint64_t idle = wf_census_read(pool), awake;
    do
        awake = (idle & (WF_SENTINEL - 1)) + WF_SEARCHING;
    while (!wf_cas_seq_cst(&pool->idle, &idle, awake)); /* pair SL2 -> wf_notify() */
}

void wf_sleep_begin(wf_worker *self)
{
    weft_pool *pool = self->pool;
    (void)wf_add_seq_cst(&pool->idle, WF_SLEEPING - WF_SEARCHING); /* pair SL2 -> wf_notify(): S1 */
    wf_store_seq_cst(&self->asleep, (uint32_t)ASLEEP); /* pair SL2 -> wake(): S2; SL11 -> wf_rouse() */
    if (wf_load_seq_cst(&pool->closing)) /* pair SL8 -> wf_sleep_closing(): one sees the other */
        wf_wake(&pool->closer);
}

bool wf_all_sleep(const weft_pool *pool)
{
    return wf_census_of(wf_census_read(pool), WF_SLEEPING) == wf_load_relaxed(&pool->started); /* statistic */
}

void wf_sleep_closing(weft_pool *pool)
{
    wf_store_seq_cst(&pool->closing, (uint32_t)1); /* pair SL8 -> wf_sleep_begin() */
    wf_urge(pool);
}

bool wf_closing(const weft_pool *pool)
{
    return wf_load_relaxed(&pool->closing); /* hint */
}

uint64_t wf_entries(const weft_pool *pool)
{
    uint64_t entries = 0;
    for (unsigned i = 0; i < wf_reach(pool); i++)
        entries += wf_load_acquire(&wf_worker_at(pool, i)->entries); /* pair SL9 -> wf_search_end() */
    return entries;
}

void wf_sleep_end(wf_worker *self)
{
    uint32_t asleep = ASLEEP;
    if (wf_cas_seq_cst(&self->asleep, &asleep, (uint32_t)AWAKE))             /* pair SL2 -> wake() */
        (void)wf_add_seq_cst(&self->pool->idle, WF_SEARCHING - WF_SLEEPING); /* pair SL2 */
    else
        while (wf_load_acquire(&self->asleep) !=
               AWAKE) /* pair SL7 -> wake(): a few instructions of the waker */
            wf_thread_yield();
}

bool wf_stopped(const weft_pool *pool)
{
    return wf_load_relaxed(&pool->stop); /* ordered by pair PK1: wf_sleep_stop() wakes all after it */
}

void wf_sleep(wf_worker *self)
{
    while (wf_load_relaxed(&self->asleep) == ASLEEP &&
           !wf_stopped(self->pool)) /* re-checked: wf_sleep_end() */
        wf_park(&self->parker, WF_FOREVER);
}

wf_census wf_sleep_census(const weft_pool *pool)
{
    uint64_t idle = wf_census_read(pool);
    return (wf_census){.searching = wf_census_of(idle, WF_SEARCHING),
                       .sleeping = wf_census_of(idle, WF_SLEEPING),
                       .blocked = wf_census_of(idle, WF_BLOCKED),
                       .sentinel =
                           wf_census_nap(idle) == WF_NAP_NONE ? -1 : (int)wf_census_of(idle, WF_INDEX)};
}

bool wf_sleeps(const wf_worker *worker)
{
    return wf_load_relaxed(&worker->asleep) == ASLEEP; /* hint */
}

void wf_sleep_stop(weft_pool *pool)
{
    wf_store_relaxed(&pool->stop, (uint32_t)1); /* ordered by pair PK1: nothing else is told by it */
    for (unsigned i = 0; i < pool->workers; i++)
        wf_wake(&wf_worker_at(pool, i)->parker);
}

void wf_rouse(wf_worker *worker)
{
    /* pair SL11 -> wf_sleep_begin(): S2, before it asks whether it was dismissed */
    if (wf_load_seq_cst(&worker->asleep) != ASLEEP || !wake(worker->pool, worker, NULL))
        wf_wake(&worker->parker);
}

void wf_rouse_follower(weft_pool *pool)
{
    uint32_t dozing = wf_load_seq_cst(&pool->dozing);         /* pair SL12 -> wf_follow_stand() */
    if (dozing && wf_cas_relaxed(&pool->dozing, &dozing, 0u)) /* hint: one of several who come does it */
        wf_wake(&wf_worker_at(pool, dozing - 1)->parker);
}
