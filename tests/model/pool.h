/* SPDX-License-Identifier: MIT */
/*
 * model/pool.h - a pool of the library's for scenarios, made without threads, machine or system: what
 * weft_pool_create makes, as it is before its threads run. To be called in setup().
 *
 * All times are 0: who may spin before it sleeps looks once.
 */
#ifndef MODEL_POOL_H
#define MODEL_POOL_H

#include <limits.h>

#include "checker/mc.h"
#include "os/memory.h"
#include "sched/idle.h"
#include "sched/places.h"
#include "sched/presence.h"
#include "sched/queues.h"
#include "sched/self.h"
#include "sched/sleep.h"
#include "sched/tasks.h"

/* Of all scenarios with a pool: its workers spin for a while only; the pool lives on. */
#define MODEL_POOL .impatient = true, .keeps = true

/* Where all threads run, by the system's count; -1: not known. */
extern int model_cpu;
/* The first of the scenario's threads that the system gives to who wants to create one; their function. 0: none. */
extern unsigned model_thread;
void model_runs(void);
/* Of the process: another number, and it is the child of a fork. */
extern uint64_t model_generation;
/* There is no memory for another task stack. */
extern bool model_no_stacks;

static inline wf_machine *model_machine(unsigned pus, unsigned per_node)
{
    wf_machine *machine = wf_alloc(sizeof *machine + pus * sizeof machine->pu[0]);
    machine->pus = (int)pus;
    machine->domains = machine->nodes = 1;
    for (unsigned i = 0; i < pus; i++)
        machine->pu[i].os_index = (int)i, machine->pu[i].shares[WF_SAME_NODE] = i / per_node;
    return machine;
}

static inline void model_worker(weft_pool *pool, unsigned index)
{
    wf_worker *worker = wf_worker_at(pool, index);
    uint16_t *victims = pool->victims + index * (pool->workers - 1);
    worker->pool = pool;
    worker->index = index;
    worker->pu = index < pool->workers ? (int)index : -1;
    worker->own_cpu = INT_MAX;
    worker->made = index < pool->workers;
    mc_assert(wf_stack_init(&worker->stack) == 0);
    if (index >= pool->workers)
        return;
    for (unsigned i = 0, at = 0; i < pool->workers; i++)
        if (i != index)
            victims[at++] = (uint16_t)i;
    worker->victims = victims;
}

/* Its workers count as searching, as before their threads have begun. */
static inline weft_pool *model_pool_of_nodes(unsigned workers, unsigned seats, unsigned per_node)
{
    weft_pool *pool = wf_alloc(sizeof *pool);
    pool->generation = wf_generation();
    pool->workers = pool->started = pool->open = pool->reach = workers;
    pool->sizing.made = workers;
    pool->follow_ticks = UINT64_MAX;
    pool->seats = pool->guests = seats;
    pool->machine = model_machine(workers, per_node);
    pool->all = wf_alloc((workers + seats) * sizeof *pool->all);
    pool->victims = wf_alloc((size_t)workers * workers * sizeof *pool->victims);
    pool->executor.pool = pool;
    pool->force = pool->take_over = pool->grace = true;
    for (unsigned i = 0; i < workers + seats; i++)
        model_worker(pool, i);
    mc_assert(wf_queues_init(pool) == 0);
    wf_sleep_start(pool, workers);
    mc_name(&pool->idle, sizeof pool->idle, "idle");
    return pool;
}
static inline weft_pool *model_pool(unsigned workers, unsigned seats)
{
    return model_pool_of_nodes(workers, seats, workers);
}

/* In setup(): that worker runs something: its thread ends it by model_rest(). */
static inline void model_is_active(weft_pool *pool, unsigned index)
{
    (void)wf_search_end(wf_worker_at(pool, index));
}

/* In setup(): that worker lies asleep when its thread begins. */
static inline void model_lies_asleep(weft_pool *pool, unsigned index)
{
    wf_sleep_begin(wf_worker_at(pool, index));
}

/* In setup(): that worker has no place. */
static inline void model_stands(weft_pool *pool, unsigned index)
{
    wf_worker_at(pool, index)->duty = WF_STANDS;
    wf_count_out(wf_worker_at(pool, index));
    pool->open--;
}

/* In setup(): a task's record, not submitted, which is never given back. */
static inline wf_task *model_task(weft_pool *pool, int (*fn)(void *arg), void *arg)
{
    wf_task *task = wf_tasks_new(pool, NULL, sizeof *task);
    mc_assert(task);
    wf_task_init(task, fn, arg, 2);
    return task;
}

/* The calling thread is that worker, or sits in that seat. */
static inline wf_worker *model_be(weft_pool *pool, unsigned index)
{
    wf_worker *self = wf_worker_at(pool, index);
    weft_self_ = &self->stack.head;
    if (self->place) {
        wf_slab_taker_is(pool->takers + index);
        wf_grace_register();
    }
    return self;
}

/* A worker's thread: a daemon, unless the pool is stopped. The second begins asleep. */
static inline void model_work(weft_pool *pool, unsigned index)
{
    wf_idle_run(model_be(pool, index));
}
static inline void model_wake_up(weft_pool *pool, unsigned index)
{
    wf_worker *self = model_be(pool, index);
    wf_sleep(self);
    wf_sleep_end(self);
    wf_idle_run(self);
}

static inline void model_rest(wf_worker *self)
{
    wf_search_begin(self);
    wf_idle_run(self);
}

/* A long plain call, in which nothing of the library's happens: it ends when *until is set, by somebody else. */
__attribute__((no_sanitize("thread"))) static inline bool model_is_set(void *until)
{
    return *(const int *)until;
}
static inline void model_long_call(int *until)
{
    mc_block(model_is_set, until, "what others are to do in the meantime");
}

/* In check(): an idle pool is silent: all its workers sleep without a timeout. */
static inline void model_all_sleep(const weft_pool *pool)
{
    wf_census census = wf_sleep_census(pool);
    mc_assert(census.sleeping == pool->workers);
    mc_assert(!census.searching && !census.blocked && census.sentinel == -1);
    mc_assert(!wf_tasks_visible(pool));
    for (unsigned i = 0; i < pool->workers; i++)
        mc_assert(wf_sleeps(wf_worker_at(pool, i)));
}

#endif
