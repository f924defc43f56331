/* SPDX-License-Identifier: MIT */
/*
 * codec_tasks.h - single tasks whose argument and result are lines (codec.h), through executors whose tasks run elsewhere: how each
 * ends, what it says, and that its argument is dropped once.
 */
#ifndef WEFT_TESTS_CODEC_TASKS_H
#define WEFT_TESTS_CODEC_TASKS_H

#include "codec.h"

static int doubles(const void *arg, void *result)
{
    int became = twice(result, arg, NULL);
    return became ? weft_fail(became, "of kind %c", *((const line *)arg)->text) : 0;
}

static int measures_one(const void *arg, void *result)
{
    return measures(result, arg, NULL);
}

static int spells_one(const void *arg, void *result)
{
    return spells(result, arg, NULL);
}

/* ---- here ---------------------------------------------------------------------------------------- */

/* Writes something also where it fails. */
static int unpack_result(void *value, const void *from, size_t bytes)
{
    ((line *)value)->number = 1;
    return unpack_here(value, from, bytes);
}

static const weft_codec result_codec = {.pack = pack, .unpack = unpack_result, .drop = drop};

static weft_task_spec of_line(const line *l)
{
    return (weft_task_spec){.size = sizeof(weft_task_spec),
                            .fn2 = doubles,
                            .arg = (void *)(uintptr_t)l,
                            .arg_bytes = sizeof *l,
                            .result_bytes = sizeof *l,
                            .destroy = drop,
                            .label = "doubles",
                            .arg_codec = &in_codec,
                            .result_codec = &result_codec};
}

static line line_of(int kind, size_t words)
{
    line l = {.text = calloc(words + 2, 1), .number = 21};
    memset(l.text, 'w', words + 1);
    l.text[0] = (char)('0' + kind);
    live++;
    return l;
}

/* Its future, whose argument is the task's. */
static weft_future *submit_line(weft_executor *e, weft_task_spec spec)
{
    weft_future *future = NULL;
    int err = weft_submit_task(e, &spec, &future);
    CHECK(err == 0, "submitted: %d", err);
    return future;
}

static bool is_double(const line *l, size_t words)
{
    const char *text = l->text;
    return l->number == 42 && text && strlen(text) == 2 * (words + 1) && text[0] == '0' + GOOD &&
           text[words + 1] == '0' + GOOD && text[1] == 'w' && text[2 * words + 1] == 'w';
}

/* Ends its line, and the result's memory. */
static void check_line(weft_future *future, int wanted, size_t words, const char *said)
{
    int became = 99;
    CHECK(weft_future_get(future, &became) == 0 && became == wanted, "%d, and not %d", became, wanted);
    line *l = (line *)(uintptr_t)weft_future_result(future);
    CHECK(l && (became ? !l->text && !l->number : is_double(l, words)), "%d: a wrong result", became);
    CHECK(strstr(weft_future_error(future), said), "'%s' is said, and not '%s'", weft_future_error(future),
          said);
    if (l && !became)
        drop(l);
    weft_future_release(future);
}

/* ---- what is promised ---------------------------------------------------------------------------- */

/* Many at a time; each failure is one task's, and says what the task said. */
static void check_kinds(weft_executor *e, int but)
{
    static const int wanted[KINDS] = {0,          70 + UNPACK_FAILS, 70 + FAILS,
                                      WEFT_EDIED, -EMSGSIZE,         70 + BACK_FAILS};
    static const char *const said[KINDS] = {"", "", "of kind 2", "SIGKILL", "", ""};
    weft_future *futures[8 * KINDS];
    int before = atomic_load(&live);
    for (int i = 0; i < 8 * KINDS; i++) {
        line l = line_of(i % KINDS == but ? GOOD : i % KINDS, 30);
        futures[i] = submit_line(e, of_line(&l));
    }
    for (int i = 0; i < 8 * KINDS; i++) {
        int kind = i % KINDS == but ? GOOD : i % KINDS;
        check_line(futures[i], wanted[kind], 30, said[kind]);
    }
    CHECK(atomic_load(&live) == before, "%d lines are left", atomic_load(&live) - before);
}

