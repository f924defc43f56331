/* SPDX-License-Identifier: MIT */
/*
 * test_far_stream.c - streams and groups over worker processes: a death is one item's, results come in order or as they are
 * ready, what is stopped stops, and an executor that goes leaves no consumer waiting.
 */
#include "processes.h"

#include <stdatomic.h>
#include <weft/group.h>
#include <weft/stream.h>

enum { ITEMS = 1000, FULL = 64 };

/* ---- what items do ------------------------------------------------------------------------------- */

static int triple(const void *in, void *out, void *ctx)
{
    ((int *)out)[1] = (int)getpid();
    *(int *)out += 3 * *(const int *)in;
    return ctx != NULL;
}

static int dies_of_sevens(const void *in, void *out, void *ctx)
{
    int kill_signal = SIGKILL;
    if (*(const int *)in % 100 == 7)
        (void)raises(&kill_signal, NULL);
    return triple(in, out, ctx);
}

static int fails_at_fives(const void *in, void *out, void *ctx)
{
    int number = *(const int *)in;
    return number % 100 == 5 ? number : triple(in, out, ctx);
}

static int hangs_at_three(const void *in, void *out, void *ctx)
{
    while (*(const int *)in == 3)
        (void)pause();
    return triple(in, out, ctx);
}

static int knows_nothing(const void *in, void *out, void *ctx)
{
    (void)out;
    return in || ctx;
}

/* ---- what comes out ------------------------------------------------------------------------------ */

typedef struct result {
    int number, pid;
} result;

typedef struct seen {
    int count, right, died, failed, late, others, here;
    size_t unordered;
    int end;
} seen;

static seen consume(weft_stream *stream)
{
    seen t = {.count = 0};
    result r;
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

static weft_stream_config of_array(weft_executor *e, int (*fn)(const void *, void *, void *))
{
    return (weft_stream_config){.size = sizeof(weft_stream_config),
                                .executor = e,
                                .fn = fn,
                                .items = input,
                                .in_bytes = sizeof *input,
                                .n = ITEMS,
                                .out_bytes = sizeof(result)};
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

static void test_deaths(weft_executor *e)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        weft_stream_config config = of_array(e, dies_of_sevens);
        config.unordered = unordered;
        seen t = run_all(config);
        CHECK(t.end == WEFT_EEND && t.died == 10 && t.right == ITEMS - 10, "%d died, %d right", t.died,
              t.right);
    }
    seen t = run_all(of_array(e, fails_at_fives));
    CHECK(t.failed == 10 && t.right == ITEMS - 10, "%d failed, %d right", t.failed, t.right);
}

static void test_time_limit(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 2, .time_limit_ns = LIMIT_NS));
    weft_stream_config config = of_array(e, hangs_at_three);
    config.n = FULL;
    seen t = run_all(config);
    CHECK(t.late == 1 && t.right == FULL - 1, "%d late, %d right", t.late, t.right);
    (void)weft_executor_destroy(e);
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

/* ---- ends ---------------------------------------------------------------------------------------- */

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
                                 .out_bytes = sizeof(result),
                                 .window = 100,
                                 .chunk = 50};
    CHECK(weft_stream_open(&stream, &config) == 0, "open");
    for (int i = 0; i < 20; i++) {
        result r = {.number = -1};
        int err = weft_stream_next(stream, WEFT_FOREVER, &r, NULL, NULL);
        CHECK(err == 0 && r.number == 3 * i, "item %d: %d, %d", i, err, r.number);
    }
    weft_stream_close(stream);
    CHECK(from.next >= 20 && from.next <= 120, "pulled %d", from.next);
    int terms[2] = {1, 2};
    CHECK(run(e, add, terms, sizeof terms, sizeof(int)).number == 3, "and on");
}

/* A shut down executor's items run on, in the consumer; a destroyed one's have nowhere to run. */
static void test_executor_goes(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 2));
    weft_stream *stream = NULL;
    source from = {.end = ITEMS};
    weft_stream_config config = {.size = sizeof config,
                                 .executor = e,
                                 .fn = triple,
                                 .pull = pull,
                                 .ctx = &from,
                                 .drop_item = drop_item,
                                 .in_bytes = sizeof(int),
                                 .out_bytes = sizeof(result),
                                 .window = 10};
    CHECK(weft_stream_open(&stream, &config) == 0, "open");
    CHECK(weft_executor_shutdown(e, WEFT_CANCEL_PENDING, WEFT_FOREVER) == 0, "shut down");
    for (int i = 0; i < 100; i++) {
        result r = {.number = -1};
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

static int refuses(const void *arg)
{
    (void)arg;
    return 42;
}

static void test_broken(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .start = refuses));
    seen t = run_all(of_array(e, triple));
    CHECK(t.end == WEFT_EEND && t.others == ITEMS, "%d, %d are cancelled", t.end, t.others);
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
}

/* ---- groups -------------------------------------------------------------------------------------- */

static int plain(void *arg)
{
    (void)arg;
    return 0;
}

static void test_group(weft_executor *e)
{
    weft_group *group = NULL;
    weft_future *futures[FULL];
    int right = 0, status = 1;
    CHECK(weft_group_create(&group, WEFT_GROUP_CONFIG(.executor = e)) == 0, "created");
    for (int i = 0; i < FULL; i++) {
        int terms[2] = {i, 1};
        weft_task_spec spec = spec_of(add, terms, sizeof terms, sizeof(int));
        CHECK(weft_group_submit_task(group, &spec, &futures[i]) == 0, "submitted");
    }
    CHECK(weft_group_submit(group, plain, NULL) == -EINVAL, "a function of this process");
    CHECK(weft_group_wait(group, WEFT_FOREVER, &status) == 0 && status == 0, "waited: %d", status);
    for (int i = 0; i < FULL; i++) {
        const int *sum = weft_future_result(futures[i]);
        right += sum && *sum == i + 1;
        weft_future_release(futures[i]);
    }
    CHECK(right == FULL, "%d are right", right);
    CHECK(weft_group_destroy(group) == 0, "destroyed");
}

/* One dies, and the others are asked to stop: also the one that runs in another process. */
static void test_group_stops(weft_executor *e)
{
    weft_group *group = NULL;
    int kill_signal = SIGKILL, status = 0;
    CHECK(weft_group_create(&group, WEFT_GROUP_CONFIG(.executor = e, .on_error = WEFT_STOP_OTHERS)) == 0,
          "created");
    weft_task_spec sleeper = spec_of(sleeps, NULL, 0, 0),
                   dies = spec_of(raises, &kill_signal, sizeof kill_signal, 0);
    weft_future *sleeping = NULL;
    CHECK(weft_group_submit_task(group, &sleeper, &sleeping) == 0 &&
              weft_group_submit_task(group, &dies, NULL) == 0,
          "submitted");
    CHECK(weft_group_wait(group, WEFT_FOREVER, &status) == 0 && status == WEFT_EDIED, "status %d", status);
    CHECK(strstr(weft_group_error_text(group), "SIGKILL"), "%s", weft_group_error_text(group));
    check_stopped(sleeping, "with its group");
    CHECK(weft_group_destroy(group) == 0, "destroyed");
}

int main(void)
{
    tally_watch(360);
    for (int i = 0; i < ITEMS; i++)
        input[i] = i;
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 2, .grace_ns = 20000000));
    test_results(e);
    test_pulled(e);
    test_deaths(e);
    test_refused(e);
    test_closed(e);
    test_group(e);
    test_group_stops(e);
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
    test_time_limit();
    test_executor_goes();
    test_broken();
    return tally_end();
}
