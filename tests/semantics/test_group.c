/* SPDX-License-Identifier: MIT */
/* Tasks of a group: all are waited for, the first error is told, and stops the others where that is asked for. */
#include "sem.h"

#define MANY 500

static weft_group *make(const weft_group_config *config)
{
    weft_group *group = NULL;
    int err = weft_group_create(&group, config);
    cr_assert_eq(err, 0, "%s", weft_strerror(err));
    return group;
}

static int count_up(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static void counts(weft_executor *executor)
{
    atomic_int ran = 0;
    int status = -1;
    weft_group *group = make(WEFT_GROUP_CONFIG(.executor = executor));
    for (int round = 1; round <= 2; round++) {
        for (int i = 0; i < MANY; i++)
            cr_assert_eq(weft_group_submit(group, count_up, &ran), 0);
        cr_assert_eq(weft_group_wait(group, WEFT_FOREVER, &status), 0);
        cr_assert_eq(status, 0);
        cr_assert_eq(ran, round * MANY, "and more may follow");
    }
    cr_assert_str_eq(weft_group_error_text(group), weft_strerror(0));
    cr_assert_eq(weft_group_destroy(group), 0);
}

PROMISE(a_group_waits_for_all_its_tasks)
{
    weft_pool *pool = sem_pool();
    weft_executor *one, *serial;
    weft_executor_create(&one, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1));
    weft_executor_create(&serial, WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL));
    counts(sem_door(pool));
    counts(one);
    counts(serial);
    weft_executor_destroy(one);
    weft_executor_destroy(serial);
    sem_end(pool);
}

PROMISE(destroy_waits_too)
{
    weft_pool *pool = sem_pool();
    atomic_int ran = 0;
    weft_group *group = make(WEFT_GROUP_CONFIG(.executor = sem_door(pool)));
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(weft_group_submit(group, count_up, &ran), 0);
    cr_assert_eq(weft_group_destroy(group), 0);
    cr_assert_eq(ran, MANY);
    sem_end(pool);
}

/* ---- errors ------------------------------------------------------------------------------------- */

static int fail(void *arg)
{
    (void)arg;
    return weft_fail(-EIO, "no %s today", "bread");
}

static int until_stopped(void *arg)
{
    while (!weft_should_stop())
        sched_yield();
    atomic_fetch_add((atomic_int *)arg, 1);
    return -ECANCELED;
}

PROMISE(the_first_error_stops_the_others_if_asked)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    atomic_int ran = 0;
    int status = 0;
    weft_group *group = make(WEFT_GROUP_CONFIG(.executor = sem_door(pool), .on_error = WEFT_STOP_OTHERS));
    for (int i = 0; i < sem_threads() - 1; i++)
        cr_assert_eq(weft_group_submit(group, until_stopped, &ran), 0);
    cr_assert_eq(weft_group_submit(group, fail, NULL), 0);
    cr_assert_eq(weft_group_wait(group, sem_in_ms(600000), &status), 0);
    cr_assert_eq(status, -EIO, "what stopped is no error of its own");
    cr_assert_str_eq(weft_group_error_text(group), "no bread today");
    int stopped = ran;
    cr_assert_eq(weft_group_submit(group, count_up, &ran), 0);
    cr_assert_eq(weft_group_destroy(group), 0);
    cr_assert_eq(ran, stopped, "to a stopped group nothing is added");
    sem_end(pool);
}

PROMISE(without_that_all_run)
{
    weft_pool *pool = sem_pool();
    atomic_int ran = 0;
    int status = 0;
    weft_group *group = make(WEFT_GROUP_CONFIG(.executor = sem_door(pool)));
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(weft_group_submit(group, i == 7 ? fail : count_up, &ran), 0);
    cr_assert_eq(weft_group_wait(group, WEFT_FOREVER, &status), 0);
    cr_assert(status == -EIO && ran == MANY - 1);
    cr_assert_eq(weft_group_destroy(group), 0);
    sem_end(pool);
}

/* ---- stopping ----------------------------------------------------------------------------------- */

PROMISE(a_stopped_group_cancels_what_has_not_begun)
{
    weft_pool *pool = sem_pool();
    weft_executor *serial;
    atomic_int ran = 0;
    int status = 0;
    weft_executor_create(&serial, WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL));
    weft_group *group = make(WEFT_GROUP_CONFIG(.executor = serial));
    for (int i = 0; i < 5; i++)
        cr_assert_eq(weft_group_submit(group, count_up, &ran), 0);
    cr_assert_eq(weft_group_stop(group), 0);
    cr_assert_eq(weft_group_stop(group), -EALREADY);
    cr_assert_eq(weft_group_wait(group, WEFT_FOREVER, &status), 0);
    cr_assert(status == -ECANCELED && ran == 0);
    cr_assert_str_eq(weft_group_error_text(group), weft_strerror(-ECANCELED));
    cr_assert_eq(weft_group_destroy(group), 0);
    weft_executor_destroy(serial);
    sem_end(pool);
}

PROMISE(a_deadline_stops_a_group)
{
    weft_pool *pool = sem_pool();
    atomic_int ran = 0;
    int status = 0;
    weft_group *group = make(WEFT_GROUP_CONFIG(.executor = sem_door(pool), .deadline_ns = sem_in_ms(2)));
    cr_assert_eq(weft_group_submit(group, until_stopped, &ran), 0);
    cr_assert_eq(weft_group_wait(group, WEFT_FOREVER, &status), 0);
    cr_assert_eq(status, -ECANCELED);
    cr_assert_eq(weft_group_destroy(group), 0);
    sem_end(pool);
}

