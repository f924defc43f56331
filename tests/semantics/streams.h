/* SPDX-License-Identifier: MIT */
/* streams.h - what the tests of streams share: items that are squared, and who reads them all. */
#ifndef WEFT_TESTS_STREAMS_H
#define WEFT_TESTS_STREAMS_H

#include "sem.h"
#include <poll.h>

#define MANY 20000

static UNUSED weft_stream *open_stream(const weft_stream_config *config)
{
    weft_stream *stream = NULL;
    int err = weft_stream_open(&stream, config);
    cr_assert_eq(err, 0, "open: %s", weft_strerror(err));
    return stream;
}

static UNUSED int square(const void *in, void *out, void *ctx)
{
    long number = *(const int *)in;
    (void)ctx;
    *(long *)out = number * number;
    return number % 100 == 17 ? 17 : 0;
}

static UNUSED int numbers[MANY];

static UNUSED void fill_numbers(void)
{
    for (int i = 0; i < MANY; i++)
        numbers[i] = i;
}

static UNUSED void read_all(weft_stream *stream, int n, bool ordered)
{
    static char seen[MANY];
    long out;
    int status, err;
    size_t index;
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < n; i++) {
        err = weft_stream_next(stream, WEFT_FOREVER, &out, &status, &index);
        cr_assert_eq(err, 0, "item %d: %s", i, weft_strerror(err));
        cr_assert(!ordered || index == (size_t)i);
        cr_assert_eq(out, (long)index * (long)index);
        cr_assert_eq(status, index % 100 == 17 ? 17 : 0, "its error is in its place");
        cr_assert_eq(seen[index]++, 0);
    }
    cr_assert_eq(weft_stream_next(stream, WEFT_FOREVER, &out, &status, &index), WEFT_EEND);
    cr_assert_eq(weft_stream_next(stream, 0, &out, &status, &index), WEFT_EEND);
    weft_stream_close(stream);
}

struct source {
    atomic_int pulled, inside, taken, far;
    int end, err, window;
};

static UNUSED int pull(void *in, void *ctx)
{
    struct source *s = ctx;
    cr_assert_eq(atomic_fetch_add(&s->inside, 1), 0, "one thread at a time");
    int at = atomic_load(&s->pulled), result = 0;
    if (at == s->end) {
        result = s->err ? s->err : 1;
    } else {
        *(int *)in = at;
        if (at - atomic_load(&s->taken) >= s->window)
            atomic_store(&s->far, 1);
        atomic_store(&s->pulled, at + 1);
    }
    atomic_fetch_sub(&s->inside, 1);
    return result;
}

static UNUSED atomic_int owned, released, waits;

static UNUSED void drop_item(void *in, void *ctx)
{
    (void)ctx;
    free(*(void **)in);
    atomic_fetch_add(&released, 1);
}

#endif
