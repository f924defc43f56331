/* SPDX-License-Identifier: MIT */
/* What begins at a time does not begin earlier, in order, and ends once: rung, cancelled, shut down, or with its pool. */
#include "sem.h"

#define MS INT64_C(1000000)
#define YEARS (INT64_C(100000) * 1000 * MS)

static int when(void *arg)
{
    *(int64_t *)arg = sem_now_ns();
    return 5;
}

static int count_up(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static void not_before(weft_executor *executor)
{
    int64_t began = 0, due = sem_now_ns() + 5 * MS;
    int status = 0;
    weft_future *future;
    cr_assert_eq(weft_submit_at(executor, due, when, &began, &future), 0);
    bool pending = weft_future_state(future) == WEFT_PENDING;
    cr_assert(pending || sem_now_ns() >= due);
    cr_assert_eq(weft_future_get(future, &status), 0);
    cr_assert_eq(status, 5);
    cr_assert_geq(began, due);
    weft_future_release(future);
}

PROMISE(a_task_does_not_begin_before_its_time)
{
    weft_pool *pool = sem_pool();
    weft_executor *one, *serial;
    weft_executor_create(&one, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1));
    weft_executor_create(&serial, WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL));
    not_before(sem_door(pool));
    not_before(one);
    not_before(serial);
    weft_executor_destroy(one);
    weft_executor_destroy(serial);
    sem_end(pool);
}

PROMISE(a_time_that_has_passed_is_now)
{
    weft_pool *pool = sem_pool();
    int64_t began[2] = {0, 0};
    weft_future *at, *after;
    cr_assert_eq(weft_submit_at(sem_door(pool), 1, when, &began[0], &at), 0);
    cr_assert_eq(weft_submit_after(sem_door(pool), -7, when, &began[1], &after), 0);
    cr_assert_eq(weft_future_get(at, NULL), 0);
    cr_assert_eq(weft_future_get(after, NULL), 0);
    cr_assert(began[0] && began[1]);
    weft_future_release(at);
    weft_future_release(after);
    sem_end(pool);
}

/* ---- order -------------------------------------------------------------------------------------- */

static atomic_int turn;

static int take_number(void *arg)
{
    *(int *)arg = atomic_fetch_add(&turn, 1);
    return 0;
}

enum { IN_TURN = 60 };

/* At three times, the last one submitted first. False: the first time was over before all were submitted. */
static bool submit_in_turn(weft_executor *one, int64_t base, int *number, weft_future **futures)
{
    atomic_store(&turn, 0);
    for (int i = 0; i < IN_TURN; i++)
        cr_assert_eq(weft_submit_at(one, base + (2 - i / 20) * MS, take_number, &number[i], &futures[i]), 0);
    return sem_now_ns() < base;
}

/* Who waited for one of them would run it out of turn. */
static void await_turns(weft_future **futures)
{
    while (atomic_load(&turn) < IN_TURN)
        sched_yield();
    for (int i = 0; i < IN_TURN; i++) {
        cr_assert_eq(weft_future_wait(futures[i], WEFT_FOREVER), 0);
        weft_future_release(futures[i]);
    }
}

PROMISE(what_is_due_first_begins_first_and_equal_times_in_order_of_submission)
{
    weft_pool *pool = sem_pool();
    weft_executor *one;
    weft_future *futures[IN_TURN];
    int number[IN_TURN];
    bool in_time = false;
    weft_executor_create(&one, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1));
    for (int64_t ahead = 10 * MS; !in_time; ahead *= 2) {
        in_time = submit_in_turn(one, sem_now_ns() + ahead, number, futures);
        await_turns(futures);
    }
    for (int i = 0; i < IN_TURN; i++)
        cr_assert_eq(number[i], (2 - i / 20) * 20 + i % 20, "%d: %d", i, number[i]);
    weft_executor_destroy(one);
    sem_end(pool);
}

/* ---- the ends ----------------------------------------------------------------------------------- */

static void forget(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 100);
}

