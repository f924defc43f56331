/* SPDX-License-Identifier: MIT */
/* test_stream.c - every item comes out once, where it should, with its status; the window holds; a stream ends any time. */
#include "sem.h"

#include <poll.h>
#include <time.h>

#define MANY 20000

static weft_stream *open_stream(const weft_stream_config *config)
{
    weft_stream *stream = NULL;
    int err = weft_stream_open(&stream, config);
    cr_assert_eq(err, 0, "open: %s", weft_strerror(err));
    return stream;
}

static weft_executor *door(weft_pool *pool)
{
    weft_executor *executor;
    cr_assert_eq(weft_pool_executor(pool, &executor), 0);
    return executor;
}

static int square(const void *in, void *out, void *ctx)
{
    long number = *(const int *)in;
    (void)ctx;
    *(long *)out = number * number;
    return number % 100 == 17 ? 17 : 0;
}

static int numbers[MANY];

static void fill_numbers(void)
{
    for (int i = 0; i < MANY; i++)
        numbers[i] = i;
}

static void read_all(weft_stream *stream, int n, bool ordered)
{
    static char seen[MANY];
    long out;
    int status, err;
    size_t index;
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < n; i++) {
        err = weft_stream_next(stream, WEFT_FOREVER, &out, &status, &index);
        cr_assert_eq(err, 0, "item %d: %s", i, weft_strerror(err));
        cr_assert(!ordered || index == (size_t)i);
        cr_assert_eq(out, (long)index * (long)index);
        cr_assert_eq(status, index % 100 == 17 ? 17 : 0, "its error is in its place");
        cr_assert_eq(seen[index]++, 0);
    }
    cr_assert_eq(weft_stream_next(stream, WEFT_FOREVER, &out, &status, &index), WEFT_EEND);
    cr_assert_eq(weft_stream_next(stream, 0, &out, &status, &index), WEFT_EEND);
    weft_stream_close(stream);
}

static void array_of(int n, size_t window, size_t chunk, int unordered)
{
    weft_pool *pool = sem_pool();
    read_all(open_stream(WEFT_STREAM_CONFIG(.executor = door(pool), .fn = square, .items = numbers,
                                            .in_bytes = sizeof numbers[0], .n = (size_t)n,
                                            .out_bytes = sizeof(long), .window = window, .chunk = chunk,
                                            .unordered = unordered)),
             n, !unordered);
    sem_end(pool);
}

PROMISE(results_come_in_the_order_of_the_items)
{
    fill_numbers();
    array_of(MANY, 0, 0, 0);
    array_of(1000, 1, 0, 0);
    array_of(1000, 3, 1, 0);
    array_of(1000, 7, 5, 0);
    array_of(0, 0, 0, 0);
    array_of(1, 0, 64, 0);
}

PROMISE(or_as_they_are_ready)
{
    fill_numbers();
    array_of(MANY, 0, 0, 1);
    array_of(1000, 1, 0, 1);
    array_of(1000, 3, 1, 1);
    array_of(1000, 7, 5, 1);
    array_of(0, 0, 0, 1);
    array_of(1, 0, 64, 1);
}

struct source {
    atomic_int pulled, inside, taken, far;
    int end, err, window;
};

static int pull(void *in, void *ctx)
{
    struct source *s = ctx;
    cr_assert_eq(atomic_fetch_add(&s->inside, 1), 0, "one thread at a time");
    int at = atomic_load(&s->pulled), result = 0;
    if (at == s->end) {
        result = s->err ? s->err : 1;
    } else {
        *(int *)in = at;
        if (at - atomic_load(&s->taken) >= s->window)
            atomic_store(&s->far, 1);
        atomic_store(&s->pulled, at + 1);
    }
    atomic_fetch_sub(&s->inside, 1);
    return result;
}

