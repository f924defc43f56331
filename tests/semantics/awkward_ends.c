/* SPDX-License-Identifier: MIT */
/* awkward_ends.c - rows of test_awkward.c: ends in any order, maps and streams. */
#include "awkward.h"

/* ---- the end, in any order ------------------------------------------------------------------------- */

const char *closed_and_joined_in_any_order(void)
{
    atomic_int runs = 0;
    weft_future *future = (weft_future *)pool;
    weft_executor *executor = executor_with(WEFT_EXECUTOR_CONFIG(.limit = 1));
    for (int i = 0; i < 20; i++)
        WANT(weft_submit(executor, count, &runs, NULL) == 0);
    WANT(weft_executor_shutdown(executor, WEFT_DRAIN, WEFT_FOREVER) == 0 && runs == 20); /* without close */
    WANT(weft_executor_shutdown(executor, WEFT_DRAIN, WEFT_FOREVER) == 0);               /* twice */
    WANT(weft_executor_shutdown(executor, WEFT_STOP_RUNNING, 0) == 0);
    WANT(weft_executor_close(executor) == 0 && weft_executor_close(executor) == 0);
    WANT(weft_submit(executor, count, &runs, &future) == -ESHUTDOWN && !future);
    WANT(weft_apply(executor, count, &runs, NULL) == -ESHUTDOWN);
    WANT(weft_executor_destroy(executor) == 0 && runs == 20);
    executor = executor_with(NULL);
    WANT(weft_submit(executor, count, &runs, &future) == 0);
    WANT(weft_executor_destroy(executor) == 0 && runs == 21 && get(future) == 20); /* read after the end */
    return NULL;
}

/* Not before who asked it has its answer. */
static int until_stopped(void *arg)
{
    atomic_int *running = arg;
    atomic_store(running, 1);
    while (!weft_should_stop() || atomic_load(running))
        sched_yield();
    return -ECANCELED;
}

const char *a_running_task_is_cancelled(void)
{
    atomic_int running = 0;
    weft_future *future;
    if (!workers)
        return SKIPPED; /* it would run in weft_submit */
    WANT(weft_submit(plain, until_stopped, &running, &future) == 0);
    while (!atomic_load(&running))
        sched_yield();
    int asked = weft_future_cancel(future);
    atomic_store(&running, 0);
    WANT(asked == -EBUSY && weft_future_wait(future, WEFT_FOREVER) == 0);
    WANT(weft_future_state(future) == WEFT_CANCELLED && weft_future_cancel(future) == 0);
    WANT(get(future) == -ECANCELED);
    return NULL;
}

const char *released_before_it_ran(void)
{
    atomic_int runs = 0;
    weft_executor *executor = executor_with(WEFT_EXECUTOR_CONFIG(.engine = WEFT_ENGINE_SERIAL));
    weft_future *future;
    WANT(weft_submit(executor, count, &runs, &future) == 0);
    weft_future_release(future);
    WANT(weft_executor_destroy(executor) == 0 && runs == 1);
    return NULL;
}

/* ---- maps and streams ------------------------------------------------------------------------------ */

static int copy(void *out, const void *in, void *ctx)
{
    (void)ctx;
    *(int *)out = *(const int *)in;
    return 0;
}

static int copy_stream(const void *in, void *out, void *ctx)
{
    return copy(out, in, ctx);
}

const char *maps_over_nothing(void)
{
    weft_stream *stream;
    weft_future *future;
    weft_map_report report = {.done = 9};
    int one = 1;
    WANT(weft_parallel_map(pool, copy, &one, 4, &one, 4, 0, WEFT_MAP_CONFIG(.report = &report)) == 0 &&
         !report.done);
    WANT(weft_executor_map(plain, copy, &one, 4, &one, 4, 0, NULL) == 0);
    WANT(weft_executor_map_async(plain, copy, &one, 4, &one, 4, 0, NULL, &future) == 0 && get(future) == 0);
    WANT(weft_stream_open(&stream, WEFT_STREAM_CONFIG(.executor = plain, .fn = copy_stream, .items = &one,
                                                      .n = 0, .in_bytes = 4, .out_bytes = 4)) == 0);
    WANT(weft_stream_next(stream, WEFT_FOREVER, &one, NULL, NULL) == WEFT_EEND);
    weft_stream_close(stream);
    return NULL;
}

