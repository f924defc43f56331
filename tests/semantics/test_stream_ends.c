/* SPDX-License-Identifier: MIT */
/* test_stream_ends.c - a stream ends any time, and outlives what it goes through. */
#include "streams.h"

static atomic_int dropped, made;

static int make(const void *in, void *out, void *ctx)
{
    (void)in;
    (void)ctx;
    *(void **)out = malloc(16);
    atomic_fetch_add(&made, 1);
    return 0;
}

static void drop(void *out, void *ctx)
{
    (void)ctx;
    free(*(void **)out);
    atomic_fetch_add(&dropped, 1);
}

PROMISE(a_half_read_stream_closes_and_drops_what_nobody_took)
{
    fill_numbers();
    weft_pool *pool = sem_pool();
    for (int read = 0; read < 40; read += 3) {
        weft_stream *stream = open_stream(
            WEFT_STREAM_CONFIG(.executor = sem_door(pool), .fn = make, .items = numbers,
                               .in_bytes = sizeof numbers[0], .n = 5000, .out_bytes = sizeof(void *),
                               .window = 64, .unordered = read % 2, .drop = drop));
        atomic_store(&made, 0);
        atomic_store(&dropped, 0);
        for (int i = 0; i < read; i++) {
            void *out;
            cr_assert_eq(weft_stream_next(stream, WEFT_FOREVER, &out, NULL, NULL), 0);
            free(out);
        }
        weft_stream_close(stream);
        cr_assert_leq(atomic_load(&made), read + 64 + 64);
    }
    weft_stream_close(NULL);
    sem_end(pool);
}

static int pull_owned(void *in, void *ctx)
{
    (void)ctx;
    *(void **)in = malloc(16);
    atomic_fetch_add(&owned, 1);
    return 0;
}

static int pass_on(const void *in, void *out, void *ctx)
{
    (void)ctx;
    while (atomic_load(&waits)) /* what was pulled with it is still to come when the stream is closed */
        sched_yield();
    sched_yield();
    *(void **)out = *(void *const *)in;
    return 0;
}

static void drop_result(void *out, void *ctx)
{
    drop_item(out, ctx);
}

/* Items own something, and the source never ends. */
PROMISE(what_was_pulled_is_dropped_once_too)
{
    weft_pool *pool = sem_pool();
    for (int read = 0; read < 40; read++) {
        weft_stream *stream;
        atomic_store(&waits, read == 0 && sem_threads());
        stream = open_stream(WEFT_STREAM_CONFIG(.executor = sem_door(pool), .fn = pass_on, .pull = pull_owned,
                                                .in_bytes = sizeof(void *), .out_bytes = sizeof(void *),
                                                .window = 64, .chunk = 32, .drop = drop_result,
                                                .drop_item = drop_item));
        for (int i = 0; i < read; i++) {
            void *out;
            cr_assert_eq(weft_stream_next(stream, WEFT_FOREVER, &out, NULL, NULL), 0);
            drop_result(&out, NULL);
        }
        atomic_store(&waits, 0);
        weft_stream_close(stream);
        cr_assert_eq(atomic_load(&released), atomic_load(&owned), "after %d", read);
    }
    sem_end(pool);
}

static const weft_executor_config *narrow(weft_pool *pool, int engine, int when_full)
{
    static weft_executor_config config;
    config = *WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = engine, .limit = 1, .queue_limit = 1,
                                   .when_full = when_full);
    return &config;
}

/* Tells that it is there, and stays. */
static int wait_at(void *arg)
{
    gate_add(arg);
    gate_wait(arg, 2);
    return 0;
}

