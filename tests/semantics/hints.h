/* SPDX-License-Identifier: MIT */
/* hints.h - what the tests of hints and homes share: a pool on two imagined nodes, tasks that tell where they ran, and workers
 * that are held. */
#ifndef WEFT_TESTS_HINTS_H
#define WEFT_TESTS_HINTS_H

#include "submits.h"

#include <errno.h>
#include <hwloc.h>

#define WORKERS 8
#define PER_NODE 4
#define SEATS 16
#define EACH 100

static UNUSED hwloc_topology_t machine;

/* Two nodes with four cores each: workers 0 to 3 are on node 0. */
static UNUSED weft_pool *pool_with(int spare_max)
{
    weft_pool *pool;
    hwloc_topology_init(&machine);
    hwloc_topology_set_synthetic(machine, "node:2 core:4 pu:1");
    hwloc_topology_load(machine);
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = WORKERS, .topology = machine,
                                                          .seats = SEATS, .spare_max = spare_max)),
                 0);
    return pool;
}

static UNUSED void end(weft_pool *pool)
{
    cr_assert_eq(weft_pool_destroy(pool), 0);
    hwloc_topology_destroy(machine);
}

#define SPEC(...) (&(const weft_task_spec){.size = sizeof(weft_task_spec), __VA_ARGS__})

static UNUSED weft_counters counted(weft_pool *pool)
{
    weft_counters c = WEFT_COUNTERS_INIT;
    cr_assert_eq(weft_pool_counters(pool, -1, &c), 0);
    return c;
}

static UNUSED uint64_t strayed(weft_pool *pool)
{
    return counted(pool).strayed;
}

static UNUSED atomic_int elsewhere, stood_in, ran;

/* arg: the first of `count` workers that may run it. Spares come behind workers and guests. */
static UNUSED void look(void *arg, int count)
{
    int first = (int)(intptr_t)arg, here = weft_worker_index();
    if (here >= WORKERS + SEATS)
        atomic_fetch_add(&stood_in, 1);
    else if (here < first || here >= first + count)
        atomic_fetch_add(&elsewhere, 1);
    atomic_fetch_add(&ran, 1);
}

static UNUSED int on_worker(void *arg)
{
    look(arg, 1);
    return 0;
}

static UNUSED int on_node(void *arg)
{
    look(arg, PER_NODE);
    return 0;
}

static UNUSED void *number(int i)
{
    return (void *)(intptr_t)i;
}

static UNUSED void until_ran(int count)
{
    while (atomic_load(&ran) < count)
        sched_yield();
}

/* By a spare only in the stead of one who was found standing still, for nobody waits while there is something for him; it is
 * counted a moment after it is known. */
static UNUSED void assert_all_at_home(weft_pool *pool, int count)
{
    cr_assert_eq(atomic_load(&ran), count);
    cr_assert_eq(atomic_load(&elsewhere), 0, "%d of %d", atomic_load(&elsewhere), count);
    while (atomic_load(&stood_in) && !counted(pool).stills)
        sched_yield();
    cr_assert_eq(strayed(pool), 0);
}

static UNUSED void begin(void)
{
    atomic_store(&elsewhere, 0);
    atomic_store(&stood_in, 0);
    atomic_store(&ran, 0);
}

struct asked {
    weft_pool *pool;
    int worker, status;
};

/* A task for another worker, waited for inside. */
static UNUSED int ask_another(void *arg)
{
    struct asked *a = arg;
    weft_future *f;
    int err = weft_submit_task(
        sem_door(a->pool),
        SPEC(.fn = on_worker, .arg = number(a->worker), .worker = WEFT_WORKER(a->worker), .strict = 1), &f);
    if (!err)
        err = weft_future_get(f, &a->status);
    weft_future_release(f);
    return err;
}

struct through {
    weft_executor *executor;
    int node;
};

static UNUSED atomic_int held;
static UNUSED atomic_bool gate_open;

static UNUSED int hold(void *arg)
{
    (void)arg;
    atomic_fetch_add(&held, 1);
    while (!atomic_load(&gate_open))
        sched_yield();
    return 0;
}

/* These workers are busy until the gate opens. In a pool with spares one that sleeps in the kernel meanwhile, if only for a page,
 * may count as standing still, and a spare takes what is his. */
static UNUSED void hold_workers(weft_pool *pool, int first, int count)
{
    atomic_store(&held, 0);
    atomic_store(&gate_open, false);
    for (int i = first; i < first + count; i++)
        cr_assert_eq(
            weft_submit_task(sem_door(pool), SPEC(.fn = hold, .worker = WEFT_WORKER(i), .strict = 1), NULL),
            0);
    while (atomic_load(&held) < count)
        sched_yield();
}

#endif
