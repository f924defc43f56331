/* SPDX-License-Identifier: MIT */
/* test_limit.c - at most so many tasks of a kind at a time, whatever executor or pool they go through; another number. */
#include "permits.h"

/* ---- how many run -------------------------------------------------------------------------------- */

static void at_most(int n)
{
    weft_pool *pool[2] = {sem_pool(), sem_pool()};
    weft_executor *door[4] = {sem_door(pool[0]), make(WEFT_EXECUTOR_CONFIG(.pool = pool[0], .limit = 3)),
                              make(WEFT_EXECUTOR_CONFIG(.pool = pool[1], .priority = WEFT_PRIORITY_HIGH)),
                              sem_door(pool[1])};
    weft_limit *limit = limit_of(n);
    struct crowd c = {0};
    static weft_future *futures[400];
    for (int i = 0; i < 400; i++)
        futures[i] = submit(door[i % 4], SPEC(.fn = crowd_in, .arg = &c, .limit = limit));
    for (int i = 0; i < 400; i++)
        cr_assert_eq(get(futures[(i * 7) % 400]), 0);
    cr_assert_eq(atomic_load(&c.runs), 400);
    cr_assert_leq(atomic_load(&c.most), n);
    for (weft_limit_state s = state_of(limit); s.running + s.ready + s.waiting; s = state_of(limit))
        sched_yield(); /* who ended the last one gives its permit back */
    cr_assert_eq(weft_executor_destroy(door[1]), 0);
    cr_assert_eq(weft_executor_destroy(door[2]), 0);
    weft_limit_release(limit);
    sem_end(pool[0]);
    sem_end(pool[1]);
}

PROMISE(one_at_a_time_over_executors_and_pools)
{
    at_most(1);
}

PROMISE(three_at_a_time_over_executors_and_pools)
{
    at_most(3);
}

/* Host threads that submit and wait at once, so that waiters take over what they can. */
static struct {
    weft_executor *door;
    weft_limit *limit;
    struct crowd crowd;
} shared;

static void *submits_and_waits(void *arg)
{
    for (int i = 0; i < 100; i++) {
        weft_future *future;
        int status = 1;
        if (weft_submit_task(shared.door, SPEC(.fn = crowd_in, .arg = &shared.crowd, .limit = shared.limit),
                             &future) ||
            weft_future_get(future, &status) || status)
            return arg;
        weft_future_release(future);
    }
    return NULL;
}

PROMISE(waiters_do_not_run_above_the_limit)
{
    weft_pool *pool = sem_pool();
    pthread_t thread[6];
    shared.door = sem_door(pool);
    shared.limit = limit_of(2);
    for (int i = 0; i < 6; i++)
        thread[i] = thread_start(submits_and_waits, &shared, 0);
    for (int i = 0; i < 6; i++) {
        void *failed;
        pthread_join(thread[i], &failed);
        cr_assert_null(failed);
    }
    cr_assert_eq(atomic_load(&shared.crowd.runs), 600);
    cr_assert_leq(atomic_load(&shared.crowd.most), 2);
    weft_limit_release(shared.limit);
    sem_end(pool);
}

/* One at a time: the order needs no lock. */
PROMISE(first_come_first_served)
{
    weft_pool *pool = sem_pool();
    weft_executor *slow = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .priority = WEFT_PRIORITY_LOW));
    weft_limit *limit = limit_of(1);
    weft_future *futures[LINE];
    struct line line = {0};
    struct stand stand[LINE];
    struct keeper k;
    keep_one(&k, limit);
    for (int i = 0; i < LINE; i++) {
        stand[i] = (struct stand){&line, i};
        futures[i] =
            submit(i % 2 ? slow : sem_door(pool), SPEC(.fn = note, .arg = &stand[i], .limit = limit));
    }
    cr_assert_eq(state_of(limit).waiting, LINE);
    cr_assert_eq(state_of(limit).running, 1);
    keeper_ends(&k);
    for (int i = LINE - 1; i >= 0; i--)
        cr_assert_eq(get(futures[i]), 0);
    for (int i = 0; i < LINE; i++)
        cr_assert_eq(line.order[i], i);
    cr_assert_eq(weft_executor_destroy(slow), 0);
    weft_limit_release(limit);
    sem_end(pool);
}

