/* SPDX-License-Identifier: MIT */
/* sequence_collect.c - the calls of a sequence about completions and streams. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "sequence.h"

/* ---- completions ---------------------------------------------------------------------------------- */

static struct set *pick_set(struct sequence *q, bool made)
{
    struct set *set = &q->set[pick(q, SETS)];
    return !set->set == !made ? set : NULL;
}

void op_set(struct sequence *q)
{
    struct set *set = pick_set(q, false);
    if (!set)
        return;
    int err = weft_completions_create(&set->set);
    say(q, "set %d = weft_completions_create -> %d\n", (int)(set - q->set), err);
    MUST(q, err == 0, "set: %s", weft_strerror(err));
    set->n = 0;
}

void op_add(struct sequence *q)
{
    struct set *set = pick_set(q, true);
    struct node *node = any_node(q);
    if (!set || !node || set->n == NODES)
        return;
    before_call(q);
    int err = weft_completions_add(set->set, node->future, node);
    after_call(q);
    say(q, "weft_completions_add(set %d, n%d) -> %d\n", (int)(set - q->set), node->number, err);
    MUST(q, err == 0, "add: %s", weft_strerror(err));
    node->followed = true;
    set->in[set->n++] = node;
}

/* That surely come out: a worker ends a task and tells then, and whoever comes behind it waits until it has told. */
static int n_ended_in(const struct set *set)
{
    int n = 0;
    for (int i = 0; i < set->n; i++)
        if (!is_exact(set->in[i]))
            return 0;
        else
            n += has_ended(set->in[i]);
    return n;
}

static bool next_will_come(const struct set *set)
{
    int n = 0, held_up = 0;
    for (int i = 0; i < set->n; i++) {
        n += will_end(set->in[i]);
        held_up += may_be_held(set->in[i]);
    }
    return (n && !held_up) || !set->n;
}

static void take_out(struct sequence *q, struct set *set, struct node *node, weft_future *future)
{
    int i = 0;
    while (i < set->n && set->in[i] != node)
        i++;
    MUST(q, i < set->n, "it was not in the set");
    MUST(q, !node->refs || node->future == future, "n%d: another future", node->number);
    memmove(set->in + i, set->in + i + 1, (size_t)(set->n - i - 1) * sizeof *set->in);
    set->n--;
    node->future = future;
    node->refs++;
    int left = atomic_load(&node->left), state = weft_future_state(future);
    MUST(q, state >= WEFT_DONE, "n%d has not ended: %d", node->number, state);
    check_state(node, left, state);
    check_status(node, weft_future_status(future));
}

void op_next(struct sequence *q)
{
    struct set *set = pick_set(q, true);
    weft_future *future = (weft_future *)q;
    void *tag = q;
    if (!set)
        return;
    before_call(q);
    bool patient = next_will_come(set) && pick(q, 3);
    q->patient = patient;
    for (int i = 0; i < set->n; i++)
        may_need(q, set->in[i]);
    int ended = n_ended_in(set);
    int err = weft_completions_next(set->set, patient ? WEFT_FOREVER : soon(q), &future, &tag);
    after_call(q);
    say(q, "weft_completions_next(set %d, %s) -> %d n%d\n", (int)(set - q->set), patient ? "forever" : "soon",
        err, err ? -1 : ((struct node *)tag)->number);
    MUST(q, err || set->n, "something came out of an empty set");
    MUST(q, err != WEFT_EEND || !set->n, "%d are left", set->n);
    MUST(q, err != -ETIMEDOUT || (set->n && !patient && !ended), "%d have ended", ended);
    MUST(q, err == 0 || err == WEFT_EEND || err == -ETIMEDOUT, "next: %s", weft_strerror(err));
    if (!err)
        take_out(q, set, tag, future);
}

