/* SPDX-License-Identifier: MIT */
/*
 * far_streams.h - streams of executors whose tasks run in other processes, over worker processes or over ranks: what both
 * tests have in common.
 */
#ifndef WEFT_TESTS_FAR_STREAMS_H
#define WEFT_TESTS_FAR_STREAMS_H

#include "tally.h"

#include <errno.h>
#include <stdint.h>
#include <weft/stream.h>

enum { ITEMS = 1000 };

/* ---- what items do ------------------------------------------------------------------------------- */

static int triple(const void *in, void *out, void *ctx)
{
    ((int *)out)[1] = (int)getpid();
    *(int *)out += 3 * *(const int *)in;
    return ctx != NULL;
}

static int fails_at_fives(const void *in, void *out, void *ctx)
{
    int number = *(const int *)in;
    return number % 100 == 5 ? number : triple(in, out, ctx);
}

static int knows_nothing(const void *in, void *out, void *ctx)
{
    (void)out;
    return in || ctx;
}

/* ---- what comes out ------------------------------------------------------------------------------ */

typedef struct tripled {
    int number, pid;
} tripled;

typedef struct seen {
    int count, right, died, failed, late, others, here;
    size_t unordered;
    int end;
} seen;

static seen consume(weft_stream *stream)
{
    seen t = {.count = 0};
    tripled r;
    int status;
    size_t index;
    while (!(t.end = weft_stream_next(stream, WEFT_FOREVER, &r, &status, &index))) {
        t.unordered += index != (size_t)t.count;
        t.count++;
        t.right += status == 0 && r.number == 3 * (int)index;
        t.here += status == 0 && r.pid == (int)getpid();
        t.died += status == WEFT_EDIED;
        t.failed += status == (int)index && index % 100 == 5;
        t.late += status == -ETIMEDOUT;
        t.others += status == -ESHUTDOWN || status == -ECANCELED;
    }
    return t;
}

static int input[ITEMS];

static void fill_input(void)
{
    for (int i = 0; i < ITEMS; i++)
        input[i] = i;
}

static weft_stream_config of_array(weft_executor *e, int (*fn)(const void *, void *, void *))
{
    return (weft_stream_config){.size = sizeof(weft_stream_config),
                                .executor = e,
                                .fn = fn,
                                .items = input,
                                .in_bytes = sizeof *input,
                                .n = ITEMS,
                                .out_bytes = sizeof(tripled)};
}

static seen run_all(weft_stream_config config)
{
    weft_stream *stream = NULL;
    seen t = {.end = weft_stream_open(&stream, &config)};
    CHECK(t.end == 0, "open: %d", t.end);
    if (!t.end)
        t = consume(stream);
    weft_stream_close(stream);
    return t;
}

/* ---- what is promised ---------------------------------------------------------------------------- */

static void test_results(weft_executor *e)
{
    for (int way = 0; way < 8; way++) {
        weft_stream_config config = of_array(e, triple);
        config.unordered = way & 1;
        config.window = way & 2 ? 3 : 0;
        config.chunk = way & 4 ? 10 : 0;
        seen t = run_all(config);
        CHECK(t.end == WEFT_EEND && t.right == ITEMS && t.here == 0, "way %d: %d, %d right, %d here", way,
              t.end, t.right, t.here);
        CHECK((way & 1) || !t.unordered, "way %d: in order", way);
    }
    weft_stream_config none = {.size = sizeof none, .executor = e, .fn = knows_nothing, .n = 100};
    seen t = run_all(none);
    CHECK(t.end == WEFT_EEND && t.count == 100, "no bytes: %d", t.count);
}

/* The source is here, the function there: ctx is for the source. */
typedef struct source {
    int next, end, dropped;
} source;

static int pull(void *in, void *ctx)
{
    source *s = ctx;
    *(int *)in = s->next;
    return s->next == s->end ? -EIO : (s->next++, 0);
}

