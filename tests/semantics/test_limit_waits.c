/* SPDX-License-Identifier: MIT */
/* test_limit_waits.c - waits for tasks of a limit that could never end. */
#include "permits.h"

/* ---- waits that could never end ------------------------------------------------------------------ */

static struct {
    weft_executor *door;
    weft_limit *limit;
    atomic_int inside, refused;
    char text[2][256];
} pair;

static int waits_for_its_like(void *arg)
{
    int own = (int)(intptr_t)arg, status = 0;
    weft_future *future;
    atomic_fetch_add(&pair.inside, 1);
    while (atomic_load(&pair.inside) < 2)
        sched_yield();
    int err = weft_submit_task(
        pair.door, SPEC(.fn = counted, .arg = &pair.inside, .label = "behind", .limit = pair.limit), &future);
    if (err)
        return err;
    err = weft_future_get(future, &status);
    weft_future_release(future);
    atomic_fetch_add(&pair.refused, err == -EDEADLK);
    return err ? err : 100 + own;
}

PROMISE(a_task_that_waits_for_its_own_permit_is_told)
{
    weft_pool *pool = sem_pool();
    pair.door = sem_door(pool);
    pair.limit = limit_of(1);
    atomic_store(&pair.inside, 1);
    weft_future *future = submit(sem_door(pool), SPEC(.fn = waits_for_its_like, .arg = (void *)1,
                                                      .label = "first", .limit = pair.limit));
    cr_assert_eq(weft_future_get(future, NULL), 0);
    cr_assert_str_eq(weft_future_error(future),
                     "deadlock: first waits for behind, which cannot begin before first has ended");
    cr_assert_eq(get(future), -EDEADLK);
    sem_end(pool);
    cr_assert_eq(atomic_load(&pair.inside), 3, "the other one ran then");
    weft_limit_release(pair.limit);
}

PROMISE(the_last_of_two_that_wait_for_their_permits_is_told)
{
    NEEDS_WORKERS(2);
    for (int i = 0; i < 50; i++) {
        weft_pool *pool = sem_pool();
        weft_future *futures[2];
        int status[2];
        pair.door = sem_door(pool);
        pair.limit = limit_of(2);
        atomic_store(&pair.inside, 0);
        atomic_store(&pair.refused, 0);
        for (int j = 0; j < 2; j++)
            futures[j] = submit(sem_door(pool), SPEC(.fn = waits_for_its_like, .arg = (void *)(intptr_t)j,
                                                     .label = j ? "one" : "two", .limit = pair.limit));
        for (int j = 0; j < 2; j++)
            status[j] = get(futures[j]);
        cr_assert_eq(atomic_load(&pair.refused), 1);
        cr_assert(status[0] == -EDEADLK ? status[1] == 101 : status[0] == 100 && status[1] == -EDEADLK);
        sem_end(pool);
        weft_limit_release(pair.limit);
    }
}

static int lowers_and_waits(void *arg)
{
    int err = weft_limit_set(pair.limit, 1);
    return err ? err : waits_for_its_like(arg);
}

/* What the other one gives back is one of two that are out, and but one is left: nobody gets it. */
PROMISE(a_task_that_waits_for_its_permit_above_a_lowered_limit_is_told)
{
    weft_pool *pool = sem_pool();
    struct keeper k;
    pair.door = sem_door(pool);
    pair.limit = limit_of(2);
    keep_one(&k, pair.limit);
    atomic_store(&pair.inside, 1);
    cr_assert_eq(get(submit(sem_door(pool), SPEC(.fn = lowers_and_waits, .limit = pair.limit))), -EDEADLK);
    keeper_ends(&k);
    sem_end(pool);
    cr_assert_eq(atomic_load(&pair.inside), 3, "the one behind ran then");
    weft_limit_release(pair.limit);
}

/* The serial engine's, too. */
PROMISE(a_serial_task_that_waits_for_its_own_permit_is_told)
{
    weft_pool *pool = sem_pool();
    pair.door = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL));
    pair.limit = limit_of(1);
    atomic_store(&pair.inside, 1);
    cr_assert_eq(get(submit(pair.door, SPEC(.fn = waits_for_its_like, .limit = pair.limit))), -EDEADLK);
    cr_assert_eq(weft_executor_destroy(pair.door), 0);
    cr_assert_eq(atomic_load(&pair.inside), 3);
    weft_limit_release(pair.limit);
    sem_end(pool);
}

/* Another one has the permit and runs: it is waited for, with another limit's permit in hand. */
static int waits_for_another_limit(void *arg)
{
    int status = 1;
    atomic_store(&pair.inside, 1);
    int err = weft_future_get(arg, &status);
    return err ? err : status;
}

PROMISE(a_permit_that_somebody_will_give_back_is_waited_for)
{
    weft_pool *pool = sem_pool();
    weft_limit *limit = limit_of(1), *other = limit_of(1);
    atomic_int runs = 0;
    struct keeper k, waiter = {0};
    keep_one(&k, limit);
    weft_future *behind = submit(sem_door(pool), SPEC(.fn = counted, .arg = &runs, .limit = limit));
    atomic_store(&pair.inside, 0);
    cr_assert_eq(weft_pool_create(&waiter.pool, WEFT_POOL_CONFIG(.workers = 1)), 0);
    weft_future *waits =
        submit(sem_door(waiter.pool), SPEC(.fn = waits_for_another_limit, .arg = behind, .limit = other));
    flag_wait(&pair.inside);
    keeper_ends(&k);
    cr_assert_eq(get(waits), 0);
    cr_assert_eq(get(behind), 0);
    weft_limit_release(limit);
    weft_limit_release(other);
    sem_end(waiter.pool);
    sem_end(pool);
}