/* A full queue is no reason to wait, nor to give up. */
PROMISE(a_stream_through_a_full_executor_comes_out)
{
    NEEDS_WORKERS(1);
    fill_numbers();
    weft_pool *pool = sem_pool();
    for (int when_full = WEFT_BLOCK; when_full <= WEFT_CALLER_RUNS; when_full++) {
        struct gate gate = GATE_INIT;
        weft_executor *executor;
        cr_assert_eq(weft_executor_create(&executor, narrow(pool, WEFT_ENGINE_POOL, when_full)), 0);
        cr_assert_eq(weft_submit(executor, wait_at, &gate, NULL), 0);
        gate_wait(&gate, 1);
        weft_stream *stream = open_stream(WEFT_STREAM_CONFIG(.executor = executor, .fn = square,
                                                             .items = numbers, .in_bytes = sizeof numbers[0],
                                                             .n = 300, .out_bytes = sizeof(long)));
        cr_assert_eq(weft_stream_next(stream, 0, NULL, NULL, NULL), -ETIMEDOUT);
        gate_add(&gate);
        read_all(stream, 300, true);
        cr_assert_eq(weft_executor_destroy(executor), 0);
    }
    sem_end(pool);
}

struct item_gate {
    struct gate running, go;
    atomic_int ended;
};

static int stand(const void *in, void *out, void *ctx)
{
    struct item_gate *g = ctx;
    (void)in;
    (void)out;
    gate_add(&g->running);
    gate_wait(&g->go, 1);
    atomic_fetch_add(&g->ended, 1);
    return 0;
}

static void *let_go_later(void *arg)
{
    struct item_gate *g = arg;
    for (int i = 0; i < 100; i++)
        sched_yield();
    gate_add(&g->go);
    return NULL;
}

PROMISE(close_waits_for_items_that_run)
{
    NEEDS_WORKERS(1);
    fill_numbers();
    struct item_gate g = {GATE_INIT, GATE_INIT, 0};
    weft_pool *pool = sem_pool();
    weft_stream *stream =
        open_stream(WEFT_STREAM_CONFIG(.executor = sem_door(pool), .fn = stand, .ctx = &g, .items = numbers,
                                       .in_bytes = sizeof numbers[0], .n = 5000, .chunk = 1));
    gate_wait(&g.running, 1);
    pthread_t thread = thread_start(let_go_later, &g, 0);
    weft_stream_close(stream);
    int ended = atomic_load(&g.ended);
    cr_assert_geq(ended, 1, "it did not wait");
    cr_assert_eq(ended, g.running.count, "it did not wait for all");
    cr_assert_lt(ended, 5000, "it waited for what had not begun");
    pthread_join(thread, NULL);
    sem_end(pool);
    cr_assert_eq(atomic_load(&g.ended), ended, "something began later");
}

PROMISE(close_waits_for_nothing_that_stands_before_its_items)
{
    NEEDS_WORKERS(1);
    fill_numbers();
    struct gate gate = GATE_INIT;
    weft_executor *executor;
    weft_pool *pool = sem_pool();
    cr_assert_eq(weft_executor_create(&executor, narrow(pool, WEFT_ENGINE_POOL, WEFT_BLOCK)), 0);
    cr_assert_eq(weft_submit(executor, wait_at, &gate, NULL), 0);
    weft_stream_close(
        open_stream(WEFT_STREAM_CONFIG(.executor = executor, .fn = square, .items = numbers,
                                       .in_bytes = sizeof numbers[0], .n = 50, .out_bytes = sizeof(long))));
    gate_add(&gate);
    cr_assert_eq(weft_executor_destroy(executor), 0);
    sem_end(pool);
}

/* Nobody but the consumer runs its items then, and nothing is left behind. */
PROMISE(a_stream_of_an_executor_that_was_shut_down_comes_out)
{
    fill_numbers();
    weft_pool *pool = sem_pool();
    for (int engine = WEFT_ENGINE_POOL; engine <= WEFT_ENGINE_SERIAL; engine++)
        for (int mode = WEFT_DRAIN; mode <= WEFT_STOP_RUNNING; mode++) {
            weft_executor *executor;
            cr_assert_eq(weft_executor_create(&executor, narrow(pool, engine, WEFT_BLOCK)), 0);
            weft_stream *stream = open_stream(
                WEFT_STREAM_CONFIG(.executor = executor, .fn = square, .items = numbers, .n = 300,
                                   .in_bytes = sizeof numbers[0], .out_bytes = sizeof(long), .window = 8));
            cr_assert_eq(weft_executor_shutdown(executor, mode, WEFT_FOREVER), 0);
            read_all(stream, 300, true);
            cr_assert_eq(weft_executor_destroy(executor), 0);
        }
    sem_end(pool);
}

