/* SPDX-License-Identifier: MIT */
/* test_limit_ways.c - limits beside all else that a task may have: queues, engines, times, groups. */
#include "permits.h"

/* ---- queues, engines, times, groups -------------------------------------------------------------- */

PROMISE(the_line_counts_as_waiting_for_a_full_queue)
{
    weft_pool *pool = sem_pool();
    weft_executor *rejects =
        make(WEFT_EXECUTOR_CONFIG(.pool = pool, .queue_limit = 3, .when_full = WEFT_REJECT));
    weft_limit *limit = limit_of(1);
    weft_future *futures[3];
    struct fate fate[4] = {0};
    struct keeper k;
    keep_one(&k, limit);
    for (int i = 0; i < 3; i++)
        futures[i] = submit(rejects, SPEC(FATE(&fate[i]), .limit = limit));
    weft_future *none;
    cr_assert_eq(weft_submit_task(rejects, SPEC(FATE(&fate[3]), .limit = limit), &none), -EAGAIN);
    cr_assert_null(none);
    cr_assert_eq(weft_future_cancel(futures[1]), 0);
    weft_future *fourth = submit(rejects, SPEC(FATE(&fate[3]), .limit = limit));
    keeper_ends(&k);
    cr_assert_eq(get(futures[0]), 0);
    cr_assert_eq(get(futures[1]), -ECANCELED);
    cr_assert_eq(get(futures[2]), 0);
    cr_assert_eq(get(fourth), 0);
    cr_assert_eq(weft_executor_destroy(rejects), 0);
    weft_limit_release(limit);
    sem_end(pool);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(atomic_load(&fate[i].destroyed), 1);
}

struct submitter {
    weft_executor *door;
    weft_limit *limit;
    atomic_int runs;
    int err;
};

static void *submits_many(void *arg)
{
    struct submitter *s = arg;
    for (int i = 0; i < LINE && !s->err; i++)
        s->err = weft_submit_task(s->door, SPEC(.fn = counted, .arg = &s->runs, .limit = s->limit), NULL);
    return NULL;
}

/* From outside CALLER_RUNS waits for room, for the caller has no permit. */
static void waits_for_room(int when_full)
{
    weft_pool *pool = sem_pool();
    struct submitter s = {
        .door = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .queue_limit = 3, .when_full = when_full)),
        .limit = limit_of(1)};
    struct keeper k;
    keep_one(&k, s.limit);
    pthread_t thread = thread_start(submits_many, &s, 0);
    while (state_of(s.limit).waiting < 3)
        sched_yield();
    keeper_ends(&k);
    pthread_join(thread, NULL);
    cr_assert_eq(s.err, 0);
    cr_assert_eq(weft_executor_destroy(s.door), 0);
    cr_assert_eq(atomic_load(&s.runs), LINE);
    weft_limit_release(s.limit);
    sem_end(pool);
}

PROMISE(a_full_executor_makes_its_submitter_wait)
{
    waits_for_room(WEFT_BLOCK);
    waits_for_room(WEFT_CALLER_RUNS);
}

PROMISE(a_serial_executor_runs_what_its_waiter_needs)
{
    weft_pool *pool = sem_pool();
    weft_executor *serial[2];
    weft_limit *limit = limit_of(1);
    weft_future *futures[LINE];
    struct line line = {0};
    struct stand stand[LINE];
    for (int i = 0; i < 2; i++)
        serial[i] = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL));
    for (int i = 0; i < LINE; i++) {
        stand[i] = (struct stand){&line, i};
        futures[i] = submit(serial[i % 2], SPEC(.fn = note, .arg = &stand[i], .limit = limit));
    }
    cr_assert_eq(line.next, 0, "nobody waits");
    for (int i = LINE - 1; i >= 0; i--)
        cr_assert_eq(get(futures[i]), 0);
    for (int i = 0; i < LINE; i++)
        cr_assert_eq(line.order[i], i);
    cr_assert_eq(weft_submit_task(serial[0], SPEC(.fn = note, .arg = &stand[0], .limit = limit), NULL), 0);
    line.next = 0;
    for (int i = 0; i < 2; i++)
        cr_assert_eq(weft_executor_destroy(serial[i]), 0);
    cr_assert_eq(line.next, 1);
    weft_limit_release(limit);
    sem_end(pool);
}

/* A waiter of a serial executor's task is told when it has its permit: nobody else may run it. */
PROMISE(a_serial_executors_waiter_sleeps_until_there_is_a_permit)
{
    weft_pool *pool = sem_pool();
    weft_executor *serial = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL));
    weft_limit *limit = limit_of(1);
    struct fate fate = {0};
    struct keeper k;
    keep_one(&k, limit);
    weft_future *future = submit(serial, SPEC(FATE(&fate), .limit = limit));
    cr_assert_eq(weft_future_wait(future, sem_in_ms(2)), -ETIMEDOUT);
    cr_assert_eq(weft_future_wait(future, 0), -ETIMEDOUT);
    let_go(&k);
    cr_assert_eq(get(future), 0);
    keeper_ends(&k);
    cr_assert_eq(weft_executor_destroy(serial), 0);
    weft_limit_release(limit);
    sem_end(pool);
    cr_assert(atomic_load(&fate.ran) == 1 && atomic_load(&fate.destroyed) == 1);
}

/* In a place where nobody else comes to them the waiter runs those that are before it. */
static struct {
    weft_executor *door;
    weft_limit *limit;
    struct line line;
    struct stand stand[LINE];
    int err;
} inside;