static void pulled_through(int window, int unordered, int err)
{
    weft_pool *pool = sem_pool();
    struct source s = {.end = 3000, .err = err, .window = window};
    weft_stream *stream =
        open_stream(WEFT_STREAM_CONFIG(.executor = door(pool), .fn = square, .ctx = &s,
                                       .in_bytes = sizeof(int), .pull = pull, .out_bytes = sizeof(long),
                                       .window = (size_t)window, .unordered = unordered));
    long out;
    size_t index;
    for (int i = 0; i < s.end; i++) {
        atomic_store(&s.taken, i + 1); /* before: what is being taken has left the window when next returns */
        cr_assert_eq(weft_stream_next(stream, WEFT_FOREVER, &out, NULL, &index), 0);
        cr_assert_eq(out, (long)index * (long)index);
        cr_assert(unordered || index == (size_t)i);
    }
    if (err)
        cr_assert_eq(weft_stream_next(stream, WEFT_FOREVER, &out, NULL, NULL), err);
    cr_assert_eq(weft_stream_next(stream, WEFT_FOREVER, &out, NULL, NULL), WEFT_EEND);
    cr_assert_not(atomic_load(&s.far), "it pulled further than the window");
    weft_stream_close(stream);
    sem_end(pool);
}

PROMISE(a_source_is_pulled_by_one_thread_no_further_than_the_window)
{
    pulled_through(8, 0, 0);
    pulled_through(8, 1, 0);
    pulled_through(100, 0, 0);
}

PROMISE(a_source_that_fails_ends_the_stream_in_its_place)
{
    pulled_through(16, 0, -EIO);
    pulled_through(16, 1, -EIO);
}

static atomic_long weight_inside, weight_most;

static size_t weigh(const void *in, void *ctx)
{
    long weight = 100 + *(const int *)in % 7, now, most;
    (void)ctx;
    now = atomic_fetch_add(&weight_inside, weight) + weight;
    most = atomic_load(&weight_most);
    while (now > most && !atomic_compare_exchange_weak(&weight_most, &most, now))
        ;
    return (size_t)weight;
}

