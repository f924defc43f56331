/* SPDX-License-Identifier: MIT */
/* sched/binding.c - see binding.h. */
#include "sched/binding.h"

#include <errno.h>

#include "base/atomic.h"
#include "os/futex.h"
#include "os/memory.h"

/* ---- the plan ---------------------------------------------------------------------------------- */

/* How many pools of the process own their PUs. */
static unsigned bound_pools;

/* PUs of another machine cannot be bound to. Who uses a part of the machine is no judge of which part is free. */
static int kind_of(const weft_pool *pool, int bind)
{
    bool owns_all = pool->workers == (unsigned)pool->machine->pus && !pool->size.rationed;
    if (bind == WEFT_BIND_NONE || !pool->machine->here)
        return WEFT_BIND_NONE;
    if (bind == WEFT_BIND_AUTO && owns_all &&
        !wf_load_relaxed(&bound_pools)) /* hint: two at once do no harm */
        bind = WEFT_BIND_PU;
    return bind == WEFT_BIND_PU ? WEFT_BIND_PU : WEFT_BIND_DOMAIN;
}

static cpu_set_t *set_at(const weft_pool *pool, unsigned index)
{
    return (cpu_set_t *)(void *)(pool->cpus + index * pool->machine->cpus_bytes);
}

static cpu_set_t *planned(const wf_worker *worker)
{
    return set_at(worker->pool, worker->index);
}

static cpu_set_t *answered(const wf_worker *worker)
{
    return set_at(worker->pool, worker->pool->workers + worker->index);
}

int wf_binding_plan(weft_pool *pool, int bind)
{
    pool->bind = kind_of(pool, bind);
    if (pool->bind == WEFT_BIND_PU)
        (void)wf_add_relaxed(&bound_pools, 1u); /* statistic */
    pool->cpus = wf_alloc(2 * pool->workers * pool->machine->cpus_bytes);
    if (!pool->cpus)
        return -ENOMEM;
    for (unsigned i = 0; i < pool->workers; i++)
        wf_machine_cpus(pool->machine, wf_worker_at(pool, i)->pu, pool->bind == WEFT_BIND_DOMAIN,
                        set_at(pool, i));
    return 0;
}

void wf_binding_release(weft_pool *pool)
{
    if (pool->bind == WEFT_BIND_PU)
        (void)wf_add_relaxed(&bound_pools, -1u); /* statistic */
    wf_free(pool->cpus);
}

/* ---- the thread -------------------------------------------------------------------------------- */

/* settled: threads counted << 1 | somebody waits */
#define WAITED 1u
#define ONE 2u

/* Within the plan, or not at all. */
static void note(wf_worker *self, int err)
{
    size_t bytes = self->pool->machine->cpus_bytes;
    cpu_set_t *mask = answered(self);
    int told = wf_thread_cpus(mask, bytes);
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
    self->bound = WEFT_BIND_NONE;
    if (pool->bind != WEFT_BIND_NONE)
        err = wf_thread_bind(planned(self), pool->machine->cpus_bytes);
    note(self, err);
    /* pair BN1 -> wf_binding_wait(): who sees the count sees the notes */
    if (wf_add_release(&pool->settled, ONE) & WAITED)
        wf_futex_wake_all(&pool->settled);
}

void wf_binding_wait(weft_pool *pool)
{
    unsigned started = wf_load_relaxed(&pool->started); /* owner only: set before the pool was known */
    uint32_t word = wf_load_acquire(&pool->settled);    /* pair BN1 -> wf_binding_apply() */
    while (word / ONE < started) {
        /* re-checked: a thread that counts itself after this wakes the waiters */
        if ((word & WAITED) || wf_cas_relaxed(&pool->settled, &word, word | WAITED))
            wf_futex_wait(&pool->settled, word | WAITED, WF_FOREVER);
        word = wf_load_acquire(&pool->settled); /* pair BN1 -> wf_binding_apply() */
    }
}