static weft_future *in_years(weft_executor *executor, atomic_int *seen)
{
    weft_future *future;
    weft_task_spec spec = {.size = sizeof spec,
                           .fn = count_up,
                           .arg = seen,
                           .destroy = forget,
                           .start_ns = sem_now_ns() + YEARS};
    cr_assert_eq(weft_submit_task(executor, &spec, &future), 0);
    return future;
}

PROMISE(a_task_that_waits_for_its_time_can_be_cancelled)
{
    weft_pool *pool = sem_pool();
    atomic_int seen = 0;
    weft_future *future = in_years(sem_door(pool), &seen);
    cr_assert_eq(weft_future_cancel(future), 0);
    cr_assert_eq(weft_future_cancel(future), 0);
    cr_assert_eq(seen, 100);
    weft_future_release(future);
    sem_end(pool);
    cr_assert_eq(seen, 100);
}

PROMISE(an_executors_shutdown_cancels_what_waits_for_its_time)
{
    weft_pool *pool = sem_pool();
    weft_executor *first, *second;
    atomic_int of_first = 0, of_second = 0;
    weft_executor_create(&first, WEFT_EXECUTOR_CONFIG(.pool = pool));
    weft_executor_create(&second, WEFT_EXECUTOR_CONFIG(.pool = pool));
    weft_future *gone = in_years(first, &of_first), *stays = in_years(second, &of_second);
    cr_assert_eq(weft_executor_shutdown(first, WEFT_DRAIN, WEFT_FOREVER), 0);
    cr_assert_eq(weft_future_state(gone), WEFT_CANCELLED);
    cr_assert_eq(weft_future_state(stays), WEFT_PENDING);
    cr_assert(of_first == 100 && of_second == 0);
    weft_task_spec late = {
        .size = sizeof late, .fn = count_up, .arg = &of_first, .start_ns = sem_now_ns() + YEARS};
    cr_assert_eq(weft_submit_task(first, &late, NULL), -ESHUTDOWN);
    weft_executor_destroy(first);
    weft_executor_destroy(second);
    cr_assert_eq(of_second, 100);
    weft_future_release(gone);
    weft_future_release(stays);
    sem_end(pool);
}

PROMISE(a_pools_end_cancels_what_waits_for_its_time)
{
    weft_pool *pool = sem_pool();
    atomic_int seen = 0;
    weft_future *future = in_years(sem_door(pool), &seen);
    sem_end(pool);
    cr_assert_eq(weft_future_state(future), WEFT_CANCELLED);
    cr_assert_eq(seen, 100);
    weft_future_release(future);
}

PROMISE(who_waits_with_a_deadline_for_a_later_time_is_told)
{
    weft_pool *pool = sem_pool();
    atomic_int seen = 0;
    weft_future *future = in_years(sem_door(pool), &seen);
    cr_assert_eq(weft_future_wait(future, sem_now_ns() + 2 * MS), -ETIMEDOUT);
    weft_future_release(future);
    sem_end(pool);
}

/* ---- series ------------------------------------------------------------------------------------- */

struct series {
    atomic_int calls, inside, overlaps;
    int last;
    int64_t first_ns, period_ns, early;
};

static int tick(void *arg)
{
    struct series *s = arg;
    int call = atomic_fetch_add(&s->calls, 1);
    if (atomic_fetch_add(&s->inside, 1))
        atomic_fetch_add(&s->overlaps, 1);
    if (sem_now_ns() < s->first_ns + call * s->period_ns)
        s->early++;
    atomic_fetch_sub(&s->inside, 1);
    return call + 1 == s->last ? 77 : 0;
}

static void runs_ten_times(weft_executor *executor)
{
    struct series s = {.last = 10, .first_ns = sem_now_ns() + 2 * MS, .period_ns = MS};
    weft_future *future;
    int status = 0;
    cr_assert_eq(weft_submit_every(executor, s.first_ns, s.period_ns, tick, &s, &future), 0);
    cr_assert_eq(weft_future_get(future, &status), 0);
    cr_assert_eq(status, 77, "what the last one answered");
    cr_assert(s.calls == 10 && s.overlaps == 0 && s.early == 0);
    weft_future_release(future);
}

