/* SPDX-License-Identifier: MIT */
/* maps.h - maps over ranks, for test_ranks.c: which items fail, stop others, are skipped; two at a time. */
#ifndef WEFT_TESTS_MAPS_H
#define WEFT_TESTS_MAPS_H

#include "ranks.h"

/* ---- what other ranks run ------------------------------------------------------------------------ */

static int odd_fails(void *out, const void *in, void *ctx)
{
    (void)ctx;
    *(int *)out = 1;
    return *(const int *)in % 2 ? 5 : 0;
}

static int fails_at_10(void *out, const void *in, void *ctx)
{
    (void)out;
    (void)ctx;
    return *(const int *)in == 10 ? 3 : 0;
}

static int every_eighth_fails(void *out, const void *in, void *ctx)
{
    (void)out;
    (void)ctx;
    return *(const int *)in % 8 == 7 ? 3 : 0;
}

static int no_arrays(void *out, const void *in, void *ctx)
{
    return out || in || ctx;
}

typedef struct page {
    unsigned char bytes[20000];
} page;

static int turn_page(void *out, const void *in, void *ctx)
{
    page *to = out;
    const page *from = in;
    (void)ctx;
    for (size_t i = 0; i < sizeof to->bytes; i++)
        to->bytes[i] = from->bytes[sizeof to->bytes - 1 - i];
    return 0;
}

/* ---- what rank 0 checks -------------------------------------------------------------------------- */

static void squares(weft_executor *e, size_t n)
{
    size_t wrong = wrong_squares(e, n);
    CHECK(!wrong, "%zu items: %zu wrong", n, wrong);
}

static void collects(weft_executor *e)
{
    enum { N = 1001 };
    int in[N], out[N], status[N], wrong = 0;
    weft_map_report report = {0};
    for (int i = 0; i < N; i++)
        in[i] = i;
    int err =
        weft_executor_map(e, odd_fails, in, sizeof *in, out, sizeof *out, N,
                          WEFT_MAP_CONFIG(.on_error = WEFT_COLLECT, .status = status, .report = &report));
    for (int i = 0; i < N; i++)
        wrong += status[i] != (i % 2 ? 5 : 0) || out[i] != 1;
    CHECK(err == WEFT_EITEM && !wrong, "%d, %d wrong", err, wrong);
    CHECK(report.done == 501 && report.failed == 500 && report.index == 1 && report.status == 5,
          "%zu done, %zu failed, first %zu", report.done, report.failed, report.index);
}

static void fails_fast(weft_executor *e)
{
    enum { N = 20000 };
    int *in = calloc(N, sizeof *in), *status = calloc(N, sizeof *status);
    size_t ran = 0, skipped = 0, other = 0;
    weft_map_report report = {0};
    for (int i = 0; i < N; i++)
        in[i] = i;
    int err = weft_executor_map(e, fails_at_10, in, sizeof *in, NULL, 0, N,
                                WEFT_MAP_CONFIG(.status = status, .report = &report));
    for (int i = 0; i < N; i++) {
        ran += !status[i];
        skipped += status[i] == -ECANCELED;
        other += i != 10 && status[i] && status[i] != -ECANCELED;
    }
    CHECK(err == WEFT_EITEM && report.failed == 1 && report.index == 10 && report.status == 3, "%d, %zu", err,
          report.failed);
    CHECK(report.done == ran && !other && status[10] == 3 && ran + skipped == N - 1, "%zu ran, %zu skipped",
          ran, skipped);
    free(in);
    free(status);
}

/* Where a rank's workers stop at a failure, items before it may not have run: they are skipped, as those behind it. */
static void skips_before(weft_executor *e)
{
    enum { N = 400, TIMES = 200 };
    int in[N], status[N], wrong = 0;
    for (int i = 0; i < N; i++)
        in[i] = i;
    for (int k = 0; k < TIMES; k++) {
        int err = weft_executor_map(e, every_eighth_fails, in, sizeof *in, NULL, 0, N,
                                    WEFT_MAP_CONFIG(.status = status));
        wrong += err != WEFT_EITEM;
        for (int i = 0; i < N; i++)
            wrong += status[i] != -ECANCELED && status[i] != (i % 8 == 7 ? 3 : 0);
    }
    CHECK(!wrong, "%d wrong", wrong);
}

static void pages(weft_executor *e)
{
    enum { N = 200 };
    page *all = calloc(N, sizeof *all);
    int wrong = 0;
    for (int i = 0; i < N; i++)
        all[i].bytes[0] = (unsigned char)i;
    int err = weft_executor_map(e, turn_page, all, sizeof *all, all, sizeof *all, N, NULL); /* in place */
    for (int i = 0; i < N; i++)
        wrong += all[i].bytes[0] || all[i].bytes[sizeof all[i].bytes - 1] != (unsigned char)i;
    CHECK(!err && !wrong, "%s, %d wrong", weft_strerror(err), wrong);
    free(all);
}

static void two_maps(weft_executor *e)
{
    enum { N = 5000 };
    long long *in = calloc(N, sizeof *in), *out[2] = {calloc(N, sizeof *in), calloc(N, sizeof *in)};
    weft_future *future[2];
    int status, wrong = 0;
    for (int i = 0; i < N; i++)
        in[i] = i;
    for (int k = 0; k < 2; k++)
        wrong +=
            weft_executor_map_async(e, square, in, sizeof *in, out[k], sizeof *in, N, NULL, &future[k]) != 0;
    for (int k = 0; k < 2 && !wrong; k++) {
        (void)weft_future_get(future[k], &status);
        wrong += status != 0;
        weft_future_release(future[k]);
        for (long long i = 0; i < N; i++)
            wrong += out[k][i] != i * i;
    }
    CHECK(!wrong, "%d wrong", wrong);
    free(in);
    free(out[0]);
    free(out[1]);
}

static void maps(weft_executor *e)
{
    static const size_t sizes[] = {0, 1, 2, 7, 1000, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        squares(e, sizes[i]);
    int err = weft_executor_map(e, no_arrays, NULL, 0, NULL, 0, 500, NULL);
    CHECK(!err, "no arrays: %s", weft_strerror(err));
    collects(e);
    fails_fast(e);
    skips_before(e);
    pages(e);
    two_maps(e);
}

#endif
