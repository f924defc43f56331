/* SPDX-License-Identifier: MIT */
/* sched/sleep: which sleeper is woken, by the node of its place. */
#include "sched/sleep.h"

#include <criterion/criterion.h>
#include <hwloc.h>
#include <sched.h>
#include <weft/weft.h>

#include "parked.h"

#define CPUS 65536

static hwloc_topology_t two_nodes;
static weft_pool *pool;

/* Two nodes with two workers each, which sleep. */
static void make_pool(void)
{
    hwloc_topology_init(&two_nodes);
    hwloc_topology_set_synthetic(two_nodes, "node:2 pu:2");
    hwloc_topology_load(two_nodes);
    cr_assert_eq(
        weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 4, .topology = two_nodes, .spin_ns = WEFT_NONE,
                                                 .spare_max = WEFT_NONE, .follow = WEFT_NONE)),
        0);
    cr_assert_eq(pool->nodes, 2);
}

static void end_pool(void)
{
    cr_assert_eq(weft_pool_destroy(pool), 0);
    hwloc_topology_destroy(two_nodes);
}

TestSuite(sleep, .init = make_pool, .fini = end_pool, .timeout = 240);

static void until_all_sleep(uint64_t parks[4])
{
    until_all_parked(pool);
    for (unsigned i = 0; i < 4; i++)
        parks[i] = wf_load_relaxed(&wf_worker_at(pool, i)->counters.parks);
}

/* Who was awake has parked once more. */
static void assert_one_woken(const uint64_t before[4], unsigned node, unsigned round)
{
    unsigned woken[2] = {0, 0};
    uint64_t after[4];
    until_all_sleep(after);
    for (unsigned i = 0; i < 4; i++)
        woken[wf_worker_at(pool, i)->place->node] += after[i] != before[i];
    cr_assert(woken[node] == 1 && woken[1 - node] == 0, "round %u: %u, %u", round, woken[0], woken[1]);
}

Test(sleep, places_know_their_node)
{
    for (unsigned i = 0; i < 4; i++)
        cr_expect_eq(wf_worker_at(pool, i)->place->node, i / 2, "worker %u", i);
}

Test(sleep, one_of_the_node_is_woken)
{
    uint64_t parks[4];
    for (unsigned round = 0; round < 100; round++) {
        until_all_sleep(parks);
        cr_assert(wf_wake_on_node(pool, NULL, round % 2), "round %u", round);
        assert_one_woken(parks, round % 2, round);
    }
}

Test(sleep, from_outside_one_of_the_callers_node_is_woken_first)
{
    static uint16_t node_of_cpu[CPUS];
    uint16_t *own = pool->node_of_cpu;
    int known = pool->cpus_known;
    uint64_t parks[4];
    pool->node_of_cpu = node_of_cpu;
    pool->cpus_known = CPUS;
    for (unsigned round = 0; round < 100; round++) {
        until_all_sleep(parks);
        for (int i = 0; i < CPUS; i++)
            node_of_cpu[i] = round % 2;
        wf_wake_one(pool, NULL);
        assert_one_woken(parks, round % 2, round);
    }
    pool->node_of_cpu = own;
    pool->cpus_known = known;
}

static int open_gate; /* read still when the test has returned, until its pool ends */

/* Who waits in here is awake. */
static int wait_for_others(void *arg)
{
    while (!__atomic_load_n(&open_gate, __ATOMIC_ACQUIRE))
        sched_yield();
    (void)arg;
    return 0;
}

Test(sleep, where_nobody_sleeps_nobody_is_woken)
{
    weft_executor *executor;
    cr_assert_eq(weft_pool_executor(pool, &executor), 0);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(weft_submit(executor, wait_for_others, NULL, NULL), 0);
    while (wf_census_idle(wf_census_read(pool)))
        sched_yield();
    for (unsigned node = 0; node < 2; node++)
        cr_expect_not(wf_wake_on_node(pool, NULL, node), "node %u", node);
    __atomic_store_n(&open_gate, 1, __ATOMIC_RELEASE);
}
