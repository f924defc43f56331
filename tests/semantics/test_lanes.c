/* SPDX-License-Identifier: MIT */
/* test_lanes.c - each lane is started once, used by one task at a time, and finished. */
#include "executors.h"

#define LANES 3

struct lanes {
    atomic_int started[LANES], finished[LANES], busy[LANES], wrong, ran, told;
    int fail;
};

static int start_lane(unsigned lane, void *ctx)
{
    struct lanes *l = ctx;
    if (l->fail)
        return l->fail;
    atomic_fetch_add(&l->started[lane], 1);
    return 0;
}

static void finish_lane(unsigned lane, void *ctx)
{
    struct lanes *l = ctx;
    atomic_fetch_add(&l->finished[lane], 1);
}

static void hear(const char *label, int status, void *ctx)
{
    struct lanes *l = ctx;
    atomic_fetch_add(&l->told, !strcmp(label, "start") && status == l->fail);
}

static int use_lane(void *arg)
{
    struct lanes *l = arg;
    int lane = weft_executor_lane();
    if (lane < 0 || lane >= LANES || atomic_load(&l->started[lane]) != 1) {
        atomic_fetch_add(&l->wrong, 1);
        return 0;
    }
    atomic_fetch_add(&l->wrong, atomic_fetch_add(&l->busy[lane], 1) != 0);
    sched_yield();
    atomic_fetch_sub(&l->busy[lane], 1);
    atomic_fetch_add(&l->ran, 1);
    return 0;
}

PROMISE(each_lane_is_started_once_and_used_by_one_task_at_a_time)
{
    weft_pool *pool = sem_pool();
    struct lanes l = {0};
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = LANES, .start = start_lane,
                                                        .finish = finish_lane, .ctx = &l));
    static weft_future *futures[MANY];
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(weft_submit(executor, use_lane, &l, i % 2 ? &futures[i] : NULL), 0);
    for (int i = 1; i < MANY; i += 2)
        cr_assert_eq(get(futures[i]), 0);
    cr_assert_eq(weft_executor_lane(), -1);
    end(executor);
    cr_assert(l.wrong == 0 && l.ran == MANY, "%d wrong, %d ran", l.wrong, l.ran);
    for (int i = 0; i < LANES; i++)
        cr_assert(l.started[i] <= 1 && l.finished[i] == l.started[i]);
    cr_assert_geq(l.started[0], 1);
    sem_end(pool);
}

PROMISE(a_start_hook_that_fails_breaks_the_executor_visibly)
{
    weft_pool *pool = sem_pool();
    struct lanes l = {.fail = -EACCES};
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1, .start = start_lane,
                                                        .finish = finish_lane, .on_error = hear, .ctx = &l));
    weft_executor_state state = {.size = sizeof state};
    weft_future *future;
    cr_assert_eq(weft_submit(executor, use_lane, &l, &future), 0);
    cr_assert_eq(get(future), -ECANCELED);
    cr_assert_eq(weft_submit(executor, use_lane, &l, &future), -ESHUTDOWN);
    cr_assert_eq(weft_executor_inspect(executor, &state), 0);
    cr_assert(state.broken == -EACCES && state.closed);
    end(executor);
    cr_assert(l.ran == 0 && l.told == 1 && l.finished[0] == 0);
    sem_end(pool);
}

static int use_lane_for_item(const void *in, void *out, void *ctx)
{
    (void)in;
    (void)out;
    return use_lane(ctx);
}

PROMISE(a_stream_of_a_broken_executor_ends_and_its_items_are_cancelled)
{
    weft_pool *pool = sem_pool();
    struct lanes l = {.fail = -EACCES};
    weft_stream *stream;
    int status, cancelled = 0, err;
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1, .start = start_lane,
                                                        .finish = finish_lane, .ctx = &l));
    cr_assert_eq(weft_stream_open(&stream, WEFT_STREAM_CONFIG(.executor = executor, .fn = use_lane_for_item,
                                                              .ctx = &l, .n = MANY, .window = 10)),
                 0);
    while (!(err = weft_stream_next(stream, WEFT_FOREVER, NULL, &status, NULL)))
        cancelled += status == -ECANCELED;
    cr_assert(err == WEFT_EEND && cancelled == MANY && l.ran == 0, "%d, %d cancelled", err, cancelled);
    weft_stream_close(stream);
    end(executor);
    sem_end(pool);
}

static int submit_to_full(void *arg)
{
    struct {
        weft_executor *executor;
        struct lanes *lanes;
    } *both = arg;
    for (int i = 0; i < 20; i++)
        if (weft_submit(both->executor, use_lane, both->lanes, NULL))
            return -1;
    return 0;
}

PROMISE(with_a_start_hook_nothing_runs_above_the_limit)
{
    weft_pool *pool = sem_pool();
    struct lanes l = {0};
    weft_executor *executor = make(
        WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1, .queue_limit = 1, .start = start_lane, .ctx = &l));
    struct {
        weft_executor *executor;
        struct lanes *lanes;
    } both = {executor, &l};
    int status = -1;
    weft_executor *own;
    weft_pool_executor(pool, &own);
    cr_assert_eq(weft_apply(own, submit_to_full, &both, &status), 0);
    cr_assert_eq(status, 0);
    end(executor);
    cr_assert(l.wrong == 0 && l.ran == 20);
    sem_end(pool);
}

PROMISE(hooks_need_a_limit)
{
    weft_executor *executor;
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.start = start_lane)), -EINVAL);
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.start = start_lane, .limit = 65)),
                 -EINVAL);
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.node = -1)), -EINVAL);
}
