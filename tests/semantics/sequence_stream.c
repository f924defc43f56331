/* SPDX-License-Identifier: MIT */
/* sequence_stream.c - the calls of a sequence about streams.
 *
 * - The result of an item is a thousand times its number; every fifth has a status. Of a broken executor all have one.
 * - What was pulled was given to the function or to the hook for items that are dropped, once.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "sequence.h"

static int item_status(int number)
{
    return number % 5 == 3 ? 13 : 0;
}

static int weight_of(int number)
{
    return number % 3 ? 1 : HEAVIEST;
}

static int make_item(const void *in, void *out, void *ctx)
{
    struct stream *s = ctx;
    int number = *(const int *)in;
    MUST(s->of, !s->of->door[s->home].start_fails, "item %d runs in a broken executor", number);
    MUST(s->of, atomic_fetch_add(&s->given[number], 1) == 0, "item %d runs twice", number);
    MUST(s->of, *(long *)out == 0, "item %d: its result is not zeroed", number);
    *(long *)out = 1000L * number;
    if (!item_status(number))
        atomic_fetch_add(&s->made, 1);
    return item_status(number);
}

static int pull_item(void *in, void *ctx)
{
    struct stream *s = ctx;
    if (atomic_fetch_add(&s->pulling, 1))
        return -EDEADLK; /* two at a time; it comes out as an error that nobody expects */
    int at = atomic_fetch_add(&s->pulled, 1);
    int result = at < s->n ? 0 : s->err ? s->err : 1;
    if (!result)
        *(int *)in = at;
    atomic_fetch_sub(&s->pulling, 1);
    return result;
}

static size_t weigh_item(const void *in, void *ctx)
{
    (void)ctx;
    return (size_t)weight_of(*(const int *)in);
}

static void drop_result(void *out, void *ctx)
{
    struct stream *s = ctx;
    if (*(long *)out % 1000 == 0)
        atomic_fetch_add(&s->dropped, 1);
}

static void drop_item(void *in, void *ctx)
{
    struct stream *s = ctx;
    int number = *(int *)in;
    MUST(s->of, number >= 0 && number < s->n, "item %d is dropped", number);
    MUST(s->of, atomic_fetch_add(&s->item_dropped[number], 1) == 0, "item %d is dropped twice", number);
}

static int open_stream(struct sequence *q, struct stream *s)
{
    const weft_stream_config config = {.size = sizeof config,
                                       .executor = q->door[s->home].executor,
                                       .fn = make_item,
                                       .ctx = s,
                                       .in_bytes = sizeof(int),
                                       .out_bytes = sizeof(long),
                                       .items = s->pulls ? NULL : s->items,
                                       .n = s->pulls ? 0 : (size_t)s->n,
                                       .pull = s->pulls ? pull_item : NULL,
                                       .window = (size_t)s->window,
                                       .window_bytes = (size_t)s->window_bytes,
                                       .weigh = s->window_bytes ? weigh_item : NULL,
                                       .unordered = s->unordered,
                                       .chunk = pick(q, 4),
                                       .drop = drop_result,
                                       .drop_item = s->pulls ? drop_item : NULL};
    return weft_stream_open(&s->stream, &config);
}

void op_stream(struct sequence *q)
{
    int i = (int)pick(q, STREAMS), home = (int)pick(q, (unsigned)q->n_door);
    struct stream *s = &q->stream[i];
    if (s->stream || !q->door[home].live)
        return;
    *s = (struct stream){.of = q,
                         .home = home,
                         .n = (int)pick(q, ITEMS),
                         .window = (int)pick(q, 6),
                         .pulls = pick(q, 2),
                         .unordered = pick(q, 2),
                         .fd = -1};
    s->err = s->pulls && pick(q, 2) ? -EIO : 0;
    s->window_bytes = s->pulls && pick(q, 2) ? 1 + (int)pick(q, 3 * HEAVIEST) : 0;
    for (int k = 0; k < ITEMS; k++)
        s->items[k] = k;
    before_call(q);
    q->door[home].streamed = true;
    say(q, "stream %d = weft_stream_open(door %d, %d %s, window %d, %d bytes%s, %d)", i, home, s->n,
        s->pulls ? "pulled" : "items", s->window, s->window_bytes, s->unordered ? ", unordered" : "", s->err);
    bool closed = door_is_closed(q, home);
    int err = open_stream(q, s);
    after_call(q);
    say(q, " -> %d\n", err);
    MUST(q, err == 0 || err == -ESHUTDOWN, "open: %s", weft_strerror(err));
    MUST(q, err ? door_may_be_closed(q, home) : !closed, "open: %s", weft_strerror(err));
}

