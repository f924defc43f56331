/* SPDX-License-Identifier: MIT */
/* sched/sleep.c - see sleep.h. */
#include "sched/sleep.h"

#include <limits.h>

#include "os/clock.h"
#include "sched/note.h"
#include "sched/spare.h"

/* pool->idle: sleeping 13 bits | searching 13 | blocked 13 | the sentinel's nap 2 | its index 13. */
#define COUNT_BITS 13
#define SLEEPING (UINT64_C(1) << 0)
#define SEARCHING (UINT64_C(1) << COUNT_BITS)
#define BLOCKED (UINT64_C(1) << 2 * COUNT_BITS)
#define SENTINEL (UINT64_C(1) << 3 * COUNT_BITS)
#define INDEX (UINT64_C(1) << (3 * COUNT_BITS + 2))
enum { NONE, SHORT, LONG };

/* worker->asleep. */
enum { AWAKE, ASLEEP, WAKING };

_Static_assert(WEFT_WORKERS_MAX < 1 << COUNT_BITS, "a count holds all workers");

static unsigned count_of(uint64_t idle, uint64_t one)
{
    return (unsigned)(idle / one) & ((1u << COUNT_BITS) - 1);
}

static unsigned nap_of(uint64_t idle)
{
    return (unsigned)(idle / SENTINEL) & 3;
}

static uint64_t read_idle(const weft_pool *pool)
{
    return wf_load_seq_cst(&pool->idle); /* pair SL2 -> wf_sleep_begin(): P2 */
}

void wf_sleep_start(weft_pool *pool, unsigned workers)
{
    wf_store_relaxed(&pool->idle, workers * SEARCHING);      /* owner only: nobody else knows the pool */
    wf_store_relaxed(&pool->nap_ns, (int64_t)WF_NAP_MIN_NS); /* owner only */
}

void wf_sleep_absent(weft_pool *pool, unsigned workers)
{
    (void)wf_add_relaxed(&pool->idle, -(workers * SEARCHING)); /* owner only: nobody publishes yet */
}

static bool unwatched(uint64_t idle)
{
    return count_of(idle, SLEEPING) && !count_of(idle, SEARCHING) && nap_of(idle) == NONE;
}