void op_set_left(struct sequence *q)
{
    struct set *set = pick_set(q, true);
    if (!set)
        return;
    size_t left = weft_completions_left(set->set);
    struct pollfd p = {.fd = pick(q, 2) ? weft_completions_fd(set->set) : -1, .events = POLLIN};
    say(q, "weft_completions_left(set %d) -> %zu\n", (int)(set - q->set), left);
    MUST(q, left == (size_t)set->n, "%d are left", set->n);
    if (p.fd >= 0 && n_ended_in(set))
        MUST(q, poll(&p, 1, 0) == 1, "the descriptor is not readable");
}

void end_set(struct sequence *q, struct set *set)
{
    if (!set->set)
        return;
    say(q, "weft_completions_destroy(set %d)\n", (int)(set - q->set));
    before_call(q);
    weft_completions_destroy(set->set);
    after_call(q);
    set->set = NULL;
}

void op_set_end(struct sequence *q)
{
    struct set *set = pick_set(q, true);
    if (set)
        end_set(q, set);
}

/* ---- streams: the result of an item is a thousand times its number; every fifth has a status ---------- */

static int item_status(int number)
{
    return number % 5 == 3 ? 13 : 0;
}

static int make_item(const void *in, void *out, void *ctx)
{
    struct stream *s = ctx;
    int number = *(const int *)in;
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

static void drop_item(void *out, void *ctx)
{
    struct stream *s = ctx;
    if (*(long *)out % 1000 == 0)
        atomic_fetch_add(&s->dropped, 1);
}

void op_stream(struct sequence *q)
{
    int i = (int)pick(q, STREAMS), home = (int)pick(q, (unsigned)q->n_door);
    struct stream *s = &q->stream[i];
    if (s->stream || !q->door[home].live)
        return;
    *s = (struct stream){.home = home,
                         .n = (int)pick(q, ITEMS),
                         .window = (int)pick(q, 6),
                         .pulls = pick(q, 2),
                         .unordered = pick(q, 2)};
    s->err = s->pulls && pick(q, 2) ? -EIO : 0;
    for (int k = 0; k < ITEMS; k++)
        s->items[k] = k;
    before_call(q);
    q->door[home].streamed = true;
    say(q, "stream %d = weft_stream_open(door %d, %d %s, window %d%s, %d)", i, home, s->n,
        s->pulls ? "pulled" : "items", s->window, s->unordered ? ", unordered" : "", s->err);
    int err = weft_stream_open(
        &s->stream, WEFT_STREAM_CONFIG(.executor = q->door[home].executor, .fn = make_item, .ctx = s,
                                       .in_bytes = sizeof(int), .out_bytes = sizeof(long),
                                       .items = s->pulls ? NULL : s->items, .n = s->pulls ? 0 : (size_t)s->n,
                                       .pull = s->pulls ? pull_item : NULL, .window = (size_t)s->window,
                                       .unordered = s->unordered, .chunk = pick(q, 4), .drop = drop_item));
    after_call(q);
    say(q, " -> %d\n", err);
    MUST(q, err == (q->door[home].closed ? -ESHUTDOWN : 0), "open: %s", weft_strerror(err));
}

static void check_item(struct sequence *q, struct stream *s, const long *out, int status, size_t index)
{
    MUST(q, index < (size_t)s->n && !s->seen[index], "item %zu", index);
    MUST(q, s->unordered || index == (size_t)s->taken, "item %zu out of order", index);
    MUST(q, !out || *out == 1000L * (long)index, "item %zu: %ld", index, out ? *out : 0);
    MUST(q, status == item_status((int)index), "item %zu: status %d", index, status);
    s->seen[index] = true;
    s->taken++;
    s->thrown += !out && !status;
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
    if (s->window)
        MUST(q, atomic_load(&s->pulled) <= s->taken + s->window + 1, "pulled too far");
}

void end_stream(struct sequence *q, struct stream *s)
{
    if (!s->stream)
        return;
    before_call(q);
    weft_stream_close(s->stream);
    after_call(q);
    s->stream = NULL;
    int good = 0;
    for (int i = 0; i < s->n; i++)
        good += s->seen[i] && !item_status(i);
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