/* The next executor of the pool gets its record; what is left of the stream is none of that one's tasks. */
PROMISE(a_stream_outlives_its_executor)
{
    fill_numbers();
    weft_pool *pool = sem_pool();
    for (int next = -1; next <= WEFT_ENGINE_SERIAL; next++)
        for (int looks = 0; looks <= 1; looks++) {
            weft_executor *executor;
            int err, got = 0;
            cr_assert_eq(weft_executor_create(&executor, narrow(pool, WEFT_ENGINE_POOL, WEFT_BLOCK)), 0);
            weft_stream *stream = open_stream(
                WEFT_STREAM_CONFIG(.executor = executor, .fn = square, .items = numbers, .n = 300,
                                   .in_bytes = sizeof numbers[0], .out_bytes = sizeof(long), .window = 8));
            cr_assert_eq(weft_executor_destroy(executor), 0);
            if (next >= 0)
                cr_assert_eq(weft_executor_create(&executor, narrow(pool, next, WEFT_BLOCK)), 0);
            while (!(err = weft_stream_next(stream, looks ? 0 : WEFT_FOREVER, NULL, NULL, NULL)))
                got++;
            cr_assert_eq(err, WEFT_EEND);
            cr_assert_eq(got, 300);
            weft_stream_close(stream);
            if (next >= 0) {
                weft_executor_state state = {.size = sizeof state};
                cr_assert_eq(weft_executor_inspect(executor, &state), 0);
                cr_assert_eq(state.accepted, 0);
                cr_assert_eq(weft_executor_destroy(executor), 0);
            }
        }
    sem_end(pool);
}

/* Nobody else ever runs anything of a serial executor. */
PROMISE(a_stream_of_a_serial_executor_comes_out_however_one_waits)
{
    fill_numbers();
    for (int takes_over = 0; takes_over <= 1; takes_over++) {
        weft_pool *pool = NULL;
        cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(),
                                                              .take_over = takes_over ? 0 : WEFT_NONE)),
                     0);
        for (int looks = 0; looks <= 1; looks++) {
            weft_executor *executor;
            int err, got = 0;
            cr_assert_eq(weft_executor_create(&executor, narrow(pool, WEFT_ENGINE_SERIAL, WEFT_BLOCK)), 0);
            weft_stream *stream = open_stream(
                WEFT_STREAM_CONFIG(.executor = executor, .fn = square, .items = numbers, .n = 300,
                                   .in_bytes = sizeof numbers[0], .out_bytes = sizeof(long), .window = 8));
            while (!(err = weft_stream_next(stream, looks ? 0 : WEFT_FOREVER, NULL, NULL, NULL)))
                got++;
            cr_assert_eq(err, WEFT_EEND);
            cr_assert_eq(got, 300);
            weft_stream_close(stream);
            cr_assert_eq(weft_executor_destroy(executor), 0);
        }
        sem_end(pool);
    }
}

PROMISE(a_closed_executor_takes_no_stream)
{
    weft_pool *pool = sem_pool();
    for (int engine = WEFT_ENGINE_POOL; engine <= WEFT_ENGINE_SERIAL; engine++) {
        weft_executor *executor;
        weft_stream *stream = (weft_stream *)pool;
        cr_assert_eq(weft_executor_create(&executor, narrow(pool, engine, WEFT_BLOCK)), 0);
        cr_assert_eq(weft_executor_close(executor), 0);
        cr_assert_eq(
            weft_stream_open(&stream,
                             WEFT_STREAM_CONFIG(.executor = executor, .fn = square, .items = numbers, .n = 3,
                                                .in_bytes = sizeof numbers[0], .out_bytes = sizeof(long))),
            -ESHUTDOWN);
        cr_assert_null(stream);
        cr_assert_eq(weft_executor_destroy(executor), 0);
    }
    sem_end(pool);
}