static void check_item(struct sequence *q, struct stream *s, const long *out, int status, size_t index)
{
    MUST(q, index < (size_t)s->n && !s->seen[index], "item %zu", index);
    MUST(q, s->unordered || index == (size_t)s->taken, "item %zu out of order", index);
    bool broken = q->door[s->home].start_fails;
    long expected = broken ? 0 : 1000L * (long)index;
    MUST(q, !out || *out == expected, "item %zu: %ld", index, out ? *out : 0);
    MUST(q, status == (broken ? -ECANCELED : item_status((int)index)), "item %zu: status %d", index, status);
    s->seen[index] = true;
    s->taken++;
    s->weight += weight_of((int)index);
    s->thrown += !out && !status;
}

/* One item more than fits may pass. */
static void check_window(struct sequence *q, const struct stream *s)
{
    int pulled = atomic_load(&s->pulled), inside = -s->weight;
    if (s->window)
        MUST(q, pulled <= s->taken + s->window + 1, "pulled too far");
    for (int i = 0; i < pulled && i < s->n; i++)
        inside += weight_of(i);
    if (s->window_bytes)
        MUST(q, inside < s->window_bytes + HEAVIEST, "%d bytes are inside", inside);
}

void op_stream_next(struct sequence *q)
{
    struct stream *s = &q->stream[pick(q, STREAMS)];
    if (!s->stream)
        return;
    long out = -1;
    int status = -1;
    size_t index = 999;
    bool patient = atomic_load(&q->gate) && pick(q, 4), thrown = pick(q, 4) == 3;
    before_call(q);
    int err =
        weft_stream_next(s->stream, patient ? WEFT_FOREVER : soon(q), thrown ? NULL : &out, &status, &index);
    after_call(q);
    say(q, "weft_stream_next(stream %d, %s) -> %d: item %zd\n", (int)(s - q->stream),
        patient ? "forever" : "soon", err, err ? -1 : (ptrdiff_t)index);
    if (!err)
        check_item(q, s, thrown ? NULL : &out, status, index);
    else if (err == WEFT_EEND)
        MUST(q, s->taken == s->n && (!s->err || s->failed), "it ends after %d", s->taken);
    else if (s->err && err == s->err)
        MUST(q, s->taken == s->n && !s->failed, "its error after %d", s->taken);
    else
        MUST(q, err == -ETIMEDOUT && !patient, "next: %s", weft_strerror(err));
    s->failed |= err && err == s->err;
    s->over = err == WEFT_EEND;
    check_window(q, s);
}

static bool is_readable(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, timeout_ms) == 1;
}

/* Others run the items, and nothing keeps them from it. */
static bool comes_by_itself(const struct sequence *q, int home)
{
    const struct door *door = &q->door[home];
    return q->workers && atomic_load(&q->gate) && !serial(q, home) && !door->closed && !door->start_fails &&
           (home == PLAIN || door->stop < 0);
}

/* Readable once too often is possible, but not where nothing comes. */
void op_stream_fd(struct sequence *q)
{
    struct stream *s = &q->stream[pick(q, STREAMS)];
    if (!s->stream)
        return;
    int fd = weft_stream_fd(s->stream);
    say(q, "weft_stream_fd(stream %d) -> %s\n", (int)(s - q->stream), fd < 0 ? weft_strerror(fd) : "it");
    MUST(q, fd >= 0 && (s->fd < 0 || fd == s->fd), "the descriptor: %d, then %d", s->fd, fd);
    s->fd = fd;
    if (s->over)
        MUST(q, is_readable(fd, 0), "the end is not readable");
    else if (comes_by_itself(q, s->home))
        MUST(q, is_readable(fd, -1), "it never comes");
}

void end_stream(struct sequence *q, struct stream *s)
{
    if (!s->stream)
        return;
    before_call(q);
    weft_stream_close(s->stream);
    after_call(q);
    s->stream = NULL;
    int good = 0, pulled = atomic_load(&s->pulled);
    for (int i = 0; i < s->n; i++) {
        int given = atomic_load(&s->given[i]), thrown = atomic_load(&s->item_dropped[i]);
        good += s->seen[i] && given && !item_status(i);
        MUST(q, !s->pulls || given + thrown == (i < pulled), "item %d: given %d times, dropped %d times", i,
             given, thrown);
    }
    int left = atomic_load(&s->made) - good, dropped = atomic_load(&s->dropped);
    say(q, "weft_stream_close(stream %d): %d made, %d taken, %d dropped\n", (int)(s - q->stream),
        atomic_load(&s->made), good, dropped);
    MUST(q, dropped == left || dropped == left + s->thrown, "%d were left", left);
}

void end_streams_of(struct sequence *q, int home)
{
    for (int i = 0; i < STREAMS; i++)
        if (q->stream[i].home == home)
            end_stream(q, &q->stream[i]);
}

void op_stream_end(struct sequence *q)
{
    end_stream(q, &q->stream[pick(q, STREAMS)]);
}