PROMISE(a_series_goes_on_until_a_call_says_otherwise)
{
    weft_pool *pool = sem_pool();
    weft_executor *one;
    weft_executor_create(&one, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1));
    runs_ten_times(sem_door(pool));
    runs_ten_times(one);
    weft_executor_destroy(one);
    sem_end(pool);
}

PROMISE(a_series_ends_when_it_is_cancelled)
{
    weft_pool *pool = sem_pool();
    struct series s = {.last = -1, .period_ns = MS / 10};
    weft_future *future;
    cr_assert_eq(weft_submit_every(sem_door(pool), 0, s.period_ns, tick, &s, &future), 0);
    while (atomic_load(&s.calls) < 5)
        sched_yield();
    cr_assert_eq(weft_future_cancel(future), 0);
    cr_assert_eq(weft_future_state(future), WEFT_CANCELLED);
    weft_future_release(future);
    sem_end(pool); /* a call may have been on its way */
    int calls = s.calls;
    cr_assert(calls >= 5 && s.overlaps == 0);
}

PROMISE(a_series_ends_with_its_executor_and_with_its_pool)
{
    weft_pool *pool = sem_pool();
    weft_executor *one;
    struct series with_executor = {.last = -1, .period_ns = MS / 10},
                  with_pool = {.last = -1, .period_ns = MS / 10};
    weft_future *first, *second;
    weft_executor_create(&one, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1));
    cr_assert_eq(weft_submit_every(one, 0, MS / 10, tick, &with_executor, &first), 0);
    cr_assert_eq(weft_submit_every(sem_door(pool), 0, MS / 10, tick, &with_pool, &second), 0);
    while (atomic_load(&with_executor.calls) < 3 || atomic_load(&with_pool.calls) < 3)
        sched_yield();
    weft_executor_destroy(one);
    cr_assert_eq(weft_future_get(first, NULL), 0);
    cr_assert_eq(weft_future_state(first), WEFT_CANCELLED);
    cr_assert_eq(weft_future_state(second), WEFT_PENDING);
    sem_end(pool);
    cr_assert_eq(weft_future_state(second), WEFT_CANCELLED);
    weft_future_release(first);
    weft_future_release(second);
}

/* ---- in the clock's thread ---------------------------------------------------------------------- */

struct nest {
    weft_executor *door;
    int left;
    atomic_int ended;
};

/* Waits for a later one, which waits for a later one. */
static int nest_deeper(void *arg)
{
    struct nest *n = arg;
    weft_future *later = NULL;
    int status = 0;
    if (n->left--) {
        status = weft_submit_after(n->door, MS / 10, nest_deeper, n, &later);
        if (!status)
            status = weft_future_wait(later, WEFT_FOREVER);
        weft_future_release(later);
    }
    atomic_fetch_add(&n->ended, 1);
    return status;
}

PROMISE(tasks_that_begin_at_a_time_may_wait_for_later_ones)
{
    weft_pool *pool = sem_pool();
    for (int round = 0; round < 20; round++) {
        struct nest n = {.door = sem_door(pool), .left = 8};
        weft_future *outer = NULL;
        int status = 1;
        cr_assert_eq(weft_submit_after(n.door, MS / 10, nest_deeper, &n, &outer), 0);
        cr_assert_eq(weft_future_get(outer, &status), 0);
        cr_assert_eq(status, 0);
        cr_assert_eq(n.ended, 9);
        weft_future_release(outer);
    }
    sem_end(pool);
}

static int nest_after(weft_future *before, void *arg)
{
    (void)before;
    return nest_deeper(arg);
}

/* Its executor is closed: the clock cancels the first, and runs what follows. */
PROMISE(what_follows_a_time_inline_may_wait_for_a_later_one)
{
    weft_pool *pool = sem_pool();
    struct nest n = {.door = sem_door(pool), .left = 3};
    atomic_int seen = 0;
    weft_executor *one;
    weft_future *first, *follows;
    int status = 1;
    cr_assert_eq(weft_executor_create(&one, WEFT_EXECUTOR_CONFIG(.pool = pool)), 0);
    cr_assert_eq(weft_submit_after(one, MS, count_up, &seen, &first), 0);
    cr_assert_eq(weft_future_then(first, WEFT_INLINE, nest_after, &n, &follows), 0);
    weft_executor_close(one);
    cr_assert_eq(weft_future_get(follows, &status), 0);
    cr_assert_eq(status, 0);
    cr_assert_eq(n.ended, 4);
    weft_future_release(first);
    weft_future_release(follows);
    cr_assert_eq(weft_executor_destroy(one), 0);
    sem_end(pool);
}

