/* SPDX-License-Identifier: MIT */
/*
 * test_late.c - worker processes with a time limit: what hangs is ended when its time is over, a task, an item of a map, an item
 * of a stream, a process that does not begin, and the others come back. Side by side: each takes as long as the limit.
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

/* As late as the word in the block says. */
static int begins(const void *place)
{
    void *hangs;
    int err = weft_shared_at(place, sizeof(uint32_t), &hangs);
    while (!err && __atomic_load_n((uint32_t *)hangs, __ATOMIC_SEQ_CST))
        (void)pause();
    return err;
}

typedef struct late {
    weft_executor *executor;
    uint32_t *hangs;
} late;

static late make_late(uint32_t hangs)
{
    late l = {.hangs = NULL};
    weft_shared_ref place;
    CHECK(weft_shared_alloc(sizeof *l.hangs, (void **)&l.hangs) == 0 &&
              weft_shared_ref_of(l.hangs, &place) == 0,
          "a block");
    *l.hangs = hangs;
    l.executor =
        make(WEFT_PROCESSES_CONFIG(.processes = 1, .tasks_each = 1, .start = begins, .start_arg = &place,
                                   .start_bytes = sizeof place, .start_limit_ns = LIMIT_NS));
    return l;
}

static void end_late(late l)
{
    CHECK(weft_executor_destroy(l.executor) == 0 && weft_shared_free(l.hangs) == 0, "ended");
}

static outcome add_in(late l, uint32_t hangs)
{
    static const int terms[2] = {20, 22};
    __atomic_store_n(l.hangs, hangs, __ATOMIC_SEQ_CST);
    return run(l.executor, add, terms, sizeof terms, sizeof(int));
}

/* A later process that does not begin is the task's. */
static void *test_beginning(void *unused)
{
    late l = make_late(0);
    outcome first = add_in(l, 0), second = add_in(l, 1), third = add_in(l, 0);
    CHECK(first.status == 0 && first.number == 42, "the first one: %d, %d", first.status, first.number);
    CHECK(second.status == -ETIMEDOUT && strstr(second.error, "had not begun"), "%d: %s", second.status,
          second.error);
    CHECK(third.status == 0 && third.number == 42, "the next one: %d, %d", third.status, third.number);
    end_late(l);
    return unused;
}

/* The first one is all's. */
static void *test_first(void *unused)
{
    late l = make_late(1);
    outcome o = add_in(l, 1);
    weft_executor_state state = {.size = sizeof state};
    CHECK(o.status == -ECANCELED && weft_executor_inspect(l.executor, &state) == 0 &&
              state.broken == -ETIMEDOUT,
          "%d, broken %d", o.status, state.broken);
    end_late(l);
    return unused;
}

int main(void)
{
    void *(*const tests[])(void *) = {test_task, test_map, test_stream, test_beginning, test_first};
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