/* The largest goes, one byte more does not; a quarter of a message, there and back. */
static void check_large_tasks(weft_executor *e)
{
    enum { WORDS = MOST - sizeof(int) - 1 };
    static const struct {
        size_t words;
        int wanted;
    } cases[] = {{1, 0},
                 {300, 0},
                 {WORDS / 2 - 1, 0},
                 {WORDS / 2, -EMSGSIZE},
                 {WORDS - 1, -EMSGSIZE},
                 {WORDS, -EMSGSIZE}};
    int before = atomic_load(&live);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        line l = line_of(GOOD, cases[i].words);
        check_line(submit_line(e, of_line(&l)), cases[i].wanted, cases[i].words, "");
    }
    line l = line_of(GOOD, WORDS - 1);
    weft_task_spec spec = of_line(&l);
    spec.fn2 = measures_one;
    spec.result_bytes = sizeof(size_t);
    spec.result_codec = NULL;
    weft_future *future = submit_line(e, spec);
    int became = 1;
    (void)weft_future_get(future, &became);
    CHECK(became == 0 && *(const size_t *)weft_future_result(future) == WORDS, "the largest argument: %d",
          became);
    weft_future_release(future);
    CHECK(atomic_load(&live) == before, "%d lines are left", atomic_load(&live) - before);
}

/* No argument's codec, and no argument. */
static void check_one_way(weft_executor *e)
{
    int number = 7, became = 1;
    weft_task_spec spec = {.size = sizeof spec,
                           .fn2 = spells_one,
                           .arg = &number,
                           .arg_bytes = sizeof number,
                           .result_bytes = sizeof(line),
                           .result_codec = &out_codec};
    weft_future *future = submit_line(e, spec);
    (void)weft_future_get(future, &became);
    line *l = (line *)(uintptr_t)weft_future_result(future);
    CHECK(became == 0 && l->number == 7 && !strcmp(l->text, "07"), "back: %d", became);
    drop(l);
    weft_future_release(future);
}

/* Cancelled before it began, it drops its argument, and packs nothing. */
static void check_cancelled(weft_executor *e)
{
    weft_stop *stop = NULL;
    int before = atomic_load(&live), became = 0;
    CHECK(weft_stop_create(&stop, NULL, 0) == 0, "a token");
    weft_stop_request(stop);
    line l = line_of(GOOD, 10);
    weft_task_spec spec = of_line(&l);
    spec.stop = stop;
    weft_future *future = submit_line(e, spec);
    (void)weft_future_get(future, &became);
    CHECK(became == -ECANCELED && !weft_future_result(future), "cancelled: %d", became);
    weft_future_release(future);
    weft_stop_release(stop);
    CHECK(atomic_load(&live) == before, "%d lines are left", atomic_load(&live) - before);
}

static void check_bad_tasks(weft_executor *e)
{
    static const weft_codec half = {.unpack = unpack};
    line l = {.text = NULL};
    for (int i = 0; i < 4; i++) {
        weft_future *future;
        weft_task_spec spec = of_line(&l);
        *(i & 1 ? &spec.arg_codec : &spec.result_codec) = i < 2 ? &half : &in_codec;
        *(i & 1 ? &spec.arg_bytes : &spec.result_bytes) = i < 2 ? sizeof l : 0;
        int err = weft_submit_task(e, &spec, &future);
        CHECK(err == -EINVAL && !future, "%d: half a codec, or of nothing: %d", i, err);
    }
}

static void check_tasks(weft_executor *e, int but)
{
    check_kinds(e, but);
    check_large_tasks(e);
    check_one_way(e);
    check_cancelled(e);
    check_bad_tasks(e);
}

#endif
