/* SPDX-License-Identifier: MIT */
/* sequence_submit.c - the calls of a sequence that make futures. */
#include <errno.h>

#include "sequence.h"

static const char *const body_names[] = {"answer", "fail", "nest", "leave", "fire", "poll", "hold", "self"};

static int pick_home(struct sequence *q)
{
    int home = (int)pick(q, (unsigned)q->n_door);
    return q->door[home].live ? home : PLAIN;
}

/* ---- tasks ---------------------------------------------------------------------------------------- */

static void pick_child(struct sequence *q, struct node *node)
{
    struct node *child = node->child = new_node(q, TASK, node->home);
    if (!child) {
        node->body = ANSWER;
        return;
    }
    child->parent = node;
    child->status = random_status(q);
    child->body = pick(q, 3) ? ANSWER : UP;
    node->followed = child->body == UP;
}

static void pick_body(struct sequence *q, struct node *node)
{
    const struct door *door = &q->door[node->home];
    node->body = (int)pick(q, BODIES);
    node->status = random_status(q);
    if (node->body == FIRE && weft_stop_create(&node->own_stop, NULL, WEFT_FOREVER))
        node->body = ANSWER;
    if (node->body == HOLD && (!q->workers || serial(q, node->home) || door->queue_limit))
        node->body = ANSWER;
    node->followed = node->body == SELF;
    if (node->body == NEST || node->body == LEAVE)
        pick_child(q, node);
}

/* Not where its submitter may be kept waiting, nor where nobody but a waiter runs what has a permit. */
static void pick_limit(struct sequence *q, struct node *node)
{
    if (pick(q, 3) || q->door[node->home].queue_limit || serial(q, node->home))
        return;
    node->limit = (int)pick(q, LIMITS);
    node->vague = true;
}

/* How many wait to begin; what was cancelled or taken over may still lie about. */
static void count_waiting(const struct sequence *q, int home, size_t *least, size_t *most)
{
    *least = 0;
    *most = q->door[home].streamed ? SIZE_MAX / 2 : 0;
    for (int i = 0; i < q->nodes; i++) {
        const struct node *node = &q->node[i];
        bool here = node->home == home && node->given;
        bool waits = here && (!is_exact(node) || !atomic_load(&node->began));
        *most += waits && node->kind == TASK;
        *most += waits && node->kind == THEN;
        *least += waits && node->stamp && !has_ended(node) && !node->dead;
    }
}

/* A full door would keep the driver waiting for the gate. */
static bool may_block(struct sequence *q, int home)
{
    const struct door *door = &q->door[home];
    return home > PLAIN && door->queue_limit && door->when_full == WEFT_BLOCK && !atomic_load(&q->gate);
}

/* What was known before the call. */
struct room {
    bool closed;
    size_t least, most; /* wait already */
};

static struct room look_at_room(const struct sequence *q, int home)
{
    struct room room = {.closed = door_is_closed(q, home)};
    count_waiting(q, home, &room.least, &room.most);
    return room;
}

static void check_submitted(struct sequence *q, struct node *node, int err, const struct room *room)
{
    const struct door *door = &q->door[node->home];
    bool rejects = door->queue_limit && door->when_full == WEFT_REJECT;
    say(q, " -> %d\n", err);
    if (room->closed || err == -ESHUTDOWN) {
        MUST(q, err == -ESHUTDOWN && door_may_be_closed(q, node->home), "closed: %s", weft_strerror(err));
        return;
    }
    bool full = rejects && room->most >= door->queue_limit;
    bool surely = rejects && room->least >= door->queue_limit;
    MUST(q, err == 0 || (full && err == -EAGAIN), "submit: %s", weft_strerror(err));
    MUST(q, err || !surely || !serial(q, node->home), "it is full");
}

/* How it is done: weft_submit or weft_submit_task. */
static void submit(struct sequence *q, struct node *node, bool wants, const weft_task_spec *spec)
{
    weft_executor *executor = q->door[node->home].executor;
    weft_future *future = (weft_future *)q, **at = wants ? &future : NULL;
    before_call(q);
    const struct room room = look_at_room(q, node->home);
    node->refs = wants;
    if (q->door[node->home].queue_limit)
        q->may_run_all_of = node->home;
    if (!room.closed)
        given(node);
    int err = spec ? weft_submit_task(executor, spec, at) : weft_submit(executor, node_body, node, at);
    if (err)
        refused(node);
    after_call(q);
    check_submitted(q, node, err, &room);
    MUST(q, !wants || (err ? !future : future && future != (weft_future *)q), "the future");
    node->future = wants ? future : NULL;
    if (node->future && node->followed) {
        MUST(q, weft_future_retain(node->future) == 0, "retain");
        atomic_store(&node->lent, node->future);
    }
}

void op_submit(struct sequence *q)
{
    int home = pick_home(q);
    struct node *node = may_block(q, home) ? NULL : new_node(q, TASK, home);
    if (!node)
        return;
    pick_body(q, node);
    if (node->body == FIRE)
        node->body = ANSWER; /* it has no token */
    bool wants = pick(q, 8) != 0;
    say(q, "n%d%s = weft_submit(door %d, %s %d)", node->number, wants ? "" : " (released)", home,
        body_names[node->body], node->status);
    submit(q, node, wants, NULL);
}