static int inner_group(void *arg)
{
    weft_group *outer = arg, *inner;
    atomic_int ran = 0;
    int status = 0, err = weft_group_create(&inner, WEFT_GROUP_CONFIG(.stop = weft_group_token(outer)));
    if (!err)
        err = weft_group_submit(inner, until_stopped, &ran);
    if (!err)
        err = weft_group_stop(outer);
    if (!err)
        err = weft_group_wait(inner, WEFT_FOREVER, &status);
    weft_group_destroy(inner);
    return err ? err : status == -ECANCELED ? 0 : 99;
}

PROMISE(a_group_within_another_is_stopped_with_it)
{
    weft_pool *pool = sem_pool();
    weft_group *outer = make(WEFT_GROUP_CONFIG(.executor = sem_door(pool)));
    int status;
    weft_future *future;
    weft_task_spec spec = {.size = sizeof spec, .fn = inner_group, .arg = outer};
    cr_assert_eq(weft_group_submit_task(outer, &spec, &future), 0);
    cr_assert_eq(weft_future_get(future, &status), 0);
    cr_assert_eq(status, 0);
    weft_future_release(future);
    cr_assert_eq(weft_group_destroy(outer), 0);
    sem_end(pool);
}

/* ---- from inside -------------------------------------------------------------------------------- */

struct inside {
    weft_group *group;
    atomic_int ran;
    int wait, destroy;
};

static int add_more_and_wait(void *arg)
{
    struct inside *in = arg;
    for (int i = 0; i < 10; i++)
        if (weft_group_submit(in->group, count_up, &in->ran))
            return -1;
    in->wait = weft_group_wait(in->group, WEFT_FOREVER, NULL);
    in->destroy = weft_group_destroy(in->group);
    return 0;
}

PROMISE(a_task_may_add_to_its_group_but_not_wait_for_it)
{
    weft_pool *pool = sem_pool();
    struct inside in = {.group = make(WEFT_GROUP_CONFIG(.executor = sem_door(pool)))};
    int status = -1;
    cr_assert_eq(weft_group_submit(in.group, add_more_and_wait, &in), 0);
    cr_assert_eq(weft_group_wait(in.group, WEFT_FOREVER, &status), 0);
    cr_assert(status == 0 && in.ran == 10);
    cr_assert(in.wait == -EDEADLK && in.destroy == -EDEADLK);
    cr_assert_eq(weft_group_destroy(in.group), 0);
    sem_end(pool);
}

PROMISE(a_wait_for_a_group_can_time_out)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    atomic_int ran = 0;
    weft_group *group = make(WEFT_GROUP_CONFIG(.executor = sem_door(pool)));
    cr_assert_eq(weft_group_submit(group, until_stopped, &ran), 0);
    cr_assert_eq(weft_group_wait(group, sem_in_ms(2), NULL), -ETIMEDOUT);
    cr_assert_eq(weft_group_stop(group), 0);
    cr_assert_eq(weft_group_destroy(group), 0);
    sem_end(pool);
}

/* Nor goes to the one that gets its record. */
PROMISE(what_is_submitted_after_the_executor_is_gone_is_refused)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor;
    atomic_int ran = 0;
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)), 0);
    weft_group *group = make(WEFT_GROUP_CONFIG(.executor = executor));
    cr_assert_eq(weft_group_submit(group, count_up, &ran), 0);
    cr_assert_eq(weft_executor_destroy(executor), 0);
    cr_assert_eq(weft_group_submit(group, count_up, &ran), -ESHUTDOWN);
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)), 0);
    cr_assert_eq(weft_group_submit(group, count_up, &ran), -ESHUTDOWN);
    cr_assert_eq(weft_group_destroy(group), 0);
    cr_assert_eq(weft_executor_destroy(executor), 0);
    cr_assert_eq(ran, 1);
    sem_end(pool);
}

PROMISE(bad_arguments)
{
    weft_group *group = (weft_group *)(uintptr_t)1;
    weft_stop *stop;
    cr_assert_eq(weft_group_create(NULL, NULL), -EINVAL);
    cr_assert_eq(weft_group_create(&group, WEFT_GROUP_CONFIG(.on_error = 9)), -EINVAL);
    cr_assert_null(group);
    cr_assert_eq(weft_group_submit(NULL, count_up, NULL), -EINVAL);
    cr_assert_eq(weft_group_wait(NULL, 0, NULL), -EINVAL);
    cr_assert_eq(weft_group_stop(NULL), -EINVAL);
    cr_assert_eq(weft_group_destroy(NULL), 0);
    cr_assert_null(weft_group_token(NULL));
    group = make(NULL);
    cr_assert_eq(weft_group_submit(group, NULL, NULL), -EINVAL);
    cr_assert_eq(weft_stop_create(&stop, NULL, WEFT_FOREVER), 0);
    weft_task_spec spec = {.size = sizeof spec, .fn = count_up, .stop = stop};
    cr_assert_eq(weft_group_submit_task(group, &spec, NULL), -EINVAL, "it has the group's token");
    weft_stop_release(stop);
    cr_assert_eq(weft_group_destroy(group), 0);
}
