/* SPDX-License-Identifier: MIT */
/* test_describe_victims.c - in which order a worker looks for work at the others, on machines that nobody owns. */
#include "sem.h"

#include <hwloc.h>

#define MOST 16

static weft_pool *pool_on(const char *synthetic, int workers, int workers_max)
{
    hwloc_topology_t t;
    cr_assert_eq(hwloc_topology_init(&t), 0);
    cr_assert_eq(hwloc_topology_set_synthetic(t, synthetic), 0);
    cr_assert_eq(hwloc_topology_load(t), 0);
    weft_pool *pool =
        sem_pool_with(WEFT_POOL_CONFIG(.workers = workers, .workers_max = workers_max, .topology = t));
    hwloc_topology_destroy(t);
    return pool;
}

/* The order of a worker is this one, and each that comes is so far. */
static void order_is(weft_pool *pool, int worker, int count, const int *victims, const int *distances)
{
    int seen[MOST], far[MOST];
    cr_assert_eq(weft_worker_victims(pool, worker, seen, far, MOST), count);
    for (int i = 0; i < count; i++) {
        cr_assert_eq(seen[i], victims[i], "worker %d, victim %d: %d", worker, i, seen[i]);
        cr_assert_eq(far[i], distances[i], "worker %d, victim %d: distance %d", worker, i, far[i]);
    }
}

PROMISE(near_workers_come_first_and_each_tells_how_far_it_is)
{
    weft_pool *pool = pool_on("pack:2 [numa] l3:1 core:4 pu:2", 16, 0);
    enum { CORE = WEFT_STEAL_CORE, L3 = WEFT_STEAL_CACHE, FAR = WEFT_STEAL_MACHINE };
    const int distances[] = {CORE, L3, L3, L3, L3, L3, L3, FAR, FAR, FAR, FAR, FAR, FAR, FAR, FAR};
    order_is(pool, 0, 15, (int[]){8, 1, 2, 3, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15}, distances);
    order_is(pool, 5, 15, (int[]){13, 6, 7, 12, 14, 15, 4, 9, 10, 11, 0, 1, 2, 3, 8}, distances);
    sem_end(pool);
}

PROMISE(every_level_of_the_machine_is_told_from_the_next)
{
    weft_pool *pool = pool_on("pack:2 numa:2 l3:2 l2:2 core:2 pu:2", 64, 0);
    int victims[63], distances[63], count[WEFT_STEAL_KINDS] = {0};
    cr_assert_eq(weft_worker_victims(pool, 7, victims, distances, 63), 63);
    for (int i = 0; i < 63; i++)
        count[distances[i]]++;
    const int expected[WEFT_STEAL_KINDS] = {1, 2, 4, 8, 16, 32, 0};
    for (int i = 0; i < WEFT_STEAL_KINDS; i++)
        cr_assert_eq(count[i], expected[i], "distance %d: %d", i, count[i]);
    sem_end(pool);
}

PROMISE(each_other_worker_comes_once_and_the_farther_ones_later)
{
    weft_pool *pool = sem_pool_with(WEFT_POOL_CONFIG(.workers = sem_workers(), .workers_max = sem_threads()));
    int threads = sem_threads(), victims[MOST], distances[MOST];
    for (int worker = 0; worker < threads; worker++) {
        bool met[MOST] = {false};
        cr_assert_eq(weft_worker_victims(pool, worker, victims, distances, MOST), threads - 1);
        for (int i = 0; i < threads - 1; i++) {
            cr_assert(victims[i] >= 0 && victims[i] < threads && victims[i] != worker && !met[victims[i]]);
            met[victims[i]] = true;
            cr_assert(distances[i] >= (i ? distances[i - 1] : 0) && distances[i] <= WEFT_STEAL_MACHINE);
        }
    }
    sem_end(pool);
}

PROMISE(only_what_there_is_room_for_is_written)
{
    weft_pool *pool = pool_on("pack:1 l3:1 core:5 pu:1", 5, 0);
    int victims[5] = {77, 77, 77, 77, 77}, distances[5] = {77, 77, 77, 77, 77};
    cr_assert_eq(weft_worker_victims(pool, 3, NULL, NULL, 0), 4);
    cr_assert_eq(weft_worker_victims(pool, 3, victims, distances, 2), 4);
    cr_assert(victims[0] == 4 && victims[1] == 0 && victims[2] == 77);
    cr_assert(distances[1] == WEFT_STEAL_CACHE && distances[2] == 77);
    cr_assert_eq(weft_worker_victims(pool, 3, victims, NULL, 5), 4, "nobody asks how far");
    cr_assert(victims[3] == 2 && victims[4] == 77);
    sem_end(pool);
}

PROMISE(workers_without_a_thread_are_in_the_order_and_have_one)
{
    weft_pool *pool = pool_on("pack:1 l3:1 core:4 pu:1", 1, 4);
    enum { L3 = WEFT_STEAL_CACHE };
    order_is(pool, 0, 3, (int[]){1, 2, 3}, (int[]){L3, L3, L3});
    order_is(pool, 2, 3, (int[]){3, 0, 1}, (int[]){L3, L3, L3});
    cr_assert_eq(weft_pool_resize(pool, 4), 0);
    order_is(pool, 2, 3, (int[]){3, 0, 1}, (int[]){L3, L3, L3});
    sem_end(pool);
}

PROMISE(without_a_machine_all_are_equally_far)
{
    weft_pool *pool = sem_pool_with(WEFT_POOL_CONFIG(.workers = 3, .flat = 1));
    int victims[2], distances[2];
    cr_assert_eq(weft_worker_victims(pool, 1, victims, distances, 2), 2);
    cr_assert(victims[0] == 2 || victims[0] == 0);
    for (int i = 0; i < 2; i++) /* those of one PU, where there are more workers than PUs */
        cr_assert(distances[i] == WEFT_STEAL_CACHE || distances[i] == WEFT_STEAL_CORE);
    sem_end(pool);
}

PROMISE(bad_arguments_are_refused_and_nothing_is_written)
{
    weft_pool *pool = pool_on("pack:1 l3:1 core:3 pu:1", 2, 3);
    int victims[3] = {77, 77, 77}, distances[3] = {77, 77, 77};
    cr_assert_eq(weft_worker_victims(pool, -1, victims, distances, 3), -EINVAL);
    cr_assert_eq(weft_worker_victims(pool, 3, victims, distances, 3), -EINVAL, "there are three records");
    cr_assert_eq(weft_worker_victims(pool, 0, NULL, distances, 3), -EINVAL);
    cr_assert_eq(weft_worker_victims(pool, 0, victims, distances, -1), -EINVAL);
    cr_assert(victims[0] == 77 && distances[0] == 77);
    sem_end(pool);
    pool = sem_pool_with(WEFT_POOL_CONFIG(.workers = WEFT_NONE));
    cr_assert_eq(weft_worker_victims(pool, 0, victims, distances, 3), -EINVAL, "it has no worker");
    sem_end(pool);
}

static void ask_inside(void *others)
{
    atomic_store((atomic_int *)others, weft_worker_victims(NULL, 0, NULL, NULL, 0));
}

PROMISE(inside_a_pool_null_is_that_pool)
{
    atomic_int others = 77;
    weft_pool *pool = pool_on("pack:1 core:6 pu:1", 6, 0);
    cr_assert_eq(weft_run(pool, ask_inside, &others), 0);
    cr_assert_eq(atomic_load(&others), 5);
    sem_end(pool);
}
