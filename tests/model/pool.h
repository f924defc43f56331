/* SPDX-License-Identifier: MIT */
/*
 * model/pool.h - a pool of the library's for scenarios, made without threads, machine or system: what
 * weft_pool_create makes, as it is before its threads run. To be called in setup().
 *
 * All times are 0: who may spin before it sleeps looks once.
 */
#ifndef MODEL_POOL_H
#define MODEL_POOL_H

#include "checker/mc.h"
#include "os/memory.h"
#include "sched/idle.h"
#include "sched/self.h"
#include "sched/sleep.h"
#include "sched/tasks.h"

static inline wf_machine *model_machine(unsigned pus)
{
    wf_machine *machine = wf_alloc(sizeof *machine + pus * sizeof machine->pu[0]);
    machine->pus = (int)pus;
    machine->domains = machine->nodes = 1;
    for (unsigned i = 0; i < pus; i++)
        machine->pu[i].os_index = (int)i;
    return machine;
}

static inline void model_worker(weft_pool *pool, unsigned index)
{
    wf_worker *worker = wf_worker_at(pool, index);
    uint16_t *victims = pool->victims + index * (pool->workers - 1);
    worker->pool = pool;
    worker->index = index;
    worker->pu = index < pool->workers ? (int)index : -1;
    mc_assert(wf_stack_init(&worker->stack) == 0);
    if (index >= pool->workers)
        return;
    for (unsigned i = 0, at = 0; i < pool->workers; i++)
        if (i != index)
            victims[at++] = (uint16_t)i;
    worker->victims = victims;
}

/* Its workers count as searching, as before their threads have begun. */
static inline weft_pool *model_pool(unsigned workers, unsigned seats)
{
    weft_pool *pool = wf_alloc(sizeof *pool);
    pool->generation = wf_generation();
    pool->workers = pool->started = workers;
    pool->seats = seats;
    pool->machine = model_machine(workers);
    pool->all = wf_alloc((workers + seats) * sizeof *pool->all);
    pool->victims = wf_alloc((size_t)workers * workers * sizeof *pool->victims);
    pool->force = pool->take_over = pool->grace = true;
    for (unsigned i = 0; i < workers + seats; i++)
        model_worker(pool, i);
    mc_assert(wf_tasks_init(pool) == 0);
    wf_sleep_start(pool, workers);
    mc_name(&pool->idle, sizeof pool->idle, "idle");
    return pool;
}

/* The calling thread is that worker, or sits in that seat. */
static inline wf_worker *model_be(weft_pool *pool, unsigned index)
{
    wf_worker *self = wf_worker_at(pool, index);
    weft_self_ = &self->stack.head;
    if (self->place)
        wf_grace_register();
    return self;
}

#endif
