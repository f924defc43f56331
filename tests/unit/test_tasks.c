/* SPDX-License-Identifier: MIT */
/* sched/tasks: into which inbox submitted tasks go, by node and priority, and in which order they come out. */
#include "sched/tasks.h"

#include <criterion/criterion.h>
#include <hwloc.h>
#include <sched.h>
#include <stdatomic.h>
#include <weft/weft.h>

#include "base/tunables.h"
#include "sched/home.h"
#include "sched/self.h"
#include "sched/worker.h"

static hwloc_topology_t two_nodes;
static weft_pool *pool;
static atomic_int held;
static atomic_bool open_gate;

static int hold(void *arg)
{
    (void)arg;
    atomic_fetch_add(&held, 1);
    while (!atomic_load(&open_gate))
        sched_yield();
    return 0;
}

/* Two nodes with a worker each, which are both busy. */
static void make_pool(void)
{
    weft_executor *own;
    hwloc_topology_init(&two_nodes);
    hwloc_topology_set_synthetic(two_nodes, "node:2 pu:1");
    hwloc_topology_load(two_nodes);
    cr_assert_eq(weft_pool_create(
                     &pool, WEFT_POOL_CONFIG(.workers = 2, .topology = two_nodes, .spare_max = WEFT_NONE)),
                 0);
    cr_assert_eq(pool->nodes, 2);
    cr_assert_eq(weft_pool_executor(pool, &own), 0);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(weft_submit(own, hold, NULL, NULL), 0);
    while (atomic_load(&held) < 2)
        sched_yield();
}

static void end_pool(void)
{
    atomic_store(&open_gate, true);
    cr_assert_eq(weft_pool_destroy(pool), 0);
    hwloc_topology_destroy(two_nodes);
}

TestSuite(tasks, .init = make_pool, .fini = end_pool, .timeout = 240);

static int count_up(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static atomic_int ran;

/* What an executor with this config puts where: [node][priority]. */
static void submit_through(const weft_executor_config *config, uint64_t backlog[2][3])
{
    weft_executor *executor;
    cr_assert_eq(weft_executor_create(&executor, config), 0);
    cr_assert_eq(weft_submit(executor, count_up, &ran, NULL), 0);
    for (int node = 0; node < 2; node++)
        for (int priority = -1; priority <= 1; priority++)
            backlog[node][priority + 1] = wf_inbox_backlog(wf_inbox_in(pool->places[node].inbox, priority));
    atomic_store(&open_gate, true);
    cr_assert_eq(weft_executor_destroy(executor), 0);
    cr_assert_eq(ran, 1);
}

Test(tasks, an_executor_on_a_node_puts_its_runners_there)
{
    for (int node = 0; node < 2; node++) {
        wf_home home;
        cr_assert_eq(wf_home_find(pool, WEFT_NODE(node), 0, 0, &home), 0);
        cr_assert(home.kind == WF_ON_NODE && home.node == node);
        cr_assert_eq(wf_home_inbox(pool, NULL, home, 0), pool->places[node].inbox);
    }
    wf_home nowhere;
    cr_assert_eq(wf_home_find(pool, WEFT_NODE(2), 0, 0, &nowhere), 0);
    cr_assert_eq(nowhere.kind, WF_NEAR);
    uint64_t backlog[2][3];
    submit_through(WEFT_EXECUTOR_CONFIG(.pool = pool, .node = WEFT_NODE(1)), backlog);
    cr_assert(backlog[1][1] == 1 && backlog[0][1] == 0);
}

Test(tasks, a_node_and_a_priority)
{
    uint64_t backlog[2][3];
    submit_through(WEFT_EXECUTOR_CONFIG(.pool = pool, .node = WEFT_NODE(1), .priority = WEFT_PRIORITY_HIGH),
                   backlog);
    cr_assert(backlog[1][2] == 1 && backlog[1][1] == 0 && backlog[0][2] == 0);
}

Test(tasks, a_node_without_workers_is_no_hint)
{
    uint64_t backlog[2][3];
    submit_through(WEFT_EXECUTOR_CONFIG(.pool = pool, .node = WEFT_NODE(7)), backlog);
    cr_assert_eq(backlog[0][1] + backlog[1][1], 1);
}

Test(tasks, a_priority_has_an_inbox_of_its_own)
{
    uint64_t backlog[2][3];
    submit_through(WEFT_EXECUTOR_CONFIG(.pool = pool, .priority = WEFT_PRIORITY_LOW), backlog);
    cr_assert_eq(backlog[0][0] + backlog[1][0], 1);
}

/* ---- what was taken over ------------------------------------------------------------------------- */

enum { MANY = 100 };

/* On the only worker: gets the first ones in the order in which it submitted them; what is left in its queue then. */
static int get_the_oldest(void *left)
{
    weft_future *future[MANY];
    weft_executor *own;
    int status;
    if (weft_pool_executor(NULL, &own))
        return -1;
    for (int i = 0; i < MANY; i++)
        if (weft_submit(own, count_up, &ran, &future[i]))
            return -1;
    for (int i = 0; i < MANY / 2; i++)
        if (weft_future_get(future[i], &status) || status)
            return -1;
    *(size_t *)left = wf_run_queue_backlog(&wf_self()->place->queue);
    for (int i = 0; i < MANY; i++)
        weft_future_release(future[i]);
    return 0;
}

/* Behind one that it does not get it submits two, again and again, and gets the older one first. */
static int get_between_others(void *left)
{
    weft_future *first, *older, *newer;
    weft_executor *own;
    int err = weft_pool_executor(NULL, &own);
    err = err ? err : weft_submit(own, count_up, &ran, &first);
    for (int i = 0; i < MANY / 2 && !err; i++) {
        err = weft_submit(own, count_up, &ran, &older) || weft_submit(own, count_up, &ran, &newer) ||
              weft_future_get(older, NULL) || weft_future_get(newer, NULL);
        weft_future_release(older);
        weft_future_release(newer);
    }
    *(size_t *)left = wf_run_queue_backlog(&wf_self()->place->queue);
    weft_future_release(first);
    return err;
}

/* How many are left in the queue. */
static size_t left_by(int (*body)(void *left))
{
    weft_executor *own;
    weft_pool *one;
    size_t left = 0;
    int status;
    cr_assert_eq(weft_pool_create(
                     &one, WEFT_POOL_CONFIG(.workers = 1, .take_over = WEFT_NONE, .spare_max = WEFT_NONE)),
                 0);
    cr_assert_eq(weft_pool_executor(one, &own), 0);
    cr_assert_eq(weft_apply(own, body, &left, &status), 0);
    cr_assert_eq(status, 0);
    cr_assert_eq(weft_pool_destroy(one), 0);
    return left;
}

Test(tasks_of_one, what_was_taken_over_does_not_pile_up)
{
    cr_assert_eq(left_by(get_the_oldest), MANY / 2);
    cr_assert_eq(ran, MANY);
}

Test(tasks_of_one, nor_does_it_between_others)
{
    cr_assert_eq(left_by(get_between_others), 1);
    cr_assert_eq(ran, MANY + 1);
}
