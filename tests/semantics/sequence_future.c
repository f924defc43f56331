/* SPDX-License-Identifier: MIT */
/* sequence_future.c - the calls of a sequence that ask futures, wait for them, cancel and release them. */
#include <errno.h>
#include <string.h>

#include "sequence.h"

/* ---- waiting -------------------------------------------------------------------------------------- */

/* A wait for it has answered 0, or so it should have. */
static void waited(struct node *node, int left_before, int err, bool patient)
{
    struct sequence *q = node->of;
    bool known = has_ended(node);
    say(q, " -> %d\n", err);
    MUST(q, err == 0 || (err == -ETIMEDOUT && !patient && !known), "n%d: %s", node->number,
         weft_strerror(err));
    if (err)
        return;
    int state = weft_future_state(node->future);
    MUST(q, state >= WEFT_DONE, "n%d: %d after a wait", node->number, state);
    if (node->dead && state == WEFT_CANCELLED)
        ends(node, state);
    check_state(node, left_before, state);
}

void op_get(struct sequence *q)
{
    struct node *node = any_node(q);
    int status = 123456;
    if (!node || !will_end(node))
        return;
    int left = atomic_load(&node->left);
    say(q, "weft_future_get(n%d)", node->number);
    before_call(q);
    may_need(q, node);
    int err = weft_future_get(node->future, &status);
    after_call(q);
    waited(node, left, err, true);
    check_status(node, status);
}

void op_wait(struct sequence *q)
{
    struct node *node = any_node(q);
    if (!node)
        return;
    int left = atomic_load(&node->left);
    say(q, "weft_future_wait(n%d, soon)", node->number);
    before_call(q);
    bool known = has_ended(node);
    may_need(q, node);
    q->patient = false;
    int err = weft_future_wait(node->future, soon(q));
    after_call(q);
    MUST(q, err == 0 || !known, "n%d has ended: %s", node->number, weft_strerror(err));
    if (err == -ETIMEDOUT)
        say(q, " -> %d\n", err);
    else
        waited(node, left, err, false);
}

/* ---- several -------------------------------------------------------------------------------------- */

struct crowd {
    struct node *node[BEFORE_MAX];
    weft_future *future[BEFORE_MAX];
    size_t n;
};

static struct crowd pick_crowd(struct sequence *q)
{
    struct crowd c = {.n = 1 + pick(q, BEFORE_MAX)};
    for (size_t i = 0; i < c.n; i++) {
        c.node[i] = any_node(q);
        c.future[i] = c.node[i]->future;
        c.node[i]->followed = true; /* what the wait made of them may last until they end */
        say(q, "n%d ", c.node[i]->number);
    }
    return c;
}

static bool crowd_will_end(const struct crowd *c, int what)
{
    size_t n = 0, held_up = 0;
    for (size_t i = 0; i < c->n; i++) {
        n += will_end(c->node[i]);
        held_up += may_be_held(c->node[i]);
    }
    return what == WEFT_ALL ? n == c->n : !held_up && (what == WEFT_FIRST ? n > 0 : n == c->n);
}

static void must_have_ended(struct node *node)
{
    int left = atomic_load(&node->left), state = weft_future_state(node->future);
    MUST(node->of, state >= WEFT_DONE, "n%d has not ended: %d", node->number, state);
    check_state(node, left, state);
}

static void check_crowd(struct sequence *q, const struct crowd *c, int what, size_t index)
{
    MUST(q, index <= c->n, "index %zu", index);
    if (index < c->n) {
        MUST(q, what != WEFT_ALL, "index %zu of all", index);
        must_have_ended(c->node[index]);
        MUST(q, what == WEFT_FIRST || weft_future_status(c->future[index]) != 0, "n%d: no error",
             c->node[index]->number);
        return;
    }
    MUST(q, what != WEFT_FIRST, "no first one");
    for (size_t i = 0; i < c->n; i++) {
        must_have_ended(c->node[i]);
        MUST(q, what == WEFT_ALL || weft_future_status(c->future[i]) == 0, "there was an error");
    }
}

void op_wait_several(struct sequence *q)
{
    if (!any_node(q))
        return;
    int what = (int)pick(q, 3);
    say(q, "weft_wait(%d, ", what);
    struct crowd c = pick_crowd(q);
    size_t index = 99;
    before_call(q);
    q->patient = crowd_will_end(&c, what) && pick(q, 4);
    for (size_t i = 0; i < c.n; i++)
        may_need(q, c.node[i]);
    bool patient = q->patient;
    int err = weft_wait(c.future, c.n, what, patient ? WEFT_FOREVER : soon(q), &index);
    after_call(q);
    say(q, "%s) -> %d, %zu\n", patient ? "forever" : "soon", err, index);
    MUST(q, err == 0 || (err == -ETIMEDOUT && !patient), "wait: %s", weft_strerror(err));
    if (!err)
        check_crowd(q, &c, what, index);
}