static void drop_item(void *in, void *ctx)
{
    (void)in;
    ((source *)ctx)->dropped++;
}

static void test_pulled(weft_executor *e)
{
    source from = {.end = ITEMS};
    weft_stream_config config = of_array(e, triple);
    config.items = NULL;
    config.n = 0;
    config.pull = pull;
    config.ctx = &from;
    config.window = 16;
    seen t = run_all(config);
    CHECK(t.end == -EIO && t.right == ITEMS && !t.unordered, "%d, %d right", t.end, t.right);
}

static void test_fails(weft_executor *e)
{
    seen t = run_all(of_array(e, fails_at_fives));
    CHECK(t.failed == 10 && t.right == ITEMS - 10, "%d failed, %d right", t.failed, t.right);
}

static void test_refused(weft_executor *e)
{
    weft_stream *stream;
    weft_stream_config config = of_array(e, triple);
    config.in_bytes = (size_t)1 << 40;
    CHECK(weft_stream_open(&stream, &config) == -EMSGSIZE && !stream, "too large an item");
    config = of_array(e, (int (*)(const void *, void *, void *))(uintptr_t)&input);
    CHECK(weft_stream_open(&stream, &config) == -EINVAL && !stream, "no function is there");
}

/* Half read; what was pulled and did not run is dropped. */
static void test_closed(weft_executor *e)
{
    source from = {.end = INT32_MAX};
    weft_stream *stream = NULL;
    weft_stream_config config = {.size = sizeof config,
                                 .executor = e,
                                 .fn = triple,
                                 .pull = pull,
                                 .ctx = &from,
                                 .drop_item = drop_item,
                                 .in_bytes = sizeof(int),
                                 .out_bytes = sizeof(tripled),
                                 .window = 100,
                                 .chunk = 50};
    CHECK(weft_stream_open(&stream, &config) == 0, "open");
    for (int i = 0; i < 20; i++) {
        tripled r = {.number = -1};
        int err = weft_stream_next(stream, WEFT_FOREVER, &r, NULL, NULL);
        CHECK(err == 0 && r.number == 3 * i, "item %d: %d, %d", i, err, r.number);
    }
    weft_stream_close(stream);
    CHECK(from.next >= 20 && from.next <= 120, "pulled %d", from.next);
}

/* A shut down executor's items run on, in the consumer; a destroyed one's have nowhere to run. */
static void test_executor_goes(weft_executor *e)
{
    weft_stream *stream = NULL;
    source from = {.end = ITEMS};
    weft_stream_config config = {.size = sizeof config,
                                 .executor = e,
                                 .fn = triple,
                                 .pull = pull,
                                 .ctx = &from,
                                 .drop_item = drop_item,
                                 .in_bytes = sizeof(int),
                                 .out_bytes = sizeof(tripled),
                                 .window = 10};
    CHECK(weft_stream_open(&stream, &config) == 0, "open");
    CHECK(weft_executor_shutdown(e, WEFT_CANCEL_PENDING, WEFT_FOREVER) == 0, "shut down");
    for (int i = 0; i < 100; i++) {
        tripled r = {.number = -1};
        int status = -1, err = weft_stream_next(stream, WEFT_FOREVER, &r, &status, NULL);
        CHECK(err == 0 && status == 0 && r.number == 3 * i, "item %d: %d, %d, %d", i, err, status, r.number);
    }
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
    seen t = consume(stream);
    CHECK(t.end == -EIO && t.count == ITEMS - 100 && t.right == 0 && t.here == 0, "%d, %d came", t.end,
          t.count);
    CHECK(t.others == from.dropped && from.dropped >= ITEMS - 100 - 10, "%d dropped, %d say so", from.dropped,
          t.others);
    weft_stream_close(stream);
}

/* All of these, but for the end of the executor. */
static void test_streams(weft_executor *e)
{
    test_results(e);
    test_pulled(e);
    test_fails(e);
    test_refused(e);
    test_closed(e);
}

#endif
