/* SPDX-License-Identifier: MIT */
/* test_stream.c - every item comes out once, where it should, with its status; the window holds. */
#include "streams.h"

static void array_of(int n, size_t window, size_t chunk, int unordered)
{
    weft_pool *pool = sem_pool();
    read_all(open_stream(WEFT_STREAM_CONFIG(.executor = sem_door(pool), .fn = square, .items = numbers,
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

static void pulled_through(int window, int unordered, int err)
{
    weft_pool *pool = sem_pool();
    struct source s = {.end = 3000, .err = err, .window = window};
    weft_stream *stream =
        open_stream(WEFT_STREAM_CONFIG(.executor = sem_door(pool), .fn = square, .ctx = &s,
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
        open_stream(WEFT_STREAM_CONFIG(.executor = sem_door(pool), .fn = square, .items = numbers,
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
        weft_executor *executor = i ? one : sem_door(pool);
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
    weft_stream *stream = open_stream(WEFT_STREAM_CONFIG(.executor = sem_door(pool), .fn = square,
                                                         .items = numbers, .in_bytes = sizeof numbers[0],
                                                         .n = 3000, .out_bytes = sizeof(long), .window = 16));
    int fd = weft_stream_fd(stream), got = 0, err;
    cr_assert_geq(fd, 0);
    cr_assert_eq(weft_stream_fd(stream), fd);
    do {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        cr_assert_eq(poll(&p, 1, -1), 1);
        while ((err = weft_stream_next(stream, 0, NULL, NULL, NULL)) == 0)
            got++;
    } while (err == -ETIMEDOUT);
    cr_assert_eq(err, WEFT_EEND);
    cr_assert_eq(got, 3000);
    weft_stream_close(stream);
    sem_end(pool);
}

static int fd_of(void *stream)
{
    return weft_stream_fd(stream);
}

PROMISE(without_a_descriptor_the_stream_works_on_and_may_ask_again)
{
    fill_numbers();
    weft_pool *pool = sem_pool();
    weft_stream *stream = open_stream(WEFT_STREAM_CONFIG(.executor = sem_door(pool), .fn = square,
                                                         .items = numbers, .in_bytes = sizeof numbers[0],
                                                         .n = 40, .out_bytes = sizeof(long), .window = 4));
    int got = 0, err;
    cr_assert_eq(sem_without_descriptors(fd_of, stream), -EMFILE);
    cr_assert_eq(weft_stream_next(stream, WEFT_FOREVER, NULL, NULL, NULL), 0);
    cr_assert_geq(weft_stream_fd(stream), 0);
    while ((err = weft_stream_next(stream, WEFT_FOREVER, NULL, NULL, NULL)) == 0)
        got++;
    cr_assert_eq(err, WEFT_EEND);
    cr_assert_eq(got, 39);
    weft_stream_close(stream);
    sem_end(pool);
}

/* Short ones, many times: the end may be found just after the last look of the loop. */
PROMISE(the_descriptor_tells_of_the_end)
{
    weft_pool *pool = sem_pool();
    for (int round = 0; round < 3000; round++) {
        weft_stream *stream = open_stream(WEFT_STREAM_CONFIG(.executor = sem_door(pool), .fn = square,
                                                             .items = numbers, .in_bytes = sizeof numbers[0],
                                                             .n = 3, .out_bytes = sizeof(long), .window = 2));
        struct pollfd p = {.fd = weft_stream_fd(stream), .events = POLLIN};
        int err;
        do {
            cr_assert_eq(poll(&p, 1, -1), 1);
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