void op_any_index(struct sequence *q)
{
    struct node *node = any_node(q);
    if (!node)
        return;
    ptrdiff_t index = weft_when_any_index(node->future);
    say(q, "weft_when_any_index(n%d) -> %td\n", node->number, index);
    if (node->kind != ANY || node->state == WEFT_CANCELLED || (is_exact(node) && !has_ended(node)))
        MUST(q, index == -1, "n%d has no index", node->number);
    else if (has_ended(node))
        check_status(node, weft_future_status(node->future));
}

/* ---- looking -------------------------------------------------------------------------------------- */

static void look_at_status(struct node *node)
{
    struct sequence *q = node->of;
    int left = atomic_load(&node->left), status = weft_future_status(node->future);
    int state = weft_future_state(node->future);
    say(q, "weft_future_status(n%d) -> %d\n", node->number, status);
    if (has_ended(node) || status != -EINPROGRESS)
        MUST(q, state >= WEFT_DONE, "n%d has status %d in state %d", node->number, status, state);
    check_state(node, left, state);
    if (status != -EINPROGRESS)
        check_status(node, status);
}

static void look_at_result(struct node *node)
{
    struct sequence *q = node->of;
    const int *result = weft_future_result(node->future);
    say(q, "weft_future_result(n%d) -> %d\n", node->number, result ? *result : -1);
    if (!node->copied || (is_exact(node) && node->state != WEFT_DONE))
        MUST(q, !result, "n%d has a result", node->number);
    if (node->copied && node->state == WEFT_DONE)
        MUST(q, result, "n%d has no result", node->number);
    if (result)
        MUST(q, *result == node->number + 1000 && atomic_load(&node->left), "n%d: its result", node->number);
}

static void look_at_words(struct node *node)
{
    struct sequence *q = node->of;
    const char *label = weft_future_label(node->future), *text = weft_future_error(node->future);
    say(q, "weft_future_error(n%d) -> %s\n", node->number, text);
    MUST(q, node->has_label ? label && !strcmp(label, node->label) : !label, "n%d: its label", node->number);
    MUST(q, text, "n%d: no text", node->number);
    if (node->kind == TASK && node->body == FAIL && node->status && node->state == WEFT_DONE)
        MUST(q, strstr(text, "fails"), "n%d: %s", node->number, text);
}

void op_look(struct sequence *q)
{
    struct node *node = any_node(q);
    if (!node)
        return;
    before_call(q);
    switch (pick(q, 4)) {
    case 0:
        look_at_status(node);
        break;
    case 1:
        look_at_result(node);
        break;
    case 2:
        look_at_words(node);
        break;
    default:;
        int left = atomic_load(&node->left), state = weft_future_state(node->future);
        say(q, "weft_future_state(n%d) -> %d\n", node->number, state);
        check_state(node, left, state);
    }
    after_call(q);
}

/* ---- cancelling, references ------------------------------------------------------------------------ */

static void check_cancel(struct node *node, int err)
{
    struct sequence *q = node->of;
    bool body = node->kind == TASK || node->kind == THEN;
    if (has_ended(node))
        MUST(q, err == (node->state == WEFT_CANCELLED ? 0 : -EALREADY), "n%d: %s", node->number,
             weft_strerror(err));
    else if (is_exact(node))
        MUST(q, err == 0, "n%d is pending: %s", node->number, weft_strerror(err));
    if (err == -EALREADY && body)
        MUST(q, atomic_load(&node->left), "n%d is not done", node->number);
    MUST(q, err == 0 || err == -EALREADY || (err == -EBUSY && body), "n%d: %s", node->number,
         weft_strerror(err));
}

void op_cancel(struct sequence *q)
{
    struct node *node = any_node(q);
    if (!node)
        return;
    say(q, "weft_future_cancel(n%d)", node->number);
    before_call(q);
    int err = weft_future_cancel(node->future);
    say(q, " -> %d\n", err);
    check_cancel(node, err);
    node->asked |= err == -EBUSY || err == 0; /* 0: also where it ended just behind the question */
    if (!err && !has_ended(node)) {
        node->cancelled = !atomic_load(&node->began);
        MUST(q, node->cancelled || (atomic_load(&node->left) && obeys(node)), "n%d runs", node->number);
        ends(node, WEFT_CANCELLED);
    }
    after_call(q);
}

void op_retain(struct sequence *q)
{
    struct node *node = any_node(q);
    if (!node || node->refs > 3)
        return;
    int err = weft_future_retain(node->future);
    say(q, "weft_future_retain(n%d) -> %d\n", node->number, err);
    MUST(q, err == 0, "retain: %s", weft_strerror(err));
    node->refs++;
}

void release_one(struct node *node)
{
    struct sequence *q = node->of;
    say(q, "weft_future_release(n%d)\n", node->number);
    before_call(q);
    weft_future_release(node->future);
    node->refs--;
    after_call(q);
}

void op_release(struct sequence *q)
{
    struct node *node = any_node(q);
    if (node)
        release_one(node);
}
