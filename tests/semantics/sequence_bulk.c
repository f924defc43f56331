/* SPDX-License-Identifier: MIT */
/* sequence_bulk.c - the calls of a sequence that submit more than one task, later, or wait for what they submit. */
#include <errno.h>

#include "sequence.h"

enum { MANY = 5, TICKS = 4 };

int pick_free_home(struct sequence *q)
{
    int home = (int)pick(q, (unsigned)q->n_door);
    return q->door[home].live && !q->door[home].queue_limit ? home : PLAIN;
}

bool can_wait(const struct sequence *q, int home)
{
    return atomic_load(&q->gate) || !q->workers || serial(q, home);
}

/* In a row: the first of them, or NULL. */
static struct node *new_nodes(struct sequence *q, int n, int home)
{
    struct node *first = &q->node[q->nodes];
    if (q->nodes + n > NODES)
        return NULL;
    for (int i = 0; i < n; i++)
        new_node(q, TASK, home)->status = random_status(q);
    return first;
}

/* To a door that is broken, or will be, only that it is closed is a reason. */
void check_err(const struct sequence *q, int home, bool closed, int err)
{
    struct sequence *told = (struct sequence *)(uintptr_t)q;
    if (closed || err == -ESHUTDOWN)
        MUST(told, err == -ESHUTDOWN && door_may_be_closed(q, home), "closed: %s", weft_strerror(err));
    else
        MUST(told, err == 0, "%s", weft_strerror(err));
}

static bool door_stops(const struct sequence *q, int home)
{
    const struct door *door = &q->door[home];
    const struct stop *stop = home > PLAIN && door->stop >= 0 ? &q->stop[door->stop] : NULL;
    return door->start_fails || (stop && (stop->fired || stop->perhaps));
}

/* ---- many ----------------------------------------------------------------------------------------- */

static void give_all(struct sequence *q, struct node *first, int n)
{
    for (int i = 0; i < n; i++) {
        given(&first[i]);
        q->stamp++;
    }
}

static void keep(struct sequence *q, struct node *node, weft_future *future, bool accepted, bool wants)
{
    if (!accepted)
        refused(node);
    MUST(q, !wants || !future == !accepted, "n%d: the future", node->number);
    node->future = wants ? future : NULL;
}

void op_many(struct sequence *q)
{
    int home = pick_free_home(q), n = 1 + (int)pick(q, MANY - 1);
    struct node *first = new_nodes(q, n, home);
    weft_future *futures[MANY];
    size_t accepted = 99;
    bool wants = pick(q, 4) != 0;
    if (!first)
        return;
    for (int i = 0; i < MANY; i++)
        futures[i] = (weft_future *)q;
    before_call(q);
    bool closed = door_is_closed(q, home);
    for (int i = 0; i < n; i++)
        first[i].refs = wants;
    if (!closed)
        give_all(q, first, n);
    int err = weft_submit_many(q->door[home].executor, node_body, first, sizeof *first, (size_t)n,
                               wants ? futures : NULL, &accepted);
    for (int i = 0; i < n; i++)
        keep(q, &first[i], futures[i], (size_t)i < accepted, wants);
    after_call(q);
    say(q, "n%d.. = weft_submit_many(door %d, %d)%s -> %d, %zu\n", first->number, home, n,
        wants ? "" : " (released)", err, accepted);
    check_err(q, home, closed, err);
    MUST(q, accepted == (err ? 0 : (size_t)n) || (err == -ESHUTDOWN && accepted < (size_t)n), "accepted");
    MUST(q, futures[n] == (weft_future *)q, "behind the futures");
}

/* ---- and wait ------------------------------------------------------------------------------------- */

void op_apply(struct sequence *q)
{
    int home = pick_free_home(q), status = UNKNOWN;
    struct node *node = can_wait(q, home) ? new_nodes(q, 1, home) : NULL;
    if (!node)
        return;
    before_call(q);
    bool closed = door_is_closed(q, home);
    if (!closed)
        given(node);
    may_need(q, node);
    int err = weft_apply(q->door[home].executor, node_body, node, &status);
    if (err)
        refused(node);
    after_call(q);
    say(q, "weft_apply(n%d, door %d) -> %d, %d\n", node->number, home, err, status);
    check_err(q, home, closed, err);
    if (err)
        return;
    check_state(node, atomic_load(&node->left), atomic_load(&node->began) ? WEFT_DONE : WEFT_CANCELLED);
    MUST(q, status == expected_status(node), "n%d: %d", node->number, status);
}

/* ---- later ---------------------------------------------------------------------------------------- */

/* In a pool without threads the clock would run the driver's. */
void op_later(struct sequence *q)
{
    int home = pick_free_home(q);
    struct node *node = q->workers && !serial(q, home) ? new_nodes(q, 1, home) : NULL;
    weft_future *future = (weft_future *)q;
    if (!node)
        return;
    node->vague = node->timed = true;
    int64_t delay = (int64_t)pick(q, 4) * 50000;
    bool at = pick(q, 2);
    before_call(q);
    bool closed = door_is_closed(q, home);
    node->refs = 1;
    if (!closed)
        given(node);
    weft_executor *executor = q->door[home].executor;
    int err = at ? weft_submit_at(executor, now_ns() + delay, node_body, node, &future)
                 : weft_submit_after(executor, delay, node_body, node, &future);
    if (err)
        refused(node);
    after_call(q);
    say(q, "n%d = weft_submit_%s(door %d, %lld ns) -> %d\n", node->number, at ? "at" : "after", home,
        (long long)delay, err);
    check_err(q, home, closed, err);
    MUST(q, !err == !!future, "the future");
    node->future = future;
}

