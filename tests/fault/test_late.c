/* SPDX-License-Identifier: MIT */
/*
 * test_late.c - worker processes with a time limit: what hangs is ended when its time is over, a task, an item of a map, an item
 * of a stream, and the others come back. Side by side: each takes as long as the limit.
 */
#include "processes.h"

#include <pthread.h>
#include <weft/bulk.h>
#include <weft/stream.h>

enum { ITEMS = 1000, FULL = 64 };

static int input[ITEMS];

static int hangs_at_three(const void *in, void *out)
{
    while (*(const int *)in == 3)
        (void)pause();
    *(int *)out = 3 * *(const int *)in;
    return 0;
}

static int maps(void *out, const void *in, void *ctx)
{
    return ctx ? -1 : hangs_at_three(in, out);
}

static int streams(const void *in, void *out, void *ctx)
{
    return ctx ? -1 : hangs_at_three(in, out);
}

static void *test_task(void *unused)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .time_limit_ns = LIMIT_NS));
    check_death(e, spec_of(sleeps, NULL, 0, 0), -ETIMEDOUT, "time was over");
    (void)weft_executor_destroy(e);
    return unused;
}

static void *test_map(void *unused)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 2, .time_limit_ns = LIMIT_NS));
    static int output[ITEMS], status[ITEMS];
    weft_map_report report;
    int right = 0;
    int err =
        weft_executor_map(e, maps, input, sizeof *input, output, sizeof *output, ITEMS,
                          WEFT_MAP_CONFIG(.on_error = WEFT_COLLECT, .status = status, .report = &report));
    for (int i = 0; i < ITEMS; i++)
        right += i != 3 && output[i] == 3 * i && status[i] == 0;
    CHECK(err == WEFT_EITEM && status[3] == -ETIMEDOUT && report.failed == 1, "%d, %d", err, status[3]);
    CHECK(right == ITEMS - 1, "%d are right", right);
    (void)weft_executor_destroy(e);
    return unused;
}

static void *test_stream(void *unused)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 2, .time_limit_ns = LIMIT_NS));
    weft_stream *stream = NULL;
    weft_stream_config config = {.size = sizeof config,
                                 .executor = e,
                                 .fn = streams,
                                 .items = input,
                                 .in_bytes = sizeof *input,
                                 .n = FULL,
                                 .out_bytes = sizeof(int)};
    int result, status, late = 0, right = 0;
    size_t index;
    CHECK(weft_stream_open(&stream, &config) == 0, "open");
    while (!weft_stream_next(stream, WEFT_FOREVER, &result, &status, &index)) {
        late += status == -ETIMEDOUT;
        right += status == 0 && result == 3 * (int)index;
    }
    weft_stream_close(stream);
    CHECK(late == 1 && right == FULL - 1, "%d late, %d right", late, right);
    (void)weft_executor_destroy(e);
    return unused;
}

int main(void)
{
    void *(*const tests[])(void *) = {test_task, test_map, test_stream};
    pthread_t threads[sizeof tests / sizeof *tests];
    tally_watch(360);
    for (int i = 0; i < ITEMS; i++)
        input[i] = i;
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (!CHECK(pthread_create(&threads[i], NULL, tests[i], NULL) == 0, "thread"))
            return tally_end();
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        (void)pthread_join(threads[i], NULL);
    return tally_end();
}
