/* SPDX-License-Identifier: MIT */
/* Maps and calls that are refused or cancelled before anything of them has begun: nothing ran, nothing is written. */
#include "executors.h"

#define ITEMS 100

typedef struct sheet {
    weft_executor *executor;
    atomic_int ran;
    int out[ITEMS], status[ITEMS];
    weft_map_report report;
    int err, answer;
} sheet;

static int mark(void *out, const void *in, void *ctx)
{
    (void)in;
    *(int *)out = 1;
    atomic_fetch_add(&((sheet *)ctx)->ran, 1);
    return 0;
}

static sheet blank(weft_executor *executor)
{
    sheet s = {
        .executor = executor, .answer = 7, .report = {.index = 5, .status = 5, .done = 5, .failed = 5}};
    for (int i = 0; i < ITEMS; i++)
        s.status[i] = 7;
    return s;
}

static void is_blank(const sheet *s)
{
    cr_assert_eq(s->ran, 0);
    for (int i = 0; i < ITEMS; i++)
        cr_assert(s->out[i] == 0 && s->status[i] == 7);
    cr_assert(s->report.index == 5 && s->report.status == 5 && s->report.done == 5 && s->report.failed == 5);
}

static int map(sheet *s)
{
    return weft_executor_map(s->executor, mark, NULL, 0, s->out, sizeof *s->out, ITEMS,
                             WEFT_MAP_CONFIG(.ctx = s, .status = s->status, .report = &s->report));
}

static int map_async(sheet *s, weft_future **future)
{
    return weft_executor_map_async(s->executor, mark, NULL, 0, s->out, sizeof *s->out, ITEMS,
                                   WEFT_MAP_CONFIG(.ctx = s, .status = s->status, .report = &s->report),
                                   future);
}

static void is_full_of_marks(sheet *s)
{
    cr_assert_eq(s->ran, ITEMS);
    cr_assert_eq(s->report.done, ITEMS);
    for (int i = 0; i < ITEMS; i++)
        cr_assert(s->out[i] == 1 && s->status[i] == 0);
}

static void all_run(weft_executor *executor)
{
    weft_future *future = NULL;
    atomic_int ran = 0;
    int status = 7;
    sheet now = blank(executor), later = blank(executor);
    cr_assert_eq(map(&now), 0);
    is_full_of_marks(&now);
    cr_assert_eq(map_async(&later, &future), 0);
    cr_assert_eq(get(future), 0);
    is_full_of_marks(&later);
    cr_assert_eq(weft_apply(executor, count_up, &ran, &status), 0);
    cr_assert(status == 1 && ran == 1);
}

static uint64_t accepted(weft_executor *executor)
{
    weft_executor_state state = {.size = sizeof state};
    cr_assert_eq(weft_executor_inspect(executor, &state), 0);
    return state.accepted;
}

static uint64_t waiting(weft_executor *executor)
{
    weft_executor_state state = {.size = sizeof state};
    cr_assert_eq(weft_executor_inspect(executor, &state), 0);
    return state.waiting;
}

/* ---- no room -------------------------------------------------------------------------------------- */

static void all_are_refused(weft_executor *executor)
{
    weft_future *future = (weft_future *)(uintptr_t)1;
    atomic_int ran = 0;
    uint64_t before = accepted(executor);
    sheet s = blank(executor);
    cr_assert_eq(map(&s), -EAGAIN);
    is_blank(&s);
    cr_assert_eq(map_async(&s, &future), -EAGAIN);
    cr_assert_null(future);
    is_blank(&s);
    cr_assert_eq(weft_apply(executor, count_up, &ran, &s.answer), -EAGAIN);
    cr_assert(ran == 0 && s.answer == 7);
    cr_assert_eq(accepted(executor), before);
}

PROMISE(a_full_serial_executor_refuses_them)
{
    weft_pool *pool = sem_pool();
    atomic_int ran = 0;
    weft_future *last = NULL;
    weft_executor *full = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL,
                                                    .queue_limit = 2, .when_full = WEFT_REJECT));
    cr_assert_eq(weft_submit(full, count_up, &ran, NULL), 0);
    cr_assert_eq(weft_submit(full, count_up, &ran, &last), 0);
    all_are_refused(full);
    cr_assert_eq(get(last), 2);
    all_run(full);
    end(full);
    sem_end(pool);
}

