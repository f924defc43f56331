/* SPDX-License-Identifier: MIT */
/* sched/binding.c - see binding.h. */
#include "sched/binding.h"

#include <errno.h>
#include <string.h>

#include "base/atomic.h"
#include "os/futex.h"
#include "os/memory.h"
#include "sched/pools.h"

/* ---- the plan ---------------------------------------------------------------------------------- */

static cpu_set_t *set_at(const weft_pool *pool, unsigned index)
{
    return (cpu_set_t *)(void *)(pool->cpus + index * pool->machine->cpus_bytes);
}

static cpu_set_t *planned(const wf_worker *worker)
{
    return set_at(worker->pool, worker->index);
}

/* Before its thread has begun: what of the plan may be used. */
static cpu_set_t *answered(const wf_worker *worker)
{
    return set_at(worker->pool, worker->pool->workers + worker->index);
}

/* The PUs that have been taken away; and room for one more set. */
static cpu_set_t *lost(const weft_pool *pool)
{
    return set_at(pool, 2 * pool->workers);
}

static cpu_set_t *scratch(const weft_pool *pool)
{
    return set_at(pool, 2 * pool->workers + 1);
}

/* All PUs of the machine, or of the part of it that the pool is confined to. */
static cpu_set_t *every(const weft_pool *pool)
{
    return set_at(pool, 2 * pool->workers + 2);
}

static bool overlap(const weft_pool *a, const weft_pool *b)
{
    const cpu_set_t *pus = every(b);
    bool found = false;
    for (int pu = 0; pu < a->machine->pus; pu++)
        found |= CPU_ISSET_S((size_t)a->machine->pu[pu].os_index, b->machine->cpus_bytes, pus);
    return found;
}

/* Has another pool of the process bound its workers to PUs that are the pool's, too? Of two that begin at once neither sees
 * the other: it does no harm. */
static bool is_shared(const weft_pool *pool)
{
    bool found = false;
    wf_pools_lock();
    for (const weft_pool *other = wf_pools_from(0); other; other = wf_pools_from(other->number + 1))
        found |= other->bind == WEFT_BIND_PU && overlap(pool, other);
    wf_pools_unlock();
    return found;
}

/* PUs of another machine cannot be bound to. Who uses some of its PUs is no judge of which of them are free. */
static int kind_of(const weft_pool *pool, int bind)
{
    bool owns_all = pool->size.workers == (unsigned)pool->machine->pus && !pool->size.rationed;
    if (bind == WEFT_BIND_NONE || !pool->machine->here)
        return WEFT_BIND_NONE;
    if (bind == WEFT_BIND_AUTO && owns_all && !is_shared(pool))
        bind = WEFT_BIND_PU;
    return bind == WEFT_BIND_PU ? WEFT_BIND_PU : WEFT_BIND_DOMAIN;
}

static bool is_confined(const weft_pool *pool)
{
    return pool->machine->whole && pool->machine->here;
}

static void plan(wf_worker *worker)
{
    const weft_pool *pool = worker->pool;
    if (pool->bind == WEFT_BIND_NONE)
        memcpy(planned(worker), every(pool), pool->machine->cpus_bytes);
    else
        wf_machine_cpus(pool->machine, worker->pu, pool->bind == WEFT_BIND_DOMAIN, planned(worker));
    wf_binding_aim(worker);
}

int wf_binding_plan(weft_pool *pool, int bind)
{
    pool->bind = kind_of(pool, bind);
    pool->cpus = wf_alloc((2 * pool->workers + 3) * pool->machine->cpus_bytes);
    if (!pool->cpus)
        return -ENOMEM;
    for (int pu = 0; pu < pool->machine->pus; pu++)
        wf_machine_cpus(pool->machine, pu, false, every(pool));
    for (unsigned i = 0; i < pool->workers; i++)
        plan(wf_worker_at(pool, i));
    return 0;
}

void wf_binding_release(weft_pool *pool)
{
    wf_free(pool->cpus);
}

/* ---- the thread -------------------------------------------------------------------------------- */

/* settled: threads counted << 1 | somebody waits */
#define WAITED 1u
#define ONE 2u

/* Within the plan, or not at all. */
static void note(wf_worker *self, int err, int told)
{
    size_t bytes = self->pool->machine->cpus_bytes;
    cpu_set_t *mask = answered(self);
    self->bound = WEFT_BIND_NONE;
    self->bind_err = err ? err : told;
    if (told)
        return;
    self->bind_cpus = CPU_COUNT_S(bytes, mask);
    CPU_AND_S(bytes, mask, mask, planned(self));
    bool within = CPU_COUNT_S(bytes, mask) == self->bind_cpus;
    self->bound = within && !err ? self->pool->bind : WEFT_BIND_NONE;
}

void wf_binding_apply(wf_worker *self)
{
    weft_pool *pool = self->pool;
    int err = 0;
    bool heir = self->absent && pool->machine->here; /* of who resized the pool: perhaps a bound one */
    if (pool->bind != WEFT_BIND_NONE || is_confined(pool) || heir)
        err = wf_thread_bind(answered(self), pool->machine->cpus_bytes);
    note(self, err, wf_thread_cpus(answered(self), pool->machine->cpus_bytes));
    /* pair BN1 -> wf_binding_wait(): who sees the count sees the notes */
    if (wf_add_release(&pool->settled, ONE) & WAITED)
        wf_futex_wake_all(&pool->settled);
}

