/* SPDX-License-Identifier: MIT */
/*
 * codec.h - lines: items that have pointers, the hooks that make bytes of them and back, each of which may fail for an item, and
 * maps of them: what tests of all executors whose tasks run elsewhere share.
 */
#ifndef WEFT_TESTS_CODEC_H
#define WEFT_TESTS_CODEC_H

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <weft/bulk.h>

#include "tally.h"

enum { ITEMS = 300, MESSAGE = 64 << 10, MOST = MESSAGE / 4 - 16 };

/* What a line does to its hooks. */
enum { GOOD, UNPACK_FAILS, FAILS, DIES, IS_LONG, BACK_FAILS, KINDS };

typedef struct line {
    char *text; /* the kind, and words */
    int number;
} line;

static atomic_int live; /* lines that have memory; counted in a worker */

static char *copy_of(const char *text, size_t bytes)
{
    char *copy = malloc(bytes);
    if (copy) {
        memcpy(copy, text, bytes);
        live++;
    }
    return copy;
}

static size_t pack(const void *value, void *to, size_t room)
{
    const line *l = value;
    size_t text = strlen(l->text) + 1, bytes = sizeof l->number + text;
    if (bytes <= room) {
        memcpy(to, &l->number, sizeof l->number);
        memcpy((char *)to + sizeof l->number, l->text, text);
    }
    return bytes;
}

static int unpack_any(void *value, const void *from, size_t bytes)
{
    line *l = value;
    memcpy(&l->number, from, sizeof l->number);
    l->text = copy_of((const char *)from + sizeof l->number, bytes - sizeof l->number);
    return l->text ? 0 : -ENOMEM;
}

static int unpack(void *value, const void *from, size_t bytes)
{
    const line *l = value;
    int kind = *((const char *)from + sizeof(int)) - '0';
    if (l->text || l->number)
        return 1; /* it begins as zeros */
    return kind == UNPACK_FAILS ? 70 + UNPACK_FAILS : unpack_any(value, from, bytes);
}

static int unpack_here(void *value, const void *from, size_t bytes)
{
    int kind = *((const char *)from + sizeof(int)) - '0';
    return kind == BACK_FAILS ? 70 + BACK_FAILS : unpack_any(value, from, bytes);
}

static void drop(void *value)
{
    line *l = value;
    live -= l->text != NULL;
    free(l->text);
}

/* There: the input's text twice. */
static int twice(void *out, const void *in, void *ctx)
{
    const line *from = in;
    line *to = out;
    int kind = *from->text - '0';
    size_t bytes = strlen(from->text), all = kind == IS_LONG ? MOST : 2 * bytes + 1;
    if (to->text || to->number || ctx)
        return 1;
    if (kind == DIES)
        (void)raise(SIGKILL);
    to->number = 2 * from->number;
    to->text = calloc(all, 1);
    if (!to->text)
        return -ENOMEM;
    live++;
    memset(to->text, 'x', all - 1);
    memcpy(to->text, from->text, bytes);
    if (kind != IS_LONG)
        memcpy(to->text + bytes, from->text, bytes);
    return kind == FAILS ? 70 + FAILS : 0;
}

static const weft_codec in_codec = {.pack = pack, .unpack = unpack, .drop = drop};
static const weft_codec out_codec = {.pack = pack, .unpack = unpack_here, .drop = drop};

/* ---- here ---------------------------------------------------------------------------------------- */

static line in[ITEMS], out[ITEMS];
static int status[ITEMS];

static void fill(size_t bytes)
{
    for (int i = 0; i < ITEMS; i++) {
        in[i] = (line){.text = calloc(bytes + (size_t)i % 7 + 2, 1), .number = i};
        memset(in[i].text, 'a' + i % 26, bytes + (size_t)i % 7 + 1);
        in[i].text[0] = '0' + GOOD;
        out[i] = (line){.text = NULL, .number = -1};
        status[i] = 99;
    }
}

static void empty(void)
{
    for (int i = 0; i < ITEMS; i++) {
        free(in[i].text);
        free(out[i].text);
    }
}

static int is_right(int i)
{
    size_t bytes = strlen(in[i].text);
    const char *text = out[i].text;
    return status[i] == 0 && out[i].number == 2 * i && text && strlen(text) == 2 * bytes &&
           !memcmp(text, in[i].text, bytes) && !memcmp(text + bytes, in[i].text, bytes);
}

static int count_right(void)
{
    int right = 0;
    for (int i = 0; i < ITEMS; i++)
        right += is_right(i);
    return right;
}

static int map(weft_executor *e, int on_error)
{
    return weft_executor_map(e, twice, in, sizeof *in, out, sizeof *out, ITEMS,
                             WEFT_MAP_CONFIG(.on_error = on_error, .status = status, .in_codec = &in_codec,
                                             .out_codec = &out_codec));
}

static void set_length(int i, size_t bytes)
{
    free(in[i].text);
    in[i].text = calloc(bytes + 1, 1);
    memset(in[i].text, '0' + GOOD, bytes);
}

/* The largest that goes does so alone and among others, one byte more does not: on the way there, and back. */
static void check_largest(weft_executor *e)
{
    enum { WORDS = MOST - sizeof(int) - 1 };
    fill(10);
    set_length(0, WORDS / 2);
    set_length(100, WORDS / 2);
    set_length(200, WORDS / 2 + 1);
    set_length(201, WORDS);
    set_length(202, WORDS + 1);
    int err = map(e, WEFT_COLLECT);
    CHECK(is_right(0) && is_right(100) && err == WEFT_EITEM, "the largest: %d, %d", status[0], status[100]);
    CHECK(status[200] == -EMSGSIZE && status[201] == -EMSGSIZE, "too large a result: %d, %d", status[200],
          status[201]);
    CHECK(status[202] == -EMSGSIZE, "too large an item: %d", status[202]);
    CHECK(count_right() == ITEMS - 3, "%d are right", count_right());
    empty();
}

/* ---- one way only, there ------------------------------------------------------------------------- */

static int measures(void *to, const void *from, void *ctx)
{
    *(size_t *)to += strlen(((const line *)from)->text);
    return ctx != NULL;
}

static int spells(void *to, const void *from, void *ctx)
{
    line *l = to;
    int number = *(const int *)from;
    char text[16];
    int bytes = snprintf(text, sizeof text, "0%d", number);
    l->text = copy_of(text, (size_t)bytes + 1);
    l->number = number;
    return ctx != NULL;
}

#endif