void op_submit_task(struct sequence *q)
{
    int home = pick_home(q);
    struct node *node = may_block(q, home) ? NULL : new_node(q, TASK, home);
    if (!node)
        return;
    pick_body(q, node);
    pick_limit(q, node);
    unsigned how = pick(q, 64);
    node->destroys = how & 1;
    node->copied = how & 2;
    node->has_label = how & 4;
    node->stop = how & 8 && node->body != FIRE ? any_stop(q) : -1;
    weft_stop *token = node->own_stop ? node->own_stop : node->stop >= 0 ? q->stop[node->stop].stop : NULL;
    weft_task_spec spec = {.size = sizeof spec,
                           .arg = node,
                           .label = node->has_label ? node->label : NULL,
                           .stop = token,
                           .limit = node->limit >= 0 ? q->limit[node->limit] : NULL,
                           .destroy = node->destroys ? node_destroy : NULL,
                           .fn = node_body};
    if (node->copied) {
        spec.fn = NULL;
        spec.fn2 = node_body2;
        spec.arg = &node;
        spec.arg_bytes = sizeof node;
        spec.result_bytes = how & 32 ? 1000 : sizeof(int);
        spec.destroy = node->destroys ? node_destroy_copy : NULL;
    }
    say(q, "n%d%s = weft_submit_task(door %d, %s %d,%s%s stop %d, limit %d)", node->number,
        how < 8 ? " (released)" : "", home, body_names[node->body], node->status,
        node->destroys ? " destroy" : "", node->copied ? " copied" : "", node->stop, node->limit);
    submit(q, node, how >= 8, &spec);
    if (!node->given)
        node->destroys = false;
}

/* ---- what follows, several as one ------------------------------------------------------------------ */

static void add_before(struct node *node, struct node *before)
{
    before->followed = true;
    node->before[node->n_before++] = before;
}

void op_then(struct sequence *q)
{
    struct node *before = any_node(q);
    int home = pick(q, 3) == 0 ? INLINE : pick_home(q);
    struct node *node = before ? new_node(q, THEN, home) : NULL;
    if (!node)
        return;
    add_before(node, before);
    node->status = (int)pick(q, 3);
    bool wants = pick(q, 8) != 0;
    weft_future *future = (weft_future *)q;
    say(q, "n%d%s = weft_future_then(n%d, door %d, + %d)", node->number, wants ? "" : " (released)",
        before->number, home, node->status);
    before_call(q);
    node->refs = wants;
    given(node);
    int err = weft_future_then(before->future, home == INLINE ? WEFT_INLINE : q->door[home].executor,
                               node_then, node, wants ? &future : NULL);
    after_call(q);
    say(q, " -> %d\n", err);
    MUST(q, err == 0, "then: %s", weft_strerror(err));
    node->future = wants ? future : NULL;
}

static void several(struct sequence *q, int kind)
{
    weft_future *futures[BEFORE_MAX], *future = (weft_future *)q;
    int n = (int)pick(q, BEFORE_MAX + 1);
    struct node *node = any_node(q) ? new_node(q, kind, PLAIN) : NULL;
    if (!node)
        return;
    say(q, "n%d = weft_when_%s(", node->number, kind == ALL ? "all" : "any");
    for (int i = 0; i < n; i++) {
        add_before(node, any_node(q));
        futures[i] = node->before[i]->future;
        say(q, "n%d ", node->before[i]->number);
    }
    before_call(q);
    node->refs = 1;
    if (n || kind == ALL)
        given(node);
    size_t count = (size_t)n;
    int err = kind == ALL ? weft_when_all(futures, count, &future) : weft_when_any(futures, count, &future);
    after_call(q);
    say(q, ") -> %d\n", err);
    MUST(q, err == (node->given ? 0 : -EINVAL), "composed: %s", weft_strerror(err));
    MUST(q, !err || !future, "the future");
    if (err)
        refused(node);
    node->future = future;
}

void op_all(struct sequence *q)
{
    several(q, ALL);
}

void op_any(struct sequence *q)
{
    several(q, ANY);
}

/* ---- promises ------------------------------------------------------------------------------------- */

void op_promise(struct sequence *q)
{
    int home = pick_home(q);
    struct node *node = new_node(q, PROMISE, home);
    if (!node)
        return;
    say(q, "n%d = weft_promise_create(door %d)", node->number, home);
    before_call(q);
    int err = weft_promise_create(&node->promise, q->door[home].executor, &node->future);
    after_call(q);
    say(q, " -> %d\n", err);
    MUST(q, err == 0, "promise: %s", weft_strerror(err));
    node->given = true;
    node->refs = 1;
}

/* how: 0: dropped. */
void keep_promise(struct node *node, int how)
{
    struct sequence *q = node->of;
    int err = 0, status = how ? random_status(q) : -ECANCELED;
    say(q, how ? "weft_promise_fulfil(n%d, %d)" : "weft_promise_destroy(n%d)", node->number, status);
    MUST(q, weft_promise_cancelled(node->promise) == node->cancelled, "cancelled?");
    before_call(q);
    if (how)
        err = weft_promise_fulfil(node->promise, status);
    else
        weft_promise_destroy(node->promise);
    node->promise = NULL;
    if (!node->cancelled)
        node->status = status;
    ends(node, WEFT_DONE);
    after_call(q);
    say(q, " -> %d\n", err);
    MUST(q, err == (how && node->cancelled ? -ECANCELED : 0), "fulfil: %s", weft_strerror(err));
}

static void keep_any(struct sequence *q, int how)
{
    int from = q->nodes ? (int)pick(q, (unsigned)q->nodes) : 0;
    for (int i = 0; i < q->nodes; i++)
        if (q->node[(from + i) % q->nodes].promise) {
            keep_promise(&q->node[(from + i) % q->nodes], how);
            return;
        }
}

void op_keep(struct sequence *q)
{
    keep_any(q, pick(q, 5) != 0);
}
