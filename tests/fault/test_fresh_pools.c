/* SPDX-License-Identifier: MIT */
/* test_fresh_pools.c - 2,000 pools with one task each: the first thing that a pool ever does, and the last.
 *
 * - Its task meets workers that have not begun to run yet, look round for the first time, or fall asleep. It is waited
 *   for by get, in the test's own way (so that only workers run it), or by destroy alone.
 */
#include "scenes.h"

enum { POOLS = 2000 };

static weft_pool *fresh_pool(int i)
{
    weft_pool *pool = NULL;
    int err = weft_pool_create(
        &pool, WEFT_POOL_CONFIG(.workers = 1 + i % 3, .flat = 1, .take_over = i % 2 ? WEFT_NONE : 0));
    return CHECK(err == 0, "pool %d: %d", i, err) ? pool : NULL;
}

static int first_task(void *arg)
{
    did(1);
    if (arg)
        sem_post(arg);
    return 9;
}

static void by_get(weft_executor *executor)
{
    weft_future *future;
    int status = -1;
    if (CHECK(weft_submit(executor, first_task, NULL, &future) == 0, "submit"))
        CHECK(weft_future_get(future, &status) == 0 && status == 9, "get: status %d", status);
    weft_future_release(future);
}

static void by_semaphore(weft_executor *executor, sem_t *semaphore)
{
    if (CHECK(weft_submit(executor, first_task, semaphore, NULL) == 0, "submit"))
        wait_for(semaphore);
}

static void one_pool(int i, sem_t *semaphore)
{
    weft_executor *executor;
    weft_pool *pool = fresh_pool(i);
    if (!pool || !CHECK(weft_pool_executor(pool, &executor) == 0, "executor"))
        return;
    if (dice((uint64_t)i) % 4 == 0) /* else: before its threads have begun, mostly */
        pass((int64_t)(dice((uint64_t)i) >> 32) % 100000);
    if (i / 3 % 3 == 0)
        by_get(executor);
    else if (i / 3 % 3 == 1)
        by_semaphore(executor, semaphore);
    else
        CHECK(weft_submit(executor, first_task, NULL, NULL) == 0, "submit");
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    long came = done_since();
    CHECK(came == 1, "pool %d of %d workers: its task ran %ld times", i, 1 + i % 3, came);
}

int main(void)
{
    sem_t semaphore;
    tally_watch(360);
    scenes_start();
    sem_init(&semaphore, 0, 0);
    atomic_store(&scenes_under, "fresh pools");
    for (int i = 0; i < POOLS; i++) {
        scene("one task");
        one_pool(i, &semaphore);
    }
    scene(NULL);
    sem_destroy(&semaphore);
    return tally_end();
}