void wf_binding_confine(const weft_pool *pool)
{
    if (is_confined(pool))
        (void)wf_thread_bind(every(pool), pool->machine->cpus_bytes);
}

void wf_binding_as(const wf_worker *worker)
{
    const weft_pool *pool = worker->pool;
    if (pool->bind != WEFT_BIND_NONE)
        (void)wf_thread_bind(planned(worker), pool->machine->cpus_bytes);
}

void wf_binding_as_none(const weft_pool *pool)
{
    if (pool->bind != WEFT_BIND_NONE)
        (void)wf_thread_bind(every(pool), pool->machine->cpus_bytes);
}

bool wf_binding_settled(const weft_pool *pool)
{
    return wf_load_acquire(&pool->settled) / ONE >= pool->sizing.made; /* pair BN1 -> wf_binding_apply() */
}

void wf_binding_wait(weft_pool *pool)
{
    uint32_t word = wf_load_acquire(&pool->settled); /* pair BN1 -> wf_binding_apply() */
    while (word / ONE < pool->sizing.made) {
        /* re-checked: a thread that counts itself after this wakes the waiters */
        if ((word & WAITED) || wf_cas_relaxed(&pool->settled, &word, word | WAITED))
            wf_futex_wait(&pool->settled, word | WAITED, WF_FOREVER);
        word = wf_load_acquire(&pool->settled); /* pair BN1 -> wf_binding_apply() */
    }
}

/* ---- what others do to the threads --------------------------------------------------------------- */

/* to: what is in `of` and not in `but`; to may be either. */
static void minus(cpu_set_t *to, const cpu_set_t *of, const cpu_set_t *but, size_t bytes)
{
    uint64_t *word = (uint64_t *)(void *)to;
    for (size_t i = 0; i < bytes / sizeof *word; i++)
        word[i] = ((const uint64_t *)(const void *)of)[i] & ~((const uint64_t *)(const void *)but)[i];
}

void wf_binding_aim(wf_worker *worker)
{
    minus(answered(worker), planned(worker), lost(worker->pool), worker->pool->machine->cpus_bytes);
}

/* Is there more in a set than in the other? */
static bool exceeds(const cpu_set_t *set, const cpu_set_t *other, size_t bytes)
{
    const uint64_t *word = (const uint64_t *)(const void *)set;
    bool more = false;
    for (size_t i = 0; i < bytes / sizeof *word; i++)
        more |= (word[i] & ~((const uint64_t *)(const void *)other)[i]) != 0;
    return more;
}

static bool has_lost(const wf_worker *worker)
{
    const wf_machine *machine = worker->pool->machine;
    return CPU_ISSET_S((size_t)machine->pu[worker->pu].os_index, machine->cpus_bytes, lost(worker->pool));
}

static void ask(wf_worker *worker)
{
    weft_pool *pool = worker->pool;
    size_t bytes = pool->machine->cpus_bytes;
    int thread = wf_load_relaxed(&worker->tid); /* ordered by pair BN1: settled */
    worker->strays = false;
    if (wf_thread_cpus_other(thread, scratch(pool), bytes))
        return;
    worker->strays = exceeds(scratch(pool), planned(worker), bytes);
    minus(scratch(pool), planned(worker), scratch(pool), bytes);
    CPU_OR_S(bytes, lost(pool), lost(pool), scratch(pool));
}

bool wf_binding_look(weft_pool *pool, unsigned *pus)
{
    size_t bytes = pool->machine->cpus_bytes;
    bool changed = false;
    CPU_ZERO_S(bytes, lost(pool));
    for (unsigned i = 0; i < pool->reach; i++)
        if (wf_worker_at(pool, i)->made)
            ask(wf_worker_at(pool, i));
    if (!wf_thread_cpus_first(scratch(pool), bytes))
        minus(lost(pool), lost(pool), scratch(pool), bytes);
    for (unsigned i = 0; i < pool->workers; i++) {
        wf_worker *worker = wf_worker_at(pool, i);
        bool was = worker->lost;
        worker->lost = has_lost(worker);
        changed |= worker->lost != was;
    }
    int left = pool->machine->pus - CPU_COUNT_S(bytes, lost(pool));
    *pus = left > 0 ? (unsigned)left : 1;
    return changed;
}

void wf_binding_renew(wf_worker *worker, bool in_any_case)
{
    weft_pool *pool = worker->pool;
    size_t bytes = pool->machine->cpus_bytes;
    int thread = wf_load_relaxed(&worker->tid); /* ordered by pair BN1: settled */
    minus(scratch(pool), planned(worker), lost(pool), bytes);
    if ((pool->bind == WEFT_BIND_NONE && !is_confined(pool)) || !CPU_COUNT_S(bytes, scratch(pool)) ||
        wf_thread_cpus_other(thread, answered(worker), bytes) ||
        CPU_EQUAL_S(bytes, answered(worker), scratch(pool)) ||
        (!in_any_case && exceeds(scratch(pool), answered(worker), bytes)))
        return;
    int err = wf_thread_bind_other(thread, scratch(pool), bytes);
    note(worker, err, wf_thread_cpus_other(thread, answered(worker), bytes));
}
