/* SPDX-License-Identifier: MIT */
/* test_part_nodes.c - pools that are confined to NUMA nodes or to a kind of cores; which there are is read from a pool that has
 * all of them.
 */
#include "part.h"

#include <hwloc.h>

/* The workers of a pool that has a worker on each PU, of those that `is` says; the last one's value. */
static int count_workers(bool (*is)(const weft_worker_info *, int), int value)
{
    int found = 0;
    weft_pool *pool = sem_pool_with(WEFT_POOL_CONFIG(.workers = pus()));
    for (int i = 0; i < pus(); i++) {
        weft_worker_info info = worker_of(pool, i);
        found += is(&info, value);
    }
    sem_end(pool);
    return found;
}

static bool is_on_node(const weft_worker_info *info, int node)
{
    return info->node == node;
}

static bool is_frugal(const weft_worker_info *info, int kinds)
{
    return info->core_rank >= 0 && info->core_rank < kinds - 1;
}

/* A part that has so many PUs, or that is refused because it has none. */
static void counts(int expected, const char *nodes, int core_kind)
{
    weft_pool *pool = NULL;
    if (!expected) {
        refused(-ENODEV, NULL, nodes, core_kind);
        return;
    }
    cr_assert_eq(create(&pool, NULL, nodes, core_kind), 0);
    cr_expect_eq(info_of(pool).pus, expected, "%d PUs, not %d", info_of(pool).pus, expected);
    works(pool);
    sem_end(pool);
}

PROMISE(a_pool_on_a_node_has_the_pus_of_that_node)
{
    for (int node = 0; node < 9; node++)
        counts(count_workers(is_on_node, node), list_of(node), 0);
}

PROMISE(efficiency_cores_are_all_but_the_fastest_kind)
{
    weft_pool *pool = sem_pool();
    int kinds = info_of(pool).core_kinds, frugal = count_workers(is_frugal, kinds);
    sem_end(pool);
    cr_assert(kinds > 1 || !frugal);
    counts(frugal, NULL, WEFT_CORES_EFFICIENCY);
    counts(pus() - frugal, NULL, WEFT_CORES_PERFORMANCE);
}

static weft_pool *on_a_machine_of_two_nodes(const char *cpus, const char *nodes, int *err)
{
    weft_pool *pool = NULL;
    hwloc_topology_t t;
    cr_assert(!hwloc_topology_init(&t) && !hwloc_topology_set_synthetic(t, "numa:2 l3:1 core:4 pu:1") &&
              !hwloc_topology_load(t));
    *err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .name = fresh_name(),
                                                    .topology = t, .cpus = cpus, .nodes = nodes,
                                                    .core_kind = WEFT_CORES_PERFORMANCE));
    hwloc_topology_destroy(t);
    return pool;
}

PROMISE(a_part_of_another_machine_is_counted_and_not_bound_to)
{
    int err;
    cpu_set_t whole = mask_of(0);
    weft_pool *pool = on_a_machine_of_two_nodes("2-6", "1", &err);
    cr_assert_eq(err, 0);
    cr_assert_eq(info_of(pool).pus, 3);
    cr_assert_eq(info_of(pool).pus_whole, 8);
    cr_assert_eq(info_of(pool).bind, WEFT_BIND_NONE);
    for (int i = 0; i < sem_threads(); i++) {
        cr_assert_eq(worker_of(pool, i).pu, 4 + i % 3);
        cr_assert_eq(worker_of(pool, i).node, 1);
        cr_assert_eq(worker_of(pool, i).mask_pus, CPU_COUNT(&whole));
    }
    has(pool, "machine: 3 of 8 PUs (cpus 2-6; nodes 1; performance cores) in 1 domain");
    works(pool);
    sem_end(pool);
    cr_assert_null(on_a_machine_of_two_nodes("0-3", "1", &err));
    cr_assert_eq(err, -ENODEV);
}