bool wf_unwatched(const weft_pool *pool)
{
    return unwatched(read_idle(pool));
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

/* Workers that are not active. */
static unsigned idle_workers(uint64_t idle)
{
    return count_of(idle, SLEEPING) + count_of(idle, SEARCHING) + count_of(idle, BLOCKED) +
           (nap_of(idle) != NONE);
}

static bool place_free(const weft_pool *pool, uint64_t idle)
{
    return active_guests(pool) < idle_workers(idle);
}

static bool vacant(const weft_pool *pool, uint64_t idle)
{
    unsigned blocked = count_of(idle, BLOCKED);
    return blocked && idle_workers(idle) == blocked &&
           wf_spares_coming(pool) + active_from(pool, pool->guests) < blocked;
}

bool wf_place_vacant(const weft_pool *pool)
{
    return vacant(pool, read_idle(pool));
}

bool wf_spare_has_place(const weft_pool *pool)
{
    return active_from(pool, pool->guests) <= count_of(read_idle(pool), BLOCKED);
}

/* Is the first fork of an activity to be published unasked? A watcher that can use force needs no help. */
static bool offers(const weft_pool *pool, uint64_t idle)
{
    return pool->force ? unwatched(idle) : idle_workers(idle) > 0;
}

bool wf_place_free(const weft_pool *pool)
{
    return place_free(pool, read_idle(pool));
}

/* self NULL: the caller is outside. */
static void count_wake(weft_pool *pool, wf_worker *self)
{
    if (self)
        wf_count(&self->counters.wakes);
    else
        wf_count_shared(&pool->outside.wakes);
}

static bool wake(wf_worker *worker, wf_worker *self)
{
    uint32_t asleep = ASLEEP;
    /* pair SL2 -> wf_sleep_end(): one wakes it */
    if (!wf_cas_seq_cst(&worker->asleep, &asleep, (uint32_t)WAKING))
        return false;
    /* pair SL2: the woken one searches from now on, so that nobody wakes another for the same work */
    (void)wf_add_seq_cst(&worker->pool->idle, SEARCHING - SLEEPING);
    wf_store_release(&worker->asleep, (uint32_t)AWAKE); /* pair SL7 -> wf_sleep_end(): it is counted */
    count_wake(worker->pool, self);
    wf_wake(&worker->parker);
    return true;
}

/* Does an active guest run where the worker is bound (as of the guest's arrival), or the caller from outside? */
static bool shared_with_guest(const wf_worker *worker, int cpu)
{
    const weft_pool *pool = worker->pool;
    unsigned used = wf_load_relaxed(&pool->seats_used); /* hint */
    int own =
        pool->machine->here ? pool->machine->pu[worker->pu].os_index : INT_MAX; /* of another: no CPU's */
    for (unsigned i = 0; i < used; i++) {
        const wf_worker *seat = wf_worker_at(pool, pool->workers + i);
        if (wf_load_relaxed(&seat->mode) == WF_ACTIVE && /* hint */
            wf_load_relaxed(&seat->cpu) == own)          /* hint */
            return true;
    }
    return own == cpu;
}

/* One sleeper whose PU is, or is not, shared; near ones first. */
static bool wake_one_where(weft_pool *pool, wf_worker *self, int cpu, bool shared)
{
    const uint16_t *victims = self ? self->victims : NULL;
    unsigned others = victims ? pool->workers - 1 : pool->workers;
    for (unsigned i = 0; i < others; i++) {
        wf_worker *other = wf_worker_at(pool, victims ? victims[i] : i);
        /* pair SL2 -> wf_sleep_begin(): P3 */
        if (wf_load_seq_cst(&other->asleep) == ASLEEP && shared_with_guest(other, cpu) == shared &&
            wake(other, self))
            return true;
    }
    return false;
}

/* self NULL: the caller is outside; a sleeper on its own PU would have to wait for it. */
static void wake_one(weft_pool *pool, wf_worker *self)
{
    int cpu = self ? -1 : wf_thread_cpu();
    if (!wake_one_where(pool, self, cpu, false))
        (void)wake_one_where(pool, self, cpu, true);
}

bool wf_give_way(wf_worker *self)
{
    return shared_with_guest(self, -1) && wake_one_where(self->pool, self, -1, false);
}

/* The sentinel's nap was long and is over: the publisher that makes it short wakes it. */
static bool wake_sentinel(weft_pool *pool, wf_worker *self, uint64_t *idle)
{
    while (nap_of(*idle) == LONG)
        if (wf_cas_seq_cst(&pool->idle, idle, *idle - SENTINEL)) { /* pair SL2 -> wf_nap_begin() */
            count_wake(pool, self);
            wf_wake(&wf_worker_at(pool, count_of(*idle, INDEX))->parker);
            return true;
        }
    return false;
}

/* Is the sentinel in a long nap from which this is worth a wake? */
static bool worth_a_wake(const weft_pool *pool, uint64_t idle, enum wf_amount amount)
{
    if (nap_of(idle) != LONG || amount == WF_CRUMB)
        return false;
    return amount == WF_PLENTY ||
           wf_ticks() - wf_load_relaxed(&pool->nap_since) > pool->asked_ticks; /* hint */
}

void wf_notify(wf_worker *self, enum wf_amount amount)
{
    weft_pool *pool = self->pool;
    uint64_t idle = read_idle(pool);
    bool napping = worth_a_wake(pool, idle, amount);
    if ((!napping && !unwatched(idle)) || !place_free(pool, idle))
        return;
    if (!(napping && wake_sentinel(pool, self, &idle)) && unwatched(idle))
        wake_one(pool, self);
}

void wf_notify_task(weft_pool *pool, wf_worker *self)
{
    uint64_t idle = read_idle(pool);
    if (nap_of(idle) == LONG) {
        wf_store_relaxed(&pool->nap_ns, (int64_t)WF_NAP_MIN_NS); /* hint: there is one sentinel at a time */
        if (wake_sentinel(pool, self, &idle))
            return;
    }
    if (unwatched(idle))
        wake_one(pool, self);
    else if (vacant(pool, idle))
        wf_spare_call(pool);
}

void wf_urge(weft_pool *pool)
{
    uint64_t idle = read_idle(pool);
    if (nap_of(idle) != NONE) {
        count_wake(pool, NULL);
        wf_wake(&wf_worker_at(pool, count_of(idle, INDEX))->parker);
    }
}

void wf_search_begin(wf_worker *self)
{
    wf_store_relaxed(&self->mode, (uint32_t)WF_IDLE);   /* ordered by pair SL2: the next line */
    (void)wf_add_seq_cst(&self->pool->idle, SEARCHING); /* pair SL2 -> wf_notify() */
}

bool wf_others_active(const wf_worker *self)
{
    const weft_pool *pool = self->pool;
    return idle_workers(read_idle(pool)) + 1 < wf_load_relaxed(&pool->started) || /* statistic */
           active_guests(pool);
}

bool wf_search_end(wf_worker *self)
{
    wf_store_relaxed(&self->origin.since, wf_ticks()); /* hint */
    /* pair SL9 -> wf_entries(): who sees it sees that this worker does not sleep any more */
    wf_store_release(&self->entries, self->entries + 1);
    wf_store_relaxed(&self->mode, (uint32_t)WF_ACTIVE); /* ordered by pair SL2: the next line */
    /* pair SL2 -> wf_notify(): from here on publishers wake others; -> wf_sleep_begin(): S1 sees the mode */
    uint64_t idle = wf_sub_seq_cst(&self->pool->idle, SEARCHING) - SEARCHING;
    if (offers(self->pool, idle))
        wf_stack_offer(&self->stack);
    return unwatched(idle);
}

bool wf_nap_begin(wf_worker *self, bool lengthy)
{
    weft_pool *pool = self->pool;
    uint64_t idle = read_idle(pool);
    uint64_t nap = (lengthy ? LONG : SHORT) * SENTINEL + self->index * INDEX;
    wf_store_relaxed(&pool->nap_since, wf_ticks()); /* hint */
    do
        if (nap_of(idle) != NONE)
            return false;
    while (!wf_cas_seq_cst(&pool->idle, &idle, idle - SEARCHING + nap)); /* pair SL2 -> wf_notify() */
    return true;
}

void wf_nap_end(wf_worker *self)
{
    weft_pool *pool = self->pool;
    uint64_t idle = read_idle(pool), awake;
    do
        awake = (idle & (SENTINEL - 1)) + SEARCHING;
    while (!wf_cas_seq_cst(&pool->idle, &idle, awake)); /* pair SL2 -> wf_notify() */
}

void wf_sleep_begin(wf_worker *self)
{
    weft_pool *pool = self->pool;
    (void)wf_add_seq_cst(&pool->idle, SLEEPING - SEARCHING); /* pair SL2 -> wf_notify(): S1 */
    wf_store_seq_cst(&self->asleep, (uint32_t)ASLEEP);       /* pair SL2 -> wake(): S2 */
    if (wf_load_seq_cst(&pool->closing)) /* pair SL8 -> wf_sleep_closing(): one sees the other */
        wf_wake(&pool->closer);
}

bool wf_all_sleep(const weft_pool *pool)
{
    return count_of(read_idle(pool), SLEEPING) == wf_load_relaxed(&pool->started); /* statistic */
}

bool wf_any_active(const weft_pool *pool)
{
    return idle_workers(read_idle(pool)) < wf_load_relaxed(&pool->started) ||
           active_guests(pool); /* statistic */
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
    for (unsigned i = 0; i < pool->workers; i++)
        entries += wf_load_acquire(&wf_worker_at(pool, i)->entries); /* pair SL9 -> wf_search_end() */
    return entries;
}

void wf_sleep_end(wf_worker *self)
{
    uint32_t asleep = ASLEEP;
    if (wf_cas_seq_cst(&self->asleep, &asleep, (uint32_t)AWAKE))       /* pair SL2 -> wake() */
        (void)wf_add_seq_cst(&self->pool->idle, SEARCHING - SLEEPING); /* pair SL2 */
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

void wf_block_begin(wf_worker *self, enum wf_wait why, const void *what)
{
    weft_pool *pool = self->pool;
    wf_count(&self->counters.blocks);
    wf_note_wait(self, why, what);
    wf_store_seq_cst(&self->mode, (uint32_t)WF_WAITING); /* pair SL4 -> active_guests() */
    if (self->victims)
        (void)wf_add_seq_cst(&pool->idle, BLOCKED); /* pair SL2 */
    wf_notify(self, WF_PLENTY);
}

void wf_block_end(wf_worker *self)
{
    wf_note_wait(self, WF_FOR_NOTHING, NULL);
    wf_store_seq_cst(&self->mode, (uint32_t)WF_ACTIVE); /* pair SL4 */
    if (self->victims)
        (void)wf_sub_seq_cst(&self->pool->idle, BLOCKED); /* pair SL2 */
    if (offers(self->pool, read_idle(self->pool)))
        wf_stack_offer(&self->stack);
}

void wf_guest_begin(wf_worker *self)
{
    wf_store_relaxed(&self->entries, self->entries + 1);                    /* statistic, for wf_activity() */
    wf_store_relaxed(&self->cpu, wf_thread_cpu());                          /* hint */
    wf_store_relaxed(&self->tid, wf_thread_number(self->pool->generation)); /* hint */
    wf_store_relaxed(&self->origin.since,
                     (uint64_t)0); /* hint: the clock would cost as much as all else here */
    if (self->pool->workers > 1 && offers(self->pool, read_idle(self->pool)))
        wf_stack_offer(&self->stack);
}

void wf_guest_end(wf_worker *self)
{
    weft_pool *pool = self->pool;
    /* pair SL4 -> active_guests(): who found no place for a worker because of this guest is seen below */
    wf_store_seq_cst(&self->mode, (uint32_t)WF_WAITING);
    uint64_t idle = read_idle(pool);
    bool others = count_of(idle, SLEEPING) < wf_load_relaxed(&pool->started); /* hint */
    if (unwatched(idle) && (others || active_guests(pool)) && place_free(pool, idle))
        wake_one(pool, self);
    /* Last: from here on the pool may be destroyed. pair SL4 -> take(): the next guest in the seat sees what
     * this one left there */
    wf_store_release(&self->mode, (uint32_t)WF_IDLE);
}

bool wf_activity(wf_worker *self)
{
    const weft_pool *pool = self->pool;
    unsigned used = wf_load_seq_cst(&pool->seats_used); /* pair SL6 -> count_seat(): as wf_visible() */
    uint64_t entries = 0;
    bool active = false;
    for (unsigned i = 0; i < pool->workers + used; i++) {
        const wf_worker *other = wf_worker_at(pool, i);
        /* pair SL4 -> wf_guest_begin(): either this sees the guest or it sees that nobody watches */
        active |= other != self && wf_load_seq_cst(&other->mode) != WF_IDLE;
        entries += wf_load_relaxed(&other->entries); /* statistic */
    }
    active |= entries != self->entries_seen;
    self->entries_seen = entries;
    return active;
}

wf_census wf_sleep_census(const weft_pool *pool)
{
    uint64_t idle = read_idle(pool);
    return (wf_census){.searching = count_of(idle, SEARCHING),
                       .sleeping = count_of(idle, SLEEPING),
                       .blocked = count_of(idle, BLOCKED),
                       .sentinel = nap_of(idle) == NONE ? -1 : (int)count_of(idle, INDEX)};
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