/* ---- the pool's end ------------------------------------------------------------------------------ */

struct stay {
    struct gate begun, go;
    atomic_int ended;
};

static int stay(void *arg)
{
    struct stay *s = arg;
    gate_add(&s->begun);
    gate_wait(&s->go, 1);
    atomic_store(&s->ended, 1);
    return 0;
}

static void *let_go_later(void *arg)
{
    for (int i = 0; i < 1000; i++)
        sched_yield();
    gate_add(&((struct stay *)arg)->go);
    return NULL;
}

/* In a pool without threads by its clock, which is no guest. */
PROMISE(a_pool_that_ends_waits_for_what_was_due)
{
    struct stay s = {GATE_INIT, GATE_INIT, 0};
    weft_pool *pool = sem_pool();
    cr_assert_eq(weft_submit_every(sem_door(pool), 0, YEARS, stay, &s, NULL),
                 0); /* by the clock also where that is late */
    gate_wait(&s.begun, 1);
    pthread_t thread = thread_start(let_go_later, &s, 0);
    sem_end(pool);
    cr_assert_eq(s.ended, 1);
    pthread_join(thread, NULL);
}

static void stay_inside(void *arg)
{
    (void)stay(arg);
}

struct guest {
    weft_pool *pool;
    struct stay stay;
};

static void *be_inside(void *arg)
{
    struct guest *g = arg;
    return weft_run(g->pool, stay_inside, &g->stay) ? g : NULL;
}

PROMISE(the_clock_of_a_pool_whose_end_is_refused_goes_on)
{
    struct guest g = {.pool = sem_pool(), .stay = {GATE_INIT, GATE_INIT, 0}};
    struct series s = {.last = -1, .period_ns = MS / 10};
    void *failed;
    pthread_t thread = thread_start(be_inside, &g, 0);
    gate_wait(&g.stay.begun, 1);
    cr_assert_eq(weft_submit_every(sem_door(g.pool), 0, s.period_ns, tick, &s, NULL), 0);
    for (int calls = 3; calls < 10; calls = s.calls + 3) {
        while (s.calls < calls)
            sched_yield();
        cr_assert_eq(weft_pool_destroy(g.pool), -EBUSY);
    }
    gate_add(&g.stay.go);
    pthread_join(thread, &failed);
    cr_assert_null(failed);
    sem_end(g.pool);
    cr_assert_eq(s.overlaps, 0);
}

PROMISE(bad_arguments)
{
    weft_future *future = (weft_future *)(uintptr_t)1;
    cr_assert_eq(weft_submit_at(NULL, 0, NULL, NULL, &future), -EINVAL);
    cr_assert_null(future);
    cr_assert_eq(weft_submit_every(NULL, 0, 0, count_up, NULL, &future), -EINVAL);
    cr_assert_eq(weft_submit_every(NULL, 0, -5, count_up, NULL, NULL), -EINVAL);
    cr_assert_eq(weft_submit_every(NULL, 0, 1, NULL, NULL, NULL), -EINVAL);
}

PROMISE(a_closed_executor_takes_nothing_for_later)
{
    weft_pool *pool = sem_pool();
    weft_executor *one;
    weft_executor_create(&one, WEFT_EXECUTOR_CONFIG(.pool = pool));
    weft_executor_close(one);
    cr_assert_eq(weft_submit_after(one, MS, count_up, NULL, NULL), -ESHUTDOWN);
    cr_assert_eq(weft_submit_every(one, 0, MS, count_up, NULL, NULL), -ESHUTDOWN);
    weft_executor_destroy(one);
    sem_end(pool);
}