PROMISE(the_window_holds_in_bytes_too)
{
    fill_numbers();
    weft_pool *pool = sem_pool();
    weft_stream *stream =
        open_stream(WEFT_STREAM_CONFIG(.executor = door(pool), .fn = square, .items = numbers,
                                       .in_bytes = sizeof numbers[0], .n = 2000, .out_bytes = sizeof(long),
                                       .window = 512, .window_bytes = 1000, .weigh = weigh));
    size_t index;
    for (int i = 0; i < 2000; i++) {
        cr_assert_eq(weft_stream_next(stream, WEFT_FOREVER, NULL, NULL, &index), 0);
        atomic_fetch_sub(&weight_inside, 100 + (long)index % 7);
    }
    /* The item that crosses the line may be in, and the one that was just taken out is subtracted late. */
    cr_assert_lt(atomic_load(&weight_most), 1000 + 2 * 107 + 107);
    weft_stream_close(stream);
    sem_end(pool);
}

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
            WEFT_STREAM_CONFIG(.executor = door(pool), .fn = make, .items = numbers,
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

static atomic_int owned, released, waits;

static int pull_owned(void *in, void *ctx)
{
    (void)ctx;
    *(void **)in = malloc(16);
    atomic_fetch_add(&owned, 1);
    return 0;
}

static void drop_item(void *in, void *ctx)
{
    (void)ctx;
    free(*(void **)in);
    atomic_fetch_add(&released, 1);
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
        stream = open_stream(WEFT_STREAM_CONFIG(.executor = door(pool), .fn = pass_on, .pull = pull_owned,
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

static int collect_inside(void *arg)
{
    weft_stream *stream;
    long sum = 0, out;
    if (weft_stream_open(&stream,
                         WEFT_STREAM_CONFIG(.executor = arg, .fn = square, .items = numbers,
                                            .in_bytes = sizeof numbers[0], .n = 50, .out_bytes = sizeof out)))
        return -1;
    while (!weft_stream_next(stream, WEFT_FOREVER, &out, NULL, NULL))
        sum += out;
    weft_stream_close(stream);
    return (int)sum;
}

/* On one worker, and under a limit of one that the reader itself holds. */
PROMISE(a_task_reads_a_stream_of_its_own)
{
    fill_numbers();
    weft_pool *pool = sem_pool();
    weft_executor *one;
    cr_assert_eq(weft_executor_create(&one, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)), 0);
    for (int i = 0; i < 2; i++) {
        weft_future *future;
        int status;
        weft_executor *executor = i ? one : door(pool);
        cr_assert_eq(weft_submit(executor, collect_inside, executor, &future), 0);
        cr_assert_eq(weft_future_get(future, &status), 0);
        cr_assert_eq(status, 40425);
        weft_future_release(future);
    }
    cr_assert_eq(weft_executor_destroy(one), 0);
    sem_end(pool);
}

PROMISE(the_descriptor_tells_an_event_loop)
{
    fill_numbers();
    weft_pool *pool = sem_pool();
    weft_stream *stream = open_stream(WEFT_STREAM_CONFIG(.executor = door(pool), .fn = square,
                                                         .items = numbers, .in_bytes = sizeof numbers[0],
                                                         .n = 3000, .out_bytes = sizeof(long), .window = 16));
    int fd = weft_stream_fd(stream), got = 0, err;
    cr_assert_geq(fd, 0);
    cr_assert_eq(weft_stream_fd(stream), fd);
    do {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        cr_assert_eq(poll(&p, 1, 5000), 1, "it was never readable, after %d", got);
        while ((err = weft_stream_next(stream, 0, NULL, NULL, NULL)) == 0)
            got++;
    } while (err == -ETIMEDOUT);
    cr_assert_eq(err, WEFT_EEND);
    cr_assert_eq(got, 3000);
    weft_stream_close(stream);
    sem_end(pool);
}

static const weft_executor_config *narrow(weft_pool *pool, int engine, int when_full)
{
    static weft_executor_config config;
    config = *WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = engine, .limit = 1, .queue_limit = 1,
                                   .when_full = when_full);
    return &config;
}

static int wait_at(void *arg)
{
    gate_wait(arg, 1);
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
        open_stream(WEFT_STREAM_CONFIG(.executor = door(pool), .fn = stand, .ctx = &g, .items = numbers,
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

/* Short ones, many times: the end may be found just after the last look of the loop. */
PROMISE(the_descriptor_tells_of_the_end)
{
    weft_pool *pool = sem_pool();
    for (int round = 0; round < 3000; round++) {
        weft_stream *stream = open_stream(WEFT_STREAM_CONFIG(.executor = door(pool), .fn = square,
                                                             .items = numbers, .in_bytes = sizeof numbers[0],
                                                             .n = 3, .out_bytes = sizeof(long), .window = 2));
        struct pollfd p = {.fd = weft_stream_fd(stream), .events = POLLIN};
        int err;
        do {
            cr_assert_eq(poll(&p, 1, 5000), 1, "the end was not told, round %d", round);
            while ((err = weft_stream_next(stream, 0, NULL, NULL, NULL)) == 0)
                ;
        } while (err == -ETIMEDOUT);
        cr_assert_eq(err, WEFT_EEND);
        weft_stream_close(stream);
    }
    sem_end(pool);
}

PROMISE(bad_input_is_refused)
{
    weft_stream *s = (weft_stream *)1;
    long out;
    cr_assert_eq(weft_stream_open(NULL, WEFT_STREAM_CONFIG(.fn = square)), -EINVAL);
    cr_assert_eq(weft_stream_open(&s, NULL), -EINVAL);
    cr_assert_null(s);
    cr_assert_eq(weft_stream_open(&s, WEFT_STREAM_CONFIG(.n = 0)), -EINVAL);
    cr_assert_eq(weft_stream_open(&s, WEFT_STREAM_CONFIG(.fn = square, .n = 3, .items = numbers)), -EINVAL);
    cr_assert_eq(weft_stream_open(&s, WEFT_STREAM_CONFIG(.fn = square, .pull = pull, .items = numbers)),
                 -EINVAL);
    cr_assert_eq(weft_stream_open(&s, WEFT_STREAM_CONFIG(.fn = square, .window_bytes = 4)), -EINVAL);
    cr_assert_eq(weft_stream_open(&s, WEFT_STREAM_CONFIG(.fn = square, .weigh = weigh)), -EINVAL);
    cr_assert_eq(weft_stream_open(&s, WEFT_STREAM_CONFIG(.fn = square, .window = SIZE_MAX)), -EINVAL);
    cr_assert_eq(weft_stream_open(&s, WEFT_STREAM_CONFIG(.fn = square, .chunk = 65)), -EINVAL);
    cr_assert_eq(weft_stream_open(&s, WEFT_STREAM_CONFIG(.fn = square, .unordered = 2)), -EINVAL);
    cr_assert_eq(weft_stream_open(&s, WEFT_STREAM_CONFIG(.fn = square, .drop_item = drop_item)), -EINVAL);
    cr_assert_null(s);
    cr_assert_eq(weft_stream_next(NULL, 0, &out, NULL, NULL), -EINVAL);
    cr_assert_eq(weft_stream_fd(NULL), -EINVAL);
}
