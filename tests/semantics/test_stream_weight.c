/* SPDX-License-Identifier: MIT */
/* test_stream_weight.c - a window in bytes: what is between source and consumer, by weight, looked at while nothing is taken. */
#include "streams.h"

#define ITEMS 300
#define WINDOW_BYTES 1000
#define HEAVY 5000

typedef struct load {
    const int *weights; /* of items 0, 1, ... and again */
    int count;
    int unordered, pulls; /* which way of the two, twice */
    size_t window;
    atomic_int pulled;
    atomic_long in; /* their weight */
    long taken_out; /* the same of what was taken, the consumer's */
    int heavy;      /* the first heavy one that was not taken; ITEMS: none */
    char taken[ITEMS];
} load;

static long weight_of(const load *l, int i)
{
    return l->weights[i % l->count];
}

static int pull_number(void *in, void *ctx)
{
    load *l = ctx;
    int at = atomic_load(&l->pulled);
    if (at == ITEMS)
        return 1;
    *(int *)in = at;
    atomic_fetch_add(&l->pulled, 1);
    return 0;
}

static size_t weigh_it(const void *in, void *ctx)
{
    load *l = ctx;
    long weight = weight_of(l, *(const int *)in);
    if (!l->pulls)
        atomic_fetch_add(&l->pulled, 1);
    atomic_fetch_add(&l->in, weight);
    return (size_t)weight;
}

static int pass(const void *in, void *out, void *ctx)
{
    (void)ctx;
    *(int *)out = *(const int *)in;
    return 0;
}

static weft_stream *open_load(weft_pool *pool, load *l)
{
    weft_stream_config config = {.size = sizeof config,
                                 .executor = sem_door(pool),
                                 .fn = pass,
                                 .ctx = l,
                                 .in_bytes = sizeof(int),
                                 .out_bytes = sizeof(int),
                                 .unordered = l->unordered,
                                 .window = l->window,
                                 .window_bytes = WINDOW_BYTES,
                                 .weigh = weigh_it};
    if (l->pulls) {
        config.pull = pull_number;
    } else {
        config.items = numbers;
        config.n = ITEMS;
    }
    return open_stream(&config);
}

static void pause_us(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

/* The one that crosses the line is in; behind it, and behind a heavy one, comes nothing. */
static void is_within(const load *l)
{
    long most = 0, inside;
    for (int i = 0; i < l->count; i++)
        most = l->weights[i] > most ? l->weights[i] : most;
    inside = atomic_load(&l->in) - l->taken_out;
    cr_assert(inside < WINDOW_BYTES + most, "%ld inside", inside);
    cr_assert_leq(atomic_load(&l->pulled), l->heavy + 1, "one came behind the heavy one %d", l->heavy);
}

static void next_heavy(load *l)
{
    while (l->heavy < ITEMS && (l->taken[l->heavy] || weight_of(l, l->heavy) < WINDOW_BYTES))
        l->heavy++;
}

static void take_one(weft_stream *stream, load *l, int i)
{
    int out = -1;
    size_t index = ITEMS;
    cr_assert_eq(weft_stream_next(stream, WEFT_FOREVER, &out, NULL, &index), 0);
    cr_assert(index < ITEMS && out == (int)index && !l->taken[index]);
    cr_assert(l->unordered || index == (size_t)i);
    l->taken[index] = 1;
    l->taken_out += weight_of(l, out);
    next_heavy(l);
}

static void read_load(weft_pool *pool, load l)
{
    weft_stream *stream = open_load(pool, &l);
    next_heavy(&l);
    while (sem_threads() && l.weights[0] && atomic_load(&l.in) < WINDOW_BYTES)
        sched_yield(); /* up to the line */
    for (int i = 0; i < ITEMS; i++) {
        pause_us(i % 10 ? 20 : 300);
        is_within(&l);
        take_one(stream, &l, i);
    }
    cr_assert_eq(weft_stream_next(stream, WEFT_FOREVER, NULL, NULL, NULL), WEFT_EEND);
    weft_stream_close(stream);
}

static void read_each_way(const int *weights, int count, size_t window)
{
    weft_pool *pool = sem_pool();
    fill_numbers();
    for (int way = 0; way < 4; way++)
        read_load(pool, (load){.weights = weights,
                               .count = count,
                               .unordered = way & 1,
                               .pulls = way >> 1,
                               .window = window});
    sem_end(pool);
}

PROMISE(the_window_fills_up_to_the_line_and_no_further)
{
    static const int weights[] = {100, 106, 101, 1, 105, 103, 333};
    read_each_way(weights, 7, 512);
}

PROMISE(an_item_heavier_than_the_window_goes_alone)
{
    static const int heavy[] = {HEAVY};
    read_each_way(heavy, 1, 64);
}

PROMISE(nothing_comes_behind_a_heavy_one_until_it_is_taken)
{
    static const int weights[] = {10, 10, HEAVY, 10, 10, 10, HEAVY, HEAVY, 10, 999, HEAVY};
    read_each_way(weights, 11, 64);
}

PROMISE(one_that_weighs_as_much_as_the_window_goes_alone_too)
{
    static const int weights[] = {WINDOW_BYTES, WINDOW_BYTES, 1};
    read_each_way(weights, 3, 1);
    read_each_way(weights, 3, 64);
}

/* What weighs nothing is bounded by number. */
PROMISE(the_number_of_items_still_counts)
{
    weft_pool *pool = sem_pool();
    static const int nothing[] = {0};
    for (int unordered = 0; unordered < 2; unordered++) {
        load l = {.weights = nothing, .count = 1, .unordered = unordered, .pulls = 1, .window = 8};
        weft_stream *stream = open_load(pool, &l);
        l.heavy = ITEMS;
        for (int i = 0; i < ITEMS; i++) {
            pause_us(20);
            cr_assert_leq(atomic_load(&l.pulled), i + 8);
            take_one(stream, &l, i);
        }
        weft_stream_close(stream);
    }
    sem_end(pool);
}
