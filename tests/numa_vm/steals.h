/* SPDX-License-Identifier: MIT */
/* steals.h - who is stolen from first, and how steals are counted.
 *
 * - What is in queues when the only thief begins decides its whole order: nothing here hangs on time.
 */
#ifndef WEFT_TESTS_STEALS_H
#define WEFT_TESTS_STEALS_H

#include "inside.h"

static int first_on(weft_pool *pool, int node)
{
    int i = 0;
    while (i + 1 < workers && worker_of(pool, i).node != node)
        i++;
    return i;
}

/* Two workers that have tasks in their queues, and one that is to take them; all others are kept busy. */
static struct {
    atomic_int begun, queued, taken, foreign;
    int rich[2], thief;
    atomic_int from[2 * TASKS]; /* whose the thief took, in its order */
    weft_future *future[2][TASKS];
} scene;

/* rich: which one. */
static int to_be_taken(void *rich)
{
    if (weft_worker_index() == scene.thief)
        atomic_store(&scene.from[atomic_fetch_add(&scene.taken, 1)], *(int *)rich);
    else
        atomic_fetch_add(&scene.foreign, 1);
    return 0;
}

static void fill_own_queue(int rich)
{
    for (int i = 0; i < TASKS; i++)
        CHECK(weft_submit(NULL, to_be_taken, &scene.rich[rich], &scene.future[rich][i]) == 0, "submit");
    atomic_fetch_add(&scene.queued, TASKS);
}

/* As meet(): each worker has one. The thief's ends when the queues are full, the others' when they are empty. */
static int rich_or_thief(void *arg)
{
    int self = weft_worker_index();
    (void)arg;
    atomic_fetch_add(&scene.begun, 1);
    while (atomic_load(&scene.begun) < workers)
        sched_yield();
    if (self == scene.rich[0] || self == scene.rich[1])
        fill_own_queue(self == scene.rich[1]);
    while (atomic_load(&scene.queued) < 2 * TASKS ||
           (self != scene.thief && atomic_load(&scene.taken) < 2 * TASKS))
        sched_yield();
    return 0;
}

static void one_steals(weft_pool *pool, int thief)
{
    int node = worker_of(pool, thief).node, wrong = 0;
    atomic_store(&scene.begun, 0);
    atomic_store(&scene.queued, 0);
    atomic_store(&scene.taken, 0);
    scene.thief = thief;
    one_for_each(pool, rich_or_thief, NULL, &scene.begun);
    for (int i = 0; i < 2 * TASKS; i++)
        weft_future_release(scene.future[i / TASKS][i % TASKS]);
    int first = worker_of(pool, scene.rich[0]).node, second = worker_of(pool, scene.rich[1]).node;
    int near = distance(node, first) < distance(node, second) ? 0 : 1;
    for (int i = 0; i < TASKS; i++)
        wrong += atomic_load(&scene.from[i]) != scene.rich[near];
    CHECK(wrong == 0, "worker %d on node %d took %d of %d from far away first", thief, node, wrong, TASKS);
}

/* One in the first node is rich, and one as far away as can be: a thief takes all from the one that is nearer to it, and
 * then from the other. */
static void near_ones_are_stolen_from_first(weft_pool *pool)
{
    scene.rich[0] = first_on(pool, 0);
    scene.rich[1] = first_on(pool, nodes / 2);
    for (int i = 0; i < workers; i++)
        if (i != scene.rich[0] && i != scene.rich[1])
            one_steals(pool, i);
    CHECK(atomic_load(&scene.foreign) == 0, "%d were taken by others", atomic_load(&scene.foreign));
}

/* ---- loops --------------------------------------------------------------------------------------- */

/* All but the thief have a loop of three items and stay in the second one; the last ones are there for the thief. The first has
 * lasted long: what is left is known to be worth a cut at the first look, so that no look depends on when the one before was. */
static struct {
    atomic_int begun, open, taken, foreign;
    int thief;
    atomic_int owner[CPUS_MAX]; /* whose the thief took, in its order */
} field;

enum { LONG_NS = 1000000 }; /* at least: a hundred blocks */

static void last_long(int64_t ns)
{
    struct timespec begun, now;
    (void)clock_gettime(CLOCK_MONOTONIC, &begun);
    do
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - begun.tv_sec) * 1000000000 + now.tv_nsec - begun.tv_nsec < ns);
}