const char *sizes_that_make_no_sense(void)
{
    weft_stream *stream = (weft_stream *)pool;
    weft_pool *other = pool;
    int one = 1;
    const weft_stream_config config = {.size = sizeof config,
                                       .executor = plain,
                                       .fn = copy_stream,
                                       .items = &one,
                                       .n = 1,
                                       .in_bytes = 4,
                                       .out_bytes = 4,
                                       .chunk = (size_t)-1};
    WANT(weft_stream_open(&stream, &config) == -EINVAL && !stream);
    WANT(weft_pool_create(&other, WEFT_POOL_CONFIG(.workers = -5)) == -EINVAL && !other);
    WANT(!executor_with(WEFT_EXECUTOR_CONFIG(.limit = -3)));
    return NULL;
}

struct source {
    atomic_int pulled;
    int end, err;
};

static int pull(void *in, void *ctx)
{
    struct source *s = ctx;
    int at = atomic_fetch_add(&s->pulled, 1);
    *(int *)in = at;
    return at == s->end ? s->err : 0;
}

static weft_stream *stream_of(weft_executor *executor, struct source *source)
{
    weft_stream *stream = NULL;
    int err = weft_stream_open(&stream,
                               WEFT_STREAM_CONFIG(.executor = executor, .fn = copy_stream, .pull = pull,
                                                  .ctx = source, .in_bytes = 4, .out_bytes = 4, .window = 8));
    return err ? NULL : stream;
}

const char *a_source_fails(void)
{
    struct source source = {.end = 20, .err = -EPIPE};
    weft_stream *stream = stream_of(plain, &source);
    for (int i = 0, out; i < 20; i++)
        WANT(weft_stream_next(stream, WEFT_FOREVER, &out, NULL, NULL) == 0 && out == i);
    WANT(weft_stream_next(stream, WEFT_FOREVER, NULL, NULL, NULL) == -EPIPE);
    WANT(weft_stream_next(stream, WEFT_FOREVER, NULL, NULL, NULL) == WEFT_EEND);
    weft_stream_close(stream);
    return NULL;
}

const char *a_source_without_end_is_pulled_as_far_as_it_is_read(void)
{
    struct source source = {.end = -1};
    weft_stream *stream = stream_of(plain, &source);
    for (int i = 0, out; i < 3; i++)
        WANT(weft_stream_next(stream, WEFT_FOREVER, &out, NULL, NULL) == 0 && out == i);
    weft_stream_close(stream);
    WANT(atomic_load(&source.pulled) <= 3 + 8);
    return NULL;
}

const char *a_stream_is_read_after_its_executor_was_shut_down(void)
{
    for (int mode = WEFT_DRAIN; mode <= WEFT_STOP_RUNNING; mode++) {
        struct source source = {.end = 30, .err = 1};
        weft_executor *executor = executor_with(NULL);
        weft_stream *stream = stream_of(executor, &source);
        WANT(weft_executor_shutdown(executor, mode, WEFT_FOREVER) == 0);
        for (int i = 0, out; i < 30; i++)
            WANT(weft_stream_next(stream, WEFT_FOREVER, &out, NULL, NULL) == 0 && out == i);
        WANT(weft_stream_next(stream, WEFT_FOREVER, NULL, NULL, NULL) == WEFT_EEND);
        weft_stream_close(stream);
        WANT(weft_executor_destroy(executor) == 0);
    }
    return NULL;
}