static int tick(void *calls)
{
    return atomic_fetch_add((atomic_int *)calls, 1) + 1 < TICKS ? 0 : 31;
}

/* Until a call ends it, or the driver does. */
void op_every(struct sequence *q)
{
    int home = pick_free_home(q), status = UNKNOWN;
    bool cancels = pick(q, 2);
    weft_future *future = NULL;
    if (!can_wait(q, home) || (!q->workers && !serial(q, home)) || q->n_series == SERIES)
        return;
    atomic_int *calls = &q->ticks[q->n_series++];
    q->door[home].streamed = true; /* the calls are tasks of its queue */
    before_call(q);
    q->may_run_all_of = home;
    bool closed = door_is_closed(q, home);
    int err = weft_submit_every(q->door[home].executor, 0, 20000, tick, calls, &future);
    if (!err && cancels && weft_future_cancel(future) == 0)
        status = -ECANCELED;
    int got = err ? 0 : weft_future_get(future, &status);
    int n = atomic_load(calls);
    weft_future_release(future);
    after_call(q);
    say(q, "weft_submit_every(door %d)%s -> %d, %d after %d\n", home, cancels ? ", cancelled" : "", err,
        status, n);
    check_err(q, home, closed, err);
    MUST(q, got == 0, "get: %s", weft_strerror(got));
    MUST(q, err || (status == 31 ? n == TICKS : status == -ECANCELED && (cancels || door_stops(q, home))),
         "status %d after %d", status, n);
}

/* ---- maps ----------------------------------------------------------------------------------------- */

enum { SQUARES = 30 };

struct squares {
    int bad; /* every so many-th fails; 0: none */
    int in[SQUARES], out[SQUARES], status[SQUARES];
    atomic_int ran[SQUARES];
    weft_map_report report;
};

static int square(void *out, const void *in, void *ctx)
{
    struct squares *s = ctx;
    int i = *(const int *)in;
    atomic_fetch_add(&s->ran[i], 1);
    *(int *)out = i * i;
    return s->bad && i % s->bad == s->bad - 1 ? 50 + i : 0;
}

static void fill(struct squares *s, int bad)
{
    *s = (struct squares){.bad = bad, .report = {.index = 99}};
    for (int i = 0; i < SQUARES; i++) {
        s->in[i] = i;
        s->status[i] = UNKNOWN;
        s->out[i] = -1;
    }
}

/* Of n items; all: nothing may have kept one from running. */
static void check_map(struct sequence *q, struct squares *s, int n, int err, bool all)
{
    int done = 0, failed = 0, first = n;
    for (int i = 0; i < SQUARES; i++) {
        int ran = atomic_load(&s->ran[i]), bad = s->bad && i % s->bad == s->bad - 1;
        MUST(q, ran <= (i < n) && (ran || !all || i >= n), "item %d ran %d times", i, ran);
        MUST(q, s->out[i] == (ran ? i * i : -1), "item %d: %d", i, s->out[i]);
        MUST(q,
             i >= n || s->status[i] == (!ran  ? -ECANCELED
                                        : bad ? 50 + i
                                              : 0),
             "item %d: status %d", i, s->status[i]);
        done += ran && !bad;
        failed += ran && bad;
        first = ran && bad && first == n ? i : first;
    }
    MUST(q, err == (failed ? WEFT_EITEM : done == n ? 0 : -ECANCELED), "map: %s", weft_strerror(err));
    MUST(q,
         s->report.done == (size_t)done && s->report.failed == (size_t)failed &&
             s->report.index == (size_t)first && s->report.status == (failed ? 50 + first : 0),
         "report: %zu, %zu, %zu", s->report.done, s->report.failed, s->report.index);
}

void op_map(struct sequence *q)
{
    int home = pick_free_home(q), n = (int)pick(q, SQUARES + 1);
    bool collects = pick(q, 2), later = pick(q, 2);
    struct squares s;
    weft_future *future = NULL;
    if (!can_wait(q, home))
        return;
    fill(&s, (int)pick(q, 3) * 7);
    q->door[home].streamed = true; /* the map and its helpers are tasks of its queue */
    const weft_map_config config = {.size = sizeof config,
                                    .on_error = collects ? WEFT_COLLECT : WEFT_FAIL_FAST,
                                    .ctx = &s,
                                    .status = s.status,
                                    .report = &s.report};
    before_call(q);
    q->may_run_all_of = home;
    bool closed = door_is_closed(q, home), stops = door_stops(q, home);
    int err, status;
    if (later) {
        err = weft_executor_map_async(q->door[home].executor, square, s.in, sizeof *s.in, s.out,
                                      sizeof *s.out, (size_t)n, &config, &future);
        if (!err && !(err = weft_future_get(future, &status)))
            err = status;
        weft_future_release(future);
    } else {
        err = weft_executor_map(q->door[home].executor, square, s.in, sizeof *s.in, s.out, sizeof *s.out,
                                (size_t)n, &config);
    }
    after_call(q);
    say(q, "weft_executor_map%s(door %d, %d%s, bad %d) -> %d\n", later ? "_async" : "", home, n,
        collects ? ", collects" : "", s.bad, err);
    if (closed || err == -ESHUTDOWN)
        check_err(q, home, closed, err);
    else if (err == -ECANCELED && s.report.index == 99)
        MUST(q, stops, "it was not stopped");
    else
        check_map(q, &s, n, err, (collects || !s.bad) && !stops);
}
