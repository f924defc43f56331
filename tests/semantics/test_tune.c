/* SPDX-License-Identifier: MIT */
/*
 * test_tune.c - weft_tune tells planted jobs apart: one that computes, one that sleeps, one that streams through memory.
 *
 * Nothing here is timed. A wrong answer fails. "Not clear" is an answer that a busy or a small machine may get: the test is
 * skipped then, with the reason that weft_tune gives. (It may not get it for the job that sleeps.) There is one attempt each.
 */
#include "sem.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define ITEMS 400
#define STREAM_BYTES \
    ((size_t)256 << 10) /* of an item, twice; all of them are more than most caches hold, a few are not */
#define HOURS INT64_C(10000000000000)
#define JOB(name) Test(semantics, name, .timeout = 60)

static int compute(void *out, const void *in, void *ctx)
{
    uint64_t x = *(const uint64_t *)in + 1;
    (void)ctx;
    for (int i = 0; i < 50000; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    *(uint64_t *)out = x;
    return 0;
}

static int sleeps(void *out, const void *in, void *ctx)
{
    struct timespec t = {.tv_nsec = 500000};
    (void)ctx;
    nanosleep(&t, NULL);
    *(uint64_t *)out = *(const uint64_t *)in;
    return 0;
}

/* A part of one half of the memory into the other: by memcpy, which streams however this file is compiled. */
static int streams(void *out, const void *in, void *ctx)
{
    size_t at = *(const uint64_t *)in * STREAM_BYTES;
    char *memory = ctx;
    memcpy(memory + at, memory + ITEMS * STREAM_BYTES + at, STREAM_BYTES);
    *(uint64_t *)out = (uint64_t)memory[at];
    return 0;
}

static uint64_t in[ITEMS], out[ITEMS];

static weft_tuning tuned(weft_pool *pool, weft_item_fn *fn, void *ctx)
{
    weft_tuning t = {.size = sizeof t};
    for (size_t i = 0; i < ITEMS; i++)
        in[i] = i;
    int err = weft_tune(fn, in, sizeof *in, out, sizeof *out, ITEMS,
                        WEFT_TUNE_CONFIG(.pool = pool, .ctx = ctx), &t);
    cr_assert_eq(err, 0, "tune: %s", weft_strerror(err));
    cr_assert_eq(weft_tune_print(&t, STDERR_FILENO), 0);
    return t;
}

/* Every row there is, and each of its numbers in order. */
static void makes_sense(const weft_tuning *t)
{
    cr_assert_eq(t->items, ITEMS);
    cr_assert_geq(t->count, 1);
    cr_assert_eq(t->rows[0].threads, 1);
    cr_assert_float_eq(t->rows[0].speed_up, 1.0, 1e-9);
    for (int i = 0; i < t->count; i++) {
        const weft_tune_row *r = &t->rows[i];
        cr_assert(r->rounds >= 1 && r->least > 0 && r->least <= r->seconds && r->seconds <= r->most);
        cr_assert(r->is_pool ? i == t->count - 1 : !i || r->threads > t->rows[i - 1].threads);
    }
    cr_assert(t->waiting >= 0 && t->waiting <= 1 && t->item_seconds > 0);
}

static void is_bound_by(int bound, weft_item_fn *fn, void *ctx)
{
    weft_pool *pool = sem_pool();
    weft_tuning t = tuned(pool, fn, ctx);
    sem_end(pool);
    free(ctx);
    makes_sense(&t);
    if (t.bound == WEFT_BOUND_UNCLEAR && bound != WEFT_BOUND_WAITING)
        cr_skip_test("not clear: %s", t.reason);
    cr_assert_eq(t.bound, bound, "bound by %s, they say: %s", weft_bound_name(t.bound), t.reason);
}

JOB(what_computes_is_bound_by_cpu)
{
    is_bound_by(WEFT_BOUND_CPU, compute, NULL);
}

JOB(what_sleeps_is_bound_by_waiting)
{
    is_bound_by(WEFT_BOUND_WAITING, sleeps, NULL);
}

JOB(what_streams_is_bound_by_memory)
{
    char *memory = malloc(2 * ITEMS * STREAM_BYTES);
    cr_assert_not_null(memory);
    memset(memory, 1, 2 * ITEMS * STREAM_BYTES);
    is_bound_by(WEFT_BOUND_MEMORY, streams, memory);
}

static int copies(void *to, const void *from, void *ctx)
{
    if (ctx)
        atomic_fetch_add((atomic_int *)ctx, 1);
    *(uint64_t *)to = *(const uint64_t *)from;
    return 0;
}

JOB(what_is_too_little_is_told)
{
    weft_pool *pool = sem_pool();
    weft_tuning t = tuned(pool, copies, NULL);
    sem_end(pool);
    if (t.rows[0].seconds >= 1e-4)
        cr_skip_test("it was held up for %f s", t.rows[0].seconds);
    cr_assert_eq(t.bound, WEFT_BOUND_SIZE, "%s", t.reason);
}

/* Each item is called as often as any other. */
static int counts(void *to, const void *from, void *ctx)
{
    (void)to;
    atomic_fetch_add((atomic_int *)ctx + *(const uint64_t *)from, 1);
    busy(20000);
    return 0;
}

JOB(the_sample_is_run_as_a_whole)
{
    static atomic_int calls[ITEMS];
    weft_pool *pool = sem_pool();
    weft_tuning t = {.size = sizeof t};
    for (size_t i = 0; i < ITEMS; i++)
        in[i] = i;
    cr_assert_eq(weft_tune(counts, in, sizeof *in, NULL, 0, ITEMS,
                           WEFT_TUNE_CONFIG(.pool = pool, .ctx = calls, .budget_ns = 100000000), &t),
                 0);
    sem_end(pool);
    for (int i = 1; i < ITEMS; i++)
        cr_assert_eq(atomic_load(&calls[i]), atomic_load(&calls[0]));
}

static int fails_once(void *to, const void *from, void *ctx)
{
    (void)to;
    return *(const uint64_t *)from == 3 && atomic_fetch_sub((atomic_int *)ctx, 1) <= 0 ? -EIO : 0;
}

JOB(an_item_that_fails_ends_it)
{
    weft_pool *pool = sem_pool();
    for (int after = 0; after < 40; after++) {
        atomic_int left = after;
        weft_tuning t = {.size = sizeof t, .count = 4711};
        for (size_t i = 0; i < ITEMS; i++)
            in[i] = i;
        cr_assert_eq(weft_tune(fails_once, in, sizeof *in, NULL, 0, ITEMS,
                               WEFT_TUNE_CONFIG(.pool = pool, .ctx = &left, .budget_ns = HOURS), &t),
                     WEFT_EITEM);
        cr_assert_eq(t.count, 4711, "nothing is told");
    }
    sem_end(pool);
}

JOB(a_budget_that_is_too_small_leaves_rows_out)
{
    weft_pool *pool = sem_pool();
    weft_tuning t = {.size = sizeof t};
    cr_assert_eq(weft_tune(compute, in, sizeof *in, out, sizeof *out, ITEMS,
                           WEFT_TUNE_CONFIG(.pool = pool, .budget_ns = 1), &t),
                 0);
    sem_end(pool);
    cr_assert_eq(t.count, 1);
    cr_assert_eq(t.rows[0].rounds, 1);
    cr_assert_eq(t.bound, WEFT_BOUND_UNCLEAR);
}

static void tune_inside(void *status)
{
    weft_tuning t = {.size = sizeof t};
    *(int *)status = weft_tune(copies, in, sizeof *in, out, sizeof *out, ITEMS, NULL, &t);
}

JOB(bad_input)
{
    weft_tuning t = {.size = sizeof t};
    cr_assert_eq(weft_tune(NULL, in, sizeof *in, out, sizeof *out, ITEMS, NULL, &t), -EINVAL);
    cr_assert_eq(weft_tune(copies, NULL, sizeof *in, out, sizeof *out, ITEMS, NULL, &t), -EINVAL);
    cr_assert_eq(weft_tune(copies, in, sizeof *in, NULL, sizeof *out, ITEMS, NULL, &t), -EINVAL);
    cr_assert_eq(weft_tune(copies, in, sizeof *in, out, sizeof *out, 0, NULL, &t), -EINVAL);
    cr_assert_eq(weft_tune(copies, in, sizeof *in, out, sizeof *out, ITEMS, NULL, NULL), -EINVAL);
    cr_assert_eq(weft_tune(copies, in, SIZE_MAX / 4, out, sizeof *out, ITEMS, NULL, &t), -EINVAL);
    cr_assert_eq(
        weft_tune(copies, in, sizeof *in, out, sizeof *out, ITEMS, WEFT_TUNE_CONFIG(.budget_ns = -1), &t),
        -EINVAL);
    cr_assert_eq(
        weft_tune(copies, in, sizeof *in, out, sizeof *out, ITEMS, WEFT_TUNE_CONFIG(.threads_most = -1), &t),
        -EINVAL);
    t.size = 8;
    cr_assert_eq(weft_tune(copies, in, sizeof *in, out, sizeof *out, ITEMS, NULL, &t), -EINVAL);
    cr_assert_eq(weft_tune_print(NULL, STDERR_FILENO), -EINVAL);
    t = (weft_tuning){.size = sizeof t, .count = WEFT_TUNE_ROWS + 1};
    cr_assert_eq(weft_tune_print(&t, STDERR_FILENO), -EINVAL);
    t.count = 0;
    cr_assert_eq(weft_tune_print(&t, -1), -EBADF);
    cr_assert_str_eq(weft_bound_name(WEFT_BOUND_CPU), "CPU");
    cr_assert_str_eq(weft_bound_name(-1), weft_bound_name(99));
    int status = 0;
    weft_pool *pool = sem_pool();
    cr_assert_eq(weft_run(pool, tune_inside, &status), 0);
    cr_assert_eq(status, -EDEADLK);
    sem_end(pool);
}
