/* SPDX-License-Identifier: MIT */
/* race_reduce.c - reductions and groups of calls in each other, with plain accumulators: two threads in one are a race.
 *
 * - What an accumulator holds depends on the order of its items, and each item counts in a plain word: what is missing,
 *   twice, or at another place is seen at the end.
 */
#include "stress.h"

enum { ITEMS = 4000, INNER = 60 };

struct acc {
    uint64_t hash, power;
    size_t begin, end;
    unsigned pad[40];
};
static const struct acc none = {0, 1, 0, 0, {0}};

struct work {
    weft_pool *pool;
    int nested;
    atomic_int bad;
    unsigned count[ITEMS];
};

static void append(struct acc *a, uint64_t hash, uint64_t power, size_t begin, size_t end)
{
    a->hash = a->hash * power + hash;
    a->power *= power;
    a->begin = a->begin == a->end ? begin : a->begin;
    a->end = end;
}

static void count_calls(void *arg)
{
    ++*(unsigned *)arg;
}

static void body(size_t begin, size_t end, void *acc, void *ctx);
static void join(void *acc, const void *right, void *ctx);

static void inner(struct work *w, size_t item)
{
    struct work below = {.pool = w->pool, .nested = w->nested - 1};
    struct acc got;
    unsigned counts[4] = {0};
    weft_call calls[4];
    for (int i = 0; i < 4; i++)
        calls[i] = (weft_call){count_calls, &counts[i]};
    int err = weft_parallel_reduce(NULL, item, item + INNER, body, join, &none, &got, sizeof got, &below);
    err |= weft_parallel_invoke(NULL, calls, 4);
    if (err || got.begin != item || got.end != item + INNER ||
        counts[0] + counts[1] + counts[2] + counts[3] != 4)
        atomic_fetch_add(&w->bad, 1);
    atomic_fetch_add(&w->bad, atomic_load(&below.bad));
}

static void body(size_t begin, size_t end, void *acc, void *ctx)
{
    struct work *w = ctx;
    struct acc *a = acc;
    if (a->begin != a->end && a->end != begin)
        atomic_fetch_add(&w->bad, 1);
    for (size_t i = begin; i < end; i++) {
        disturb(i);
        w->count[i % ITEMS]++;
        if (w->nested && i % 64 == 0)
            inner(w, i);
        append(a, mix(i), 1099511628211u, i, i + 1);
        a->pad[i % 40]++;
    }
}

static void join(void *acc, const void *right, void *ctx)
{
    struct work *w = ctx;
    struct acc *a = acc;
    const struct acc *r = right;
    if (a->end != r->begin)
        atomic_fetch_add(&w->bad, 1);
    disturb(r->begin);
    append(a, r->hash, r->power, r->begin, r->end);
    for (int i = 0; i < 40; i++)
        a->pad[i] += r->pad[i];
}

static void reduce_once(struct work *w, size_t n, int workers)
{
    struct acc got, serial = none;
    unsigned pads = 0, wrong = 0;
    memset(w->count, 0, sizeof w->count);
    int err = weft_parallel_reduce(w->pool, 0, n, body, join, &none, &got, sizeof got, w);
    for (size_t i = 0; i < n; i++) {
        append(&serial, mix(i), 1099511628211u, i, i + 1);
        wrong += w->count[i] != 1;
    }
    for (int i = 0; i < 40; i++)
        pads += got.pad[i];
    CHECK(err == 0 && wrong == 0 && pads == n && atomic_load(&w->bad) == 0,
          "%zu items, %d workers: %u wrong, %d", n, workers, wrong, err);
    CHECK(got.hash == serial.hash && got.end == n, "%zu items, %d workers: not in order", n, workers);
}

static void *from_outside(void *arg)
{
    static const size_t lengths[] = {0, 1, 2, 3, 30, 500, ITEMS};
    struct work *w = arg;
    for (size_t round = 0; round < 140; round++)
        reduce_once(w, lengths[round % 7], weft_pool_workers(w->pool));
    return NULL;
}

int main(void)
{
    static struct work works[3];
    stress_start("race_reduce");
    for (int workers = 2; workers <= 8; workers += 3) {
        weft_pool *pool = stress_pool(workers, 0);
        pthread_t threads[3];
        for (int i = 0; i < 3; i++) {
            works[i] = (struct work){.pool = pool, .nested = i};
            pthread_create(&threads[i], NULL, from_outside, &works[i]);
        }
        for (int i = 0; i < 3; i++)
            pthread_join(threads[i], NULL);
        stress_end(pool);
    }
    return tally_end();
}
