/* SPDX-License-Identifier: MIT */
/* sched/home: who of a sleeping pool is woken for a task with a home, and where it lies until then. */
#include "sched/home.h"

#include <criterion/criterion.h>
#include <hwloc.h>
#include <sched.h>
#include <stdatomic.h>
#include <weft/weft.h>

#include "parked.h"

#define ROUNDS 200

static hwloc_topology_t two_nodes;
static weft_pool *pool;
static weft_executor *own;
static atomic_int ran_by; /* 1 + worker */

/* Two nodes with two workers each. */
static void make_pool(void)
{
    hwloc_topology_init(&two_nodes);
    hwloc_topology_set_synthetic(two_nodes, "node:2 core:2 pu:1");
    hwloc_topology_load(two_nodes);
    cr_assert_eq(
        weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 4, .topology = two_nodes, .spin_ns = WEFT_NONE,
                                                 .spare_max = WEFT_NONE, .follow = WEFT_NONE)),
        0);
    cr_assert_eq(weft_pool_executor(pool, &own), 0);
}

static void end_pool(void)
{
    cr_assert_eq(weft_pool_destroy(pool), 0);
    hwloc_topology_destroy(two_nodes);
}

TestSuite(home, .init = make_pool, .fini = end_pool, .timeout = 240);

static int note_who(void *arg)
{
    (void)arg;
    atomic_store(&ran_by, 1 + weft_worker_index());
    return 0;
}

/* In a pool that sleeps; which worker has run it. */
static int ran(int node, int worker, int strict)
{
    const weft_task_spec spec = {
        .size = sizeof spec, .fn = note_who, .node = node, .worker = worker, .strict = strict};
    until_all_parked(pool);
    atomic_store(&ran_by, 0);
    cr_assert_eq(weft_submit_task(own, &spec, NULL), 0);
    while (!atomic_load(&ran_by))
        sched_yield();
    return atomic_load(&ran_by) - 1;
}

Test(home, a_sleeping_pool_begins_a_task_on_its_node)
{
    for (int i = 0; i < ROUNDS; i++) {
        int worker = ran(WEFT_NODE(i % 2), 0, i / 2 % 2);
        cr_assert_eq(worker / 2, i % 2, "round %d: by worker %d", i, worker);
    }
}

Test(home, a_sleeping_pool_begins_a_task_at_its_worker)
{
    for (int i = 0; i < ROUNDS; i++)
        cr_assert_eq(ran(0, WEFT_WORKER(i % 4), i / 4 % 2), i % 4, "round %d", i);
}

Test(home, strict_tasks_lie_where_others_do_not_look)
{
    wf_home node, worker, preferred;
    cr_assert_eq(wf_home_find(pool, WEFT_NODE(1), 0, 1, &node), 0);
    cr_assert_eq(wf_home_find(pool, 0, WEFT_WORKER(3), 1, &worker), 0);
    cr_assert_eq(wf_home_find(pool, 0, WEFT_WORKER(3), 0, &preferred), 0);
    const wf_inbox *normal = pool->places[3].inbox;
    cr_expect_eq(wf_home_inbox(pool, NULL, node, 1), wf_inbox_in(pool->places[3].inbox, WF_STRICT));
    cr_expect_eq(wf_home_inbox(pool, NULL, worker, 1), &pool->places[3].only);
    cr_expect_eq(wf_home_inbox(pool, NULL, preferred, 0), normal);
    cr_expect(wf_home_inbox(pool, NULL, node, 0)->bound && pool->places[3].only.bound && !normal->bound);
    for (unsigned i = 0; i < 4; i++) {
        cr_expect_eq(wf_home_is_here(wf_worker_at(pool, i), node), i / 2 == 1, "worker %u", i);
        cr_expect_eq(wf_home_is_here(wf_worker_at(pool, i), worker), i == 3, "worker %u", i);
        cr_expect(wf_home_is_here(wf_worker_at(pool, i), preferred), "worker %u", i);
    }
    cr_expect(!wf_home_is_here(NULL, node) && !wf_home_is_here(wf_worker_at(pool, 4), node), "a guest");
}