static int waits_for_the_last(void *arg)
{
    weft_future *last = NULL;
    int status = 1;
    (void)arg;
    for (int i = 0; i < LINE && !inside.err; i++) {
        weft_future_release(last);
        inside.stand[i] = (struct stand){&inside.line, i};
        inside.err = weft_submit_task(
            inside.door, SPEC(.fn = note, .arg = &inside.stand[i], .limit = inside.limit), &last);
    }
    if (!inside.err)
        inside.err = weft_future_get(last, &status);
    weft_future_release(last);
    return inside.err ? inside.err : status;
}

PROMISE(a_waiter_runs_those_before_it_in_line)
{
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .spare_max = WEFT_NONE)),
                 0);
    inside.door = sem_door(pool);
    inside.limit = limit_of(1);
    cr_assert_eq(get(submit(inside.door, SPEC(.fn = waits_for_the_last))), 0);
    cr_assert_eq(inside.line.next, LINE);
    for (int i = 0; i < LINE; i++)
        cr_assert_eq(inside.line.order[i], i);
    weft_limit_release(inside.limit);
    sem_end(pool);
}

PROMISE(a_time_to_begin_comes_first_then_the_line)
{
    weft_pool *pool = sem_pool();
    weft_limit *limit = limit_of(1);
    struct fate fate[3] = {0};
    struct keeper k;
    keep_one(&k, limit);
    int64_t soon = sem_in_ms(5);
    weft_future *timed = submit(sem_door(pool), SPEC(FATE(&fate[0]), .limit = limit, .start_ns = soon));
    weft_future *never =
        submit(sem_door(pool), SPEC(FATE(&fate[1]), .limit = limit, .start_ns = WEFT_FOREVER));
    cr_assert_eq(weft_future_cancel(never), 0);
    cr_assert_eq(get(never), -ECANCELED);
    while (!state_of(limit).waiting)
        sched_yield();
    cr_assert_geq(sem_in_ms(0), soon);
    weft_future *cancelled =
        submit(sem_door(pool), SPEC(FATE(&fate[2]), .limit = limit, .start_ns = sem_in_ms(1)));
    while (state_of(limit).waiting < 2)
        sched_yield();
    cr_assert_eq(weft_future_cancel(cancelled), 0);
    cr_assert_eq(get(cancelled), -ECANCELED);
    keeper_ends(&k);
    cr_assert_eq(get(timed), 0);
    weft_limit_release(limit);
    sem_end(pool);
    for (int i = 0; i < 3; i++)
        cr_assert(atomic_load(&fate[i].destroyed) == 1 && atomic_load(&fate[i].ran) == (i == 0));
}

PROMISE(a_time_that_comes_after_its_executors_end_cancels)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool));
    weft_limit *limit = limit_of(1);
    struct fate fate[2] = {0};
    weft_future *later = submit(executor, SPEC(FATE(&fate[0]), .limit = limit, .start_ns = WEFT_FOREVER));
    weft_future *soon =
        submit(sem_door(pool), SPEC(FATE(&fate[1]), .limit = limit, .start_ns = WEFT_FOREVER));
    cr_assert_eq(weft_executor_destroy(executor), 0);
    cr_assert_eq(get(later), -ECANCELED);
    sem_end(pool);
    cr_assert_eq(get(soon), -ECANCELED);
    weft_limit_release(limit);
    for (int i = 0; i < 2; i++)
        cr_assert(atomic_load(&fate[i].destroyed) == 1 && atomic_load(&fate[i].ran) == 0);
}

PROMISE(a_groups_tasks_have_limits_too)
{
    weft_pool *pool = sem_pool();
    weft_limit *limit = limit_of(2);
    weft_group *group;
    struct crowd c = {0};
    int status = 1;
    cr_assert_eq(weft_group_create(&group, WEFT_GROUP_CONFIG(.executor = sem_door(pool))), 0);
    for (int i = 0; i < LINE; i++)
        cr_assert_eq(weft_group_submit_task(group, SPEC(.fn = crowd_in, .arg = &c, .limit = limit), NULL), 0);
    cr_assert_eq(weft_group_wait(group, WEFT_FOREVER, &status), 0);
    cr_assert_eq(status, 0);
    cr_assert_eq(weft_group_destroy(group), 0);
    cr_assert_eq(atomic_load(&c.runs), LINE);
    cr_assert_leq(atomic_load(&c.most), 2);
    weft_limit_release(limit);
    sem_end(pool);
}

static int after(weft_future *before, void *arg)
{
    return atomic_fetch_add((atomic_int *)arg, 1), weft_future_status(before);
}

PROMISE(what_follows_begins_after_the_line)
{
    weft_pool *pool = sem_pool();
    weft_limit *limit = limit_of(1);
    weft_future *futures[LINE], *followers[LINE], *all;
    atomic_int runs = 0;
    struct keeper k;
    keep_one(&k, limit);
    for (int i = 0; i < LINE; i++) {
        futures[i] = submit(sem_door(pool), SPEC(.fn = counted, .arg = &runs, .limit = limit));
        cr_assert_eq(weft_future_then(futures[i], sem_door(pool), after, &runs, &followers[i]), 0);
    }
    cr_assert_eq(weft_when_all(followers, LINE, &all), 0);
    cr_assert_eq(atomic_load(&runs), 0);
    let_go(&k);
    cr_assert_eq(weft_future_get(all, NULL), 0);
    cr_assert_eq(atomic_load(&runs), 2 * LINE);
    keeper_ends(&k);
    weft_future_release(all);
    for (int i = 0; i < LINE; i++) {
        weft_future_release(futures[i]);
        weft_future_release(followers[i]);
    }
    weft_limit_release(limit);
    sem_end(pool);
}
