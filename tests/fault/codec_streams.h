/* SPDX-License-Identifier: MIT */
/*
 * codec_streams.h - streams of lines (codec.h) through executors whose tasks run elsewhere: what becomes of each item and result,
 * and that each that came to be is dropped once, here as well.
 */
#ifndef WEFT_TESTS_CODEC_STREAMS_H
#define WEFT_TESTS_CODEC_STREAMS_H

#include "codec.h"

#include <weft/stream.h>

static int twice_of(const void *from, void *to, void *ctx)
{
    (void)ctx; /* the source, where that is */
    return twice(to, from, NULL);
}

/* ---- here ---------------------------------------------------------------------------------------- */

/* Makes lines as long as words, of kinds in turn or all good. */
typedef struct lines {
    int next, end, pulled;
    atomic_int dropped;
    size_t words;
    int kinds, but; /* not of that kind */
} lines;

static int kind_of(const lines *s, int number)
{
    int kind = number % 11;
    return kind < s->kinds && kind != s->but ? kind : GOOD;
}

static int pull_line(void *value, void *ctx)
{
    lines *s = ctx;
    line *l = value;
    if (s->next == s->end)
        return 1;
    l->number = s->next++;
    l->text = calloc(s->words + 2, 1);
    memset(l->text, 'a' + l->number % 26, s->words + 1);
    l->text[0] = (char)('0' + kind_of(s, l->number));
    live++;
    s->pulled++;
    return 0;
}

static void drop_pulled(void *value, void *ctx)
{
    drop(value);
    atomic_fetch_add(&((lines *)ctx)->dropped, 1);
}

static void drop_result(void *value, void *ctx)
{
    (void)ctx;
    drop(value);
}

static weft_stream_config of_lines(weft_executor *e, lines *source)
{
    return (weft_stream_config){.size = sizeof(weft_stream_config),
                                .executor = e,
                                .fn = twice_of,
                                .ctx = source,
                                .pull = pull_line,
                                .drop = drop_result,
                                .drop_item = drop_pulled,
                                .in_bytes = sizeof(line),
                                .out_bytes = sizeof(line),
                                .in_codec = &in_codec,
                                .out_codec = &out_codec};
}

static bool is_line(const line *l, size_t number, size_t words)
{
    size_t bytes = words + 1;
    char letter = (char)('a' + number % 26);
    if (l->number != 2 * (int)number || !l->text || strlen(l->text) != 2 * bytes)
        return false;
    for (size_t i = 0; i < 2 * bytes; i++)
        if (l->text[i] != (i % bytes ? letter : '0' + GOOD))
            return false;
    return true;
}

typedef struct read_lines {
    int count, right, in_turn, end;
} read_lines;

/* `wanted` of each kind; a line that failed is zeros. */
static read_lines read_all(weft_stream *stream, const lines *source, const int *wanted)
{
    read_lines r = {.count = 0};
    int became;
    size_t index;
    line l;
    while (!(r.end = weft_stream_next(stream, WEFT_FOREVER, &l, &became, &index))) {
        int kind = kind_of(source, (int)index);
        r.in_turn += (int)index == r.count++;
        r.right +=
            became == wanted[kind] && (became ? !l.text && !l.number : is_line(&l, index, source->words));
        if (!became)
            drop(&l);
    }
    return r;
}

/* ---- what is promised ---------------------------------------------------------------------------- */

static void check_lines(weft_stream_config config, lines *source, const int *wanted, const char *what)
{
    weft_stream *stream = NULL;
    int before = atomic_load(&live), err = weft_stream_open(&stream, &config);
    CHECK(err == 0, "%s: open: %d", what, err);
    read_lines r = read_all(stream, source, wanted);
    CHECK(r.end == WEFT_EEND && r.right == source->end, "%s: %d, %d of %d are right", what, r.end, r.right,
          source->end);
    CHECK(config.unordered || r.in_turn == source->end, "%s: %d in order", what, r.in_turn);
    weft_stream_close(stream);
    CHECK(source->dropped == source->pulled, "%s: %d dropped of %d", what, source->dropped, source->pulled);
    CHECK(atomic_load(&live) == before, "%s: %d are left", what, atomic_load(&live) - before);
}

/* Each failure is one item's. */
static void check_streams(weft_executor *e, int but)
{
    static const int wanted[KINDS] = {0,          70 + UNPACK_FAILS, 70 + FAILS,
                                      WEFT_EDIED, -EMSGSIZE,         70 + BACK_FAILS};
    for (int way = 0; way < 8; way++) {
        lines source = {.end = ITEMS, .words = way & 4 ? 3000 : 20, .kinds = way < 4 ? KINDS : 0, .but = but};
        weft_stream_config config = of_lines(e, &source);
        config.unordered = way & 1;
        config.window = way & 2 ? 5 : 0;
        check_lines(config, &source, wanted, "kinds");
    }
}

/* Half read: what is left on either side is dropped. */
static void check_half_read(weft_executor *e)
{
    lines source = {.end = ITEMS, .words = 50};
    weft_stream_config config = of_lines(e, &source);
    weft_stream *stream = NULL;
    int before = atomic_load(&live), right = 0;
    config.window = 64;
    CHECK(weft_stream_open(&stream, &config) == 0, "open");
    for (size_t i = 0; i < 20; i++) {
        line l;
        int became = 1, err = weft_stream_next(stream, WEFT_FOREVER, &l, &became, NULL);
        right += !err && !became && is_line(&l, i, source.words);
        if (!err && !became)
            drop(&l);
    }
    weft_stream_close(stream);
    CHECK(right == 20, "half read: %d are right", right);
    CHECK(source.dropped == source.pulled && atomic_load(&live) == before,
          "half read: %d dropped of %d, %d left", source.dropped, source.pulled, atomic_load(&live) - before);
}

/* Of an array, and one way only. */
static int counts_words(const void *from, void *to, void *ctx)
{
    return measures(to, from, ctx);
}

static void check_array(weft_executor *e)
{
    weft_stream *stream = NULL;
    size_t length, right = 0;
    int became;
    fill(30);
    const weft_stream_config config = {.size = sizeof config,
                                       .executor = e,
                                       .fn = counts_words,
                                       .items = in,
                                       .in_bytes = sizeof *in,
                                       .n = ITEMS,
                                       .out_bytes = sizeof length,
                                       .in_codec = &in_codec};
    CHECK(weft_stream_open(&stream, &config) == 0, "open");
    for (size_t i = 0; !weft_stream_next(stream, WEFT_FOREVER, &length, &became, NULL); i++)
        right += !became && length == strlen(in[i].text);
    weft_stream_close(stream);
    CHECK(right == ITEMS, "an array: %zu are right", right);
    empty();
}

static void check_bad_streams(weft_executor *e)
{
    static const weft_codec half = {.pack = pack};
    lines source = {.end = 1};
    weft_stream *stream = NULL;
    for (int i = 0; i < 4; i++) {
        weft_stream_config config = of_lines(e, &source);
        *(i & 1 ? &config.in_codec : &config.out_codec) = i < 2 ? &half : &in_codec;
        *(i & 1 ? &config.in_bytes : &config.out_bytes) = i < 2 ? sizeof(line) : 0;
        int err = weft_stream_open(&stream, &config);
        CHECK(err == -EINVAL && !stream, "%d: half a codec, or of nothing: %d", i, err);
    }
}

#endif