PROMISE(who_waits_in_line_holds_no_worker)
{
    weft_pool *pool = sem_pool();
    weft_limit *limit = limit_of(1);
    weft_future *futures[LINE];
    atomic_int runs = 0;
    struct keeper k;
    keep_one(&k, limit);
    for (int i = 0; i < LINE; i++)
        futures[i] = submit(sem_door(pool), SPEC(.fn = counted, .arg = &runs, .limit = limit));
    for (int i = 0; i < LINE; i++)
        cr_assert_eq(get(submit(sem_door(pool), SPEC(.fn = counted, .arg = &runs))), 0);
    cr_assert_eq(atomic_load(&runs), LINE, "the others went by");
    keeper_ends(&k);
    for (int i = 0; i < LINE; i++)
        cr_assert_eq(get(futures[i]), 0);
    cr_assert_eq(atomic_load(&runs), 2 * LINE);
    weft_limit_release(limit);
    sem_end(pool);
}

/* ---- another number ------------------------------------------------------------------------------ */

PROMISE(more_permits_let_more_go)
{
    NEEDS_WORKERS(3);
    weft_pool *pool = sem_pool();
    weft_limit *limit = limit_of(1);
    struct keeper k[3] = {0};
    weft_future *futures[3];
    for (int i = 0; i < 3; i++)
        futures[i] = submit(sem_door(pool), SPEC(.fn = keep, .arg = &k[i], .limit = limit));
    flag_wait(&k[0].runs);
    cr_assert_eq(state_of(limit).waiting, 2);
    cr_assert_eq(weft_limit_set(limit, 3), 0);
    flag_wait(&k[1].runs);
    flag_wait(&k[2].runs);
    cr_assert_eq(state_of(limit).running, 3);
    cr_assert_eq(weft_limit_set(limit, 1), 0);
    weft_future *fourth = submit(sem_door(pool), SPEC(.fn = counted, .arg = &k[0].runs, .limit = limit));
    let_go(&k[0]);
    cr_assert_eq(get(futures[0]), 0);
    let_go(&k[1]);
    cr_assert_eq(get(futures[1]), 0);
    cr_assert_eq(state_of(limit).waiting, 1, "there is one permit, and it is out");
    cr_assert_eq(state_of(limit).n, 1);
    let_go(&k[2]);
    cr_assert_eq(get(futures[2]), 0);
    cr_assert_eq(get(fourth), 0);
    weft_limit_release(limit);
    sem_end(pool);
}

/* ---- what makes no sense ------------------------------------------------------------------------- */

PROMISE(bad_input)
{
    weft_limit *limit = (weft_limit *)&limit;
    cr_assert_eq(weft_limit_create(NULL, 1, NULL), -EINVAL);
    cr_assert_eq(weft_limit_create(&limit, 0, NULL), -EINVAL);
    cr_assert_null(limit);
    cr_assert_eq(weft_limit_create(&limit, -1, NULL), -EINVAL);
    cr_assert_eq(weft_limit_set(NULL, 1), -EINVAL);
    weft_limit_state state = {.size = sizeof state};
    cr_assert_eq(weft_limit_inspect(NULL, &state), -EINVAL);
    weft_limit_retain(NULL);
    weft_limit_release(NULL);
    cr_assert_eq(weft_limit_create(&limit, 2, "0123456789012345678901234567890123456789"), 0);
    cr_assert_eq(weft_limit_set(limit, 0), -EINVAL);
    cr_assert_eq(weft_limit_inspect(limit, NULL), -EINVAL);
    state.size = 1;
    cr_assert_eq(weft_limit_inspect(limit, &state), -EINVAL);
    state.size = sizeof state;
    cr_assert_eq(weft_limit_inspect(limit, &state), 0);
    cr_assert_str_eq(state.name, "0123456789012345678901234567890");
    cr_assert_eq(state.n, 2);
    weft_limit_retain(limit);
    weft_limit_release(limit);
    weft_limit_release(limit);
    cr_assert_eq(weft_limit_create(&limit, 1, NULL), 0);
    cr_assert_eq(weft_limit_inspect(limit, &state), 0);
    cr_assert_str_eq(state.name, "limit");
    weft_limit_release(limit);
}
