/* SPDX-License-Identifier: MIT */
/*
 * test_codec.c - maps, streams and tasks over worker processes of values that have pointers (codec.h); what is too large; and that
 * nothing is left in a worker.
 */
#include "processes.h"

#include "codec_streams.h"
#include "codec_tasks.h"

static int counts_live(const void *arg, void *result)
{
    (void)arg;
    *(int *)result = atomic_load(&live);
    return 0;
}

static void check_dropped(weft_executor *e)
{
    outcome o = run(e, counts_live, NULL, 0, sizeof(int));
    CHECK(o.status == 0 && o.number == 0, "%d are left in the worker", o.number);
}

static void test_there_and_back(const weft_processes_config *config, const char *what)
{
    static const size_t bytes[] = {1, 100, 8000};
    weft_executor *e = make(config);
    for (size_t i = 0; i < 3; i++) {
        fill(bytes[i]);
        int err = map(e, WEFT_FAIL_FAST), right = count_right();
        CHECK(err == 0 && right == ITEMS, "%s, %zu bytes: %d, %d right", what, bytes[i], err, right);
        if (config->processes == 1)
            check_dropped(e);
        empty();
    }
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
}

/* Each is one item's, whoever stands beside it. */
static void test_failures(weft_executor *e)
{
    static const int wanted[KINDS] = {0,          70 + UNPACK_FAILS, 70 + FAILS,
                                      WEFT_EDIED, -EMSGSIZE,         70 + BACK_FAILS};
    int wrong = 0;
    fill(1000);
    for (int i = 0; i < ITEMS; i++)
        in[i].text[0] = (char)('0' + (i % 11 < KINDS ? i % 11 : GOOD));
    int err = map(e, WEFT_COLLECT);
    for (int i = 0; i < ITEMS; i++) {
        int kind = in[i].text[0] - '0';
        bool untouched = !out[i].text && out[i].number == -1;
        wrong += status[i] != wanted[kind] || (kind == GOOD ? !is_right(i) : !untouched);
    }
    CHECK(err == WEFT_EITEM && wrong == 0, "%d, %d are wrong", err, wrong);
    check_dropped(e);
    empty();
    fill(10);
    in[17].text[0] = '0' + FAILS;
    err = map(e, WEFT_FAIL_FAST);
    int cancelled = 0;
    for (int i = 18; i < ITEMS; i++)
        cancelled += status[i] == -ECANCELED && !out[i].text;
    CHECK(err == WEFT_EITEM && status[17] == 70 + FAILS && cancelled > 0, "fail fast: %d, %d, %d", err,
          status[17], cancelled);
    check_dropped(e);
    empty();
}

static int shortens(void *to, const void *from, void *ctx)
{
    line *l = to;
    l->text = copy_of("0", 2);
    l->number = (int)strlen(((const line *)from)->text);
    return !l->text || ctx;
}

/* As many go at a time as leave room for the largest. */
static void test_many_large(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .message_bytes = 2000));
    int right = 0;
    fill(440);
    int err = weft_executor_map(e, shortens, in, sizeof *in, out, sizeof *out, ITEMS,
                                WEFT_MAP_CONFIG(.in_codec = &in_codec, .out_codec = &out_codec));
    for (int i = 0; i < ITEMS; i++)
        right += out[i].number == (int)strlen(in[i].text);
    CHECK(err == 0 && right == ITEMS, "large ones in small messages: %d, %d right", err, right);
    check_dropped(e);
    empty();
    (void)weft_executor_destroy(e);
}

/* ---- one way only -------------------------------------------------------------------------------- */

/* An array in a block, too, has pointers. */
static void test_one_way(weft_executor *e)
{
    static size_t length[ITEMS];
    static int number[ITEMS];
    int wrong = 0;
    void *block;
    fill(50);
    int err = weft_shared_alloc(sizeof in, &block);
    CHECK(err == 0, "a block: %d", err);
    memcpy(block, in, sizeof in);
    err = weft_executor_map(e, measures, block, sizeof *in, length, sizeof *length, ITEMS,
                            WEFT_MAP_CONFIG(.in_codec = &in_codec));
    for (int i = 0; i < ITEMS; i++)
        wrong += length[i] != strlen(in[i].text);
    CHECK(err == 0 && wrong == 0, "there: %d, %d wrong", err, wrong);
    for (int i = 0; i < ITEMS; i++)
        number[i] = i;
    err = weft_executor_map(e, spells, number, sizeof *number, out, sizeof *out, ITEMS,
                            WEFT_MAP_CONFIG(.out_codec = &out_codec));
    for (int i = 0; i < ITEMS; i++)
        wrong += !out[i].text || atoi(out[i].text) != i || out[i].number != i;
    CHECK(err == 0 && wrong == 0, "back: %d, %d wrong", err, wrong);
    check_dropped(e);
    empty();
    CHECK(weft_shared_free(block) == 0, "given back");
}

/* ---- streams ------------------------------------------------------------------------------------- */

static void test_streams(void)
{
    for (int processes = 1; processes < 3; processes++) {
        weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = processes, .message_bytes = MESSAGE));
        check_streams(e, 0);
        check_half_read(e);
        check_array(e);
        check_bad_streams(e);
        if (processes == 1)
            check_dropped(e);
        CHECK(weft_executor_destroy(e) == 0, "destroyed");
    }
}