PROMISE(a_full_queue_behind_a_limit_refuses_them)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    struct door door = {0};
    atomic_int ran = 0;
    weft_future *next = NULL;
    weft_executor *full =
        make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1, .queue_limit = 1, .when_full = WEFT_REJECT));
    cr_assert_eq(weft_submit(full, stand_in_the_door, &door, NULL), 0);
    flag_wait(&door.inside);
    cr_assert_eq(weft_submit(full, count_up, &ran, &next), 0);
    all_are_refused(full);
    atomic_store(&door.open, 1);
    cr_assert_eq(get(next), 1);
    all_run(full);
    end(full);
    sem_end(pool);
}

/* ---- stopped before they come --------------------------------------------------------------------- */

static void all_are_cancelled(weft_executor *executor)
{
    weft_future *future = NULL;
    atomic_int ran = 0;
    sheet s = blank(executor);
    cr_assert_eq(map(&s), -ECANCELED);
    is_blank(&s);
    cr_assert_eq(map_async(&s, &future), 0);
    cr_assert_eq(weft_future_get(future, &s.answer), 0);
    cr_assert(s.answer == -ECANCELED && weft_future_state(future) == WEFT_CANCELLED);
    weft_future_release(future);
    is_blank(&s);
    s.answer = 7;
    cr_assert_eq(weft_apply(executor, count_up, &ran, &s.answer), 0, "the call is made, the task is not");
    cr_assert(s.answer == -ECANCELED && ran == 0);
}

PROMISE(an_executor_whose_token_has_fired_cancels_them)
{
    weft_pool *pool = sem_pool();
    weft_stop *stop;
    cr_assert_eq(weft_stop_create(&stop, NULL, WEFT_FOREVER), 0);
    weft_executor *wide = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .stop = stop)),
                  *one = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1, .stop = stop)),
                  *serial =
                      make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL, .stop = stop));
    all_run(wide);
    all_run(one);
    all_run(serial);
    cr_assert_eq(weft_stop_request(stop), 0);
    all_are_cancelled(wide);
    all_are_cancelled(one);
    all_are_cancelled(serial);
    end(wide);
    end(one);
    end(serial);
    weft_stop_release(stop);
    sem_end(pool);
}

/* ---- shut down while they wait -------------------------------------------------------------------- */

static void *map_here(void *arg)
{
    sheet *s = arg;
    s->err = map(s);
    return NULL;
}

static int counted(void *arg)
{
    return atomic_fetch_add(&((sheet *)arg)->ran, 1) + 1;
}

static void *apply_here(void *arg)
{
    sheet *s = arg;
    s->err = weft_apply(s->executor, counted, s, &s->answer);
    return NULL;
}

/* They are told while the one before them still runs. */
static void cancelled_in_line(weft_pool *pool, int mode, int *in_line)
{
    struct door door = {0};
    weft_executor *one = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1));
    sheet mapped = blank(one), applied = blank(one), later = blank(one);
    weft_future *future = NULL;
    cr_assert_eq(weft_submit(one, stand_in_the_door, &door, NULL), 0);
    flag_wait(&door.inside);
    cr_assert_eq(map_async(&later, &future), 0);
    pthread_t mapper = thread_start(map_here, &mapped, 0), applier = thread_start(apply_here, &applied, 0);
    while (waiting(one) < 3)
        sched_yield();
    cr_assert_eq(weft_executor_shutdown(one, mode, 0), -ETIMEDOUT);
    pthread_join(mapper, NULL);
    pthread_join(applier, NULL);
    /* who is counted, and not in line yet, is refused */
    cr_assert(mapped.err == -ECANCELED || mapped.err == -ESHUTDOWN, "%d", mapped.err);
    is_blank(&mapped);
    bool refused = applied.err == -ESHUTDOWN;
    cr_assert(refused || (applied.err == 0 && applied.answer == -ECANCELED), "%d, %d", applied.err,
              applied.answer);
    *in_line += !refused && mapped.err == -ECANCELED;
    is_blank(&applied);
    cr_assert_eq(weft_future_get(future, &later.answer), 0);
    cr_assert(later.answer == -ECANCELED && weft_future_state(future) == WEFT_CANCELLED);
    weft_future_release(future);
    is_blank(&later);
    atomic_store(&door.open, 1);
    end(one);
}

PROMISE(a_shutdown_cancels_those_that_wait_in_line)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    int in_line = 0;
    for (int i = 0; i < 20; i++)
        cancelled_in_line(pool, i % 2 ? WEFT_STOP_RUNNING : WEFT_CANCEL_PENDING, &in_line);
    cr_assert(in_line, "all were refused");
    sem_end(pool);
}