static void stay_or_take(size_t begin, size_t end, void *owner)
{
    int self = weft_worker_index();
    for (size_t i = begin; i < end; i++)
        if (self == field.thief) {
            atomic_store(&field.owner[atomic_load(&field.taken)], *(int *)owner);
            atomic_fetch_add(&field.taken, 1);
        } else {
            atomic_fetch_add(&field.foreign, i > 1 || self != *(int *)owner);
            last_long(i == 0 ? LONG_NS : 0);
            atomic_fetch_add(&field.open, i == 1);
            while (i > 0 && atomic_load(&field.taken) < workers - 1)
                sched_yield();
        }
}

static int loop_or_thief(void *arg)
{
    int self = weft_worker_index();
    (void)arg;
    atomic_fetch_add(&field.begun, 1);
    while (atomic_load(&field.begun) < workers)
        sched_yield();
    if (self != field.thief)
        return weft_parallel_for(NULL, 0, 3, stay_or_take, &self);
    while (atomic_load(&field.open) < workers - 1)
        sched_yield();
    return 0;
}

/* By the kernel's word. */
static int how_far(weft_pool *pool, int worker, int other)
{
    weft_worker_info a = worker_of(pool, worker), b = worker_of(pool, other);
    return same_core(a.pu, b.pu) ? 0 : distance(a.node, b.node);
}

static int cuts_of(weft_pool *pool, int worker)
{
    weft_counters c = WEFT_COUNTERS_INIT;
    CHECK(weft_pool_counters(pool, worker, &c) == 0, "counters");
    return (int)c.cuts;
}

static void one_cuts(weft_pool *pool, int thief)
{
    int wrong = 0, cuts = cuts_of(pool, thief);
    memset(&field, 0, sizeof field);
    field.thief = thief;
    one_for_each(pool, loop_or_thief, NULL, &field.begun);
    for (int i = 1; i < workers - 1; i++)
        wrong += how_far(pool, thief, field.owner[i - 1]) > how_far(pool, thief, field.owner[i]);
    CHECK(wrong == 0, "worker %d went %d times to a nearer one after one farther away", thief, wrong);
    CHECK(cuts_of(pool, thief) == cuts + workers - 1, "each of them was counted");
    CHECK(atomic_load(&field.foreign) == 0, "%d were taken by others", atomic_load(&field.foreign));
}

/* Equal work at all distances: what an idle worker takes first, second and so on are those on its core, on its node, on near
 * nodes, on far ones. */
static void loops_are_cut_near_before_far(weft_pool *pool)
{
    for (int thief = 0; thief < workers; thief++)
        one_cuts(pool, thief);
}

/* ---- children ------------------------------------------------------------------------------------ */

static atomic_long moved[CPUS_MAX][CPUS_MAX]; /* children by who forked and who ran them */
static atomic_int moves;

WEFT_TASK_VOID(child_of, int)

void child_of(int from)
{
    if (weft_worker_index() != from) {
        atomic_fetch_add(&moved[from][weft_worker_index()], 1);
        atomic_fetch_add(&moves, 1);
    }
    compute(5000);
}

/* Until one of them is stolen the owner stays in a long call, from which they are given away. */
static int fork_many(void *arg)
{
    enum { CHILDREN = 200 };
    weft_handle(child_of) handles[CHILDREN];
    int self = weft_worker_index(), before = atomic_load(&moves);
    (void)arg;
    for (int i = 0; i < CHILDREN; i++)
        weft_fork_at(child_of, &handles[i], self);
    while (atomic_load(&moves) == before)
        sched_yield();
    for (int i = CHILDREN - 1; i >= 0; i--)
        weft_join(child_of, handles[i]);
    return 0;
}

static void steals_are_counted_by_distance(weft_pool *pool)
{
    long same = 0, other = 0;
    weft_counters c = WEFT_COUNTERS_INIT;
    for (int i = 0; i < 20; i++) {
        weft_future *future = NULL;
        CHECK(weft_submit(door(pool), fork_many, NULL, &future) == 0, "submit");
        CHECK(weft_future_get(future, NULL) == 0, "get");
        weft_future_release(future);
    }
    CHECK(weft_pool_counters(pool, -1, &c) == 0, "counters");
    for (int from = 0; from < workers; from++)
        for (int to = 0; to < workers; to++)
            *(worker_of(pool, from).node == worker_of(pool, to).node ? &same : &other) += moved[from][to];
    printf("steals: %ld on a node, %ld between nodes\n", same, other);
    CHECK(same == (long)(c.steals[WEFT_STEAL_CORE] + c.steals[WEFT_STEAL_L2] + c.steals[WEFT_STEAL_CACHE] +
                         c.steals[WEFT_STEAL_NODE]),
          "%ld on a node were counted otherwise", same);
    CHECK(other == (long)(c.steals[WEFT_STEAL_PACKAGE] + c.steals[WEFT_STEAL_MACHINE]),
          "%ld between nodes were counted otherwise", other);
}

#endif