/* A destroyed executor's items have nowhere to run; each is dropped all the same. */
static void test_stream_outlives(void)
{
    lines source = {.end = ITEMS, .words = 50};
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 2));
    weft_stream_config config = of_lines(e, &source);
    weft_stream *stream = NULL;
    int before = atomic_load(&live), became, refused = 0;
    line l;
    config.window = 10;
    CHECK(weft_stream_open(&stream, &config) == 0, "open");
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
    while (!weft_stream_next(stream, WEFT_FOREVER, &l, &became, NULL)) {
        refused += became == -ESHUTDOWN && !l.text;
        if (!became)
            drop(&l);
    }
    weft_stream_close(stream);
    CHECK(refused >= ITEMS - 10, "%d are refused", refused);
    CHECK(source.dropped == source.pulled && source.pulled == ITEMS && atomic_load(&live) == before,
          "outlived: %d dropped of %d, %d left", source.dropped, source.pulled, atomic_load(&live) - before);
}

/* ---- tasks --------------------------------------------------------------------------------------- */

static void test_tasks(void)
{
    weft_future *future = NULL;
    line l = line_of(GOOD, 3000);
    weft_executor *small = make(WEFT_PROCESSES_CONFIG(.processes = 1, .message_bytes = 512));
    int err = weft_submit_task(small,
                               &(weft_task_spec){.size = sizeof(weft_task_spec),
                                                 .fn2 = doubles,
                                                 .arg = &l,
                                                 .arg_bytes = sizeof l,
                                                 .arg_codec = &in_codec},
                               &future);
    CHECK(err == -EMSGSIZE && !future, "messages that hold none: %d", err);
    (void)weft_executor_destroy(small);
    drop(&l);
    for (int processes = 1; processes < 3; processes++) {
        weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = processes, .message_bytes = MESSAGE));
        check_tasks(e, -1);
        if (processes == 1)
            check_dropped(e);
        CHECK(weft_executor_destroy(e) == 0, "destroyed");
    }
}

/* ---- nobody calls them --------------------------------------------------------------------------- */

static size_t never_packs(const void *value, void *to, size_t room)
{
    (void)value;
    (void)to;
    (void)room;
    abort();
}

static int never_unpacks(void *value, const void *from, size_t bytes)
{
    return never_packs(value, value, bytes) != 0 || from;
}

static void test_in_this_process(void)
{
    static const weft_codec never = {.pack = never_packs, .unpack = never_unpacks};
    weft_executor *serial;
    const weft_map_config *config =
        WEFT_MAP_CONFIG(.status = status, .in_codec = &never, .out_codec = &never);
    fill(5);
    memset(out, 0, sizeof out);
    int err = weft_executor_map(NULL, twice, in, sizeof *in, out, sizeof *out, ITEMS, config);
    CHECK(err == 0 && count_right() == ITEMS, "threads: %d, %d right", err, count_right());
    empty();
    fill(5);
    memset(out, 0, sizeof out);
    err = weft_executor_create(&serial, WEFT_EXECUTOR_CONFIG(.engine = WEFT_ENGINE_SERIAL));
    err = err ? err : weft_executor_map(serial, twice, in, sizeof *in, out, sizeof *out, ITEMS, config);
    CHECK(err == 0 && count_right() == ITEMS, "serial: %d, %d right", err, count_right());
    empty();
    for (int i = 0; i < 2; i++) {
        lines source = {.end = ITEMS, .words = 5};
        weft_stream_config of = of_lines(i ? serial : NULL, &source);
        of.in_codec = of.out_codec = &never;
        check_lines(of, &source, (const int[KINDS]){0}, i ? "serial" : "threads");
    }
    for (int i = 0; i < 2; i++) {
        line l = line_of(GOOD, 5);
        weft_task_spec of = of_line(&l);
        of.arg_codec = of.result_codec = &never;
        check_line(submit_line(i ? serial : NULL, of), 0, 5, "");
    }
    (void)weft_executor_destroy(serial);
}

static void test_bad_input(weft_executor *e)
{
    static const weft_codec no_pack = {.unpack = unpack}, no_unpack = {.pack = pack};
    const weft_map_config *configs[] = {WEFT_MAP_CONFIG(.in_codec = &no_pack),
                                        WEFT_MAP_CONFIG(.out_codec = &no_unpack)};
    for (int i = 0; i < 2; i++) {
        int err = weft_executor_map(e, twice, in, sizeof *in, out, sizeof *out, ITEMS, configs[i]);
        CHECK(err == -EINVAL, "half a codec: %d", err);
    }
    int err =
        weft_executor_map(e, twice, NULL, 0, out, sizeof *out, ITEMS, WEFT_MAP_CONFIG(.in_codec = &in_codec));
    CHECK(err == -EINVAL, "of no items: %d", err);
    weft_executor *small = make(WEFT_PROCESSES_CONFIG(.processes = 1, .message_bytes = 512));
    fill(1);
    err = map(small, WEFT_FAIL_FAST);
    CHECK(err == -EMSGSIZE, "messages that hold none: %d", err);
    empty();
    (void)weft_executor_destroy(small);
}

int main(void)
{
    tally_watch(360);
    test_in_this_process();
    test_there_and_back(WEFT_PROCESSES_CONFIG(.processes = 1), "one");
    test_there_and_back(WEFT_PROCESSES_CONFIG(.processes = 2), "two");
    test_there_and_back(WEFT_PROCESSES_CONFIG(.processes = 1, .message_bytes = MESSAGE + 2000), "small ones");
    test_there_and_back(WEFT_PROCESSES_CONFIG(.processes = 2, .time_limit_ns = 10 * LIMIT_NS), "one by one");
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .message_bytes = MESSAGE));
    test_failures(e);
    check_largest(e);
    check_dropped(e);
    test_one_way(e);
    test_bad_input(e);
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
    test_many_large();
    test_streams();
    test_stream_outlives();
    test_tasks();
    return tally_end();
}
