/* SPDX-License-Identifier: MIT */
/* sequence_answers.c - what a call may answer, and what has to be true at the end. */
#include <errno.h>
#include <string.h>

#include "sequence.h"

/* ---- answers -------------------------------------------------------------------------------------- */

static void exact_state(const struct node *node, int state)
{
    struct sequence *q = node->of;
    if (node->dead)
        MUST(q, state == WEFT_PENDING || state == WEFT_CANCELLED, "n%d is stopped: %d", node->number, state);
    else
        MUST(q, state == WEFT_PENDING, "n%d: %d, not pending", node->number, state);
}

/* RUNNING: for a moment, while who ended the last of what it needs puts its status in. */
static void composed_state(const struct node *node, int state)
{
    MUST(node->of, state != WEFT_CANCELLED, "n%d: %d", node->number, state);
}

static int status_of_task(const struct node *node)
{
    bool alone = node->by_driver && is_exact(node);
    if (node->body == NEST || node->body == SELF || node->body == UP)
        return node->seen;
    if (node->body == FIRE)
        return 41;
    if (node->body == POLL)
        return alone || node->seen != 21 ? 20 : 21;
    return node->status;
}

bool obeys(const struct node *node)
{
    int status = node->kind == TASK ? status_of_task(node) : node->seen + node->status;
    return status == -ECANCELED && (node->asked || is_stopped(node));
}

/* Bodies ran, or may have run, meanwhile. */
static void vague_state(const struct node *node, int left_before, int state)
{
    struct sequence *q = node->of;
    int began = atomic_load(&node->began), left = atomic_load(&node->left);
    if (state == WEFT_DONE)
        MUST(q, left, "n%d is done before it was", node->number);
    if (state == WEFT_CANCELLED)
        MUST(q, began ? left && obeys(node) : is_stopped(node), "n%d was cancelled, but not by us",
             node->number);
    if (state == WEFT_PENDING)
        MUST(q, !left_before, "n%d is pending after it ran", node->number);
}

void check_state(struct node *node, int left_before, int state)
{
    struct sequence *q = node->of;
    MUST(q, state >= WEFT_PENDING && state <= WEFT_CANCELLED, "state: %s", weft_strerror(state));
    if (has_ended(node))
        MUST(q, state == node->state, "n%d: %d, not %d", node->number, state, node->state);
    else if (is_exact(node))
        exact_state(node, state);
    else if (node->kind == ALL || node->kind == ANY)
        composed_state(node, state);
    else
        vague_state(node, left_before, state);
    if (state >= WEFT_DONE)
        ends(node, state);
}

static int status_of_all(const struct node *node)
{
    for (int i = 0; i < node->n_before; i++) {
        int status = expected_status(node->before[i]);
        if (status) /* UNKNOWN, too */
            return status;
    }
    return 0;
}

static int status_of_any(const struct node *node)
{
    ptrdiff_t index = weft_when_any_index(node->future);
    MUST(node->of, index >= 0 && index < node->n_before, "n%d: index %td", node->number, index);
    return expected_status(node->before[index]);
}

/* Of a node that has ended; an any's is known where its future is. */
int expected_status(struct node *node)
{
    bool body = node->kind == TASK || node->kind == THEN;
    if (node->state == WEFT_CANCELLED || (body && !atomic_load(&node->began)))
        return -ECANCELED;
    switch (node->kind) {
    case TASK:
        return status_of_task(node);
    case THEN:
        return node->seen + node->status;
    case ALL:
        return status_of_all(node);
    case ANY:
        return node->refs ? status_of_any(node) : UNKNOWN;
    default:
        return node->status;
    }
}

void check_status(struct node *node, int status)
{
    int expected = expected_status(node);
    MUST(node->of, status == expected || expected == UNKNOWN, "n%d: status %d, not %d", node->number, status,
         expected);
}

/* ---- the end -------------------------------------------------------------------------------------- */

/* Of two that wait for each other one is refused; who waits for one that does not wait for it never is. */
static void check_circle(const struct node *child)
{
    struct sequence *q = child->of;
    const struct node *parent = child->parent;
    const struct door *door = &q->door[child->home];
    bool by_submitter = door->queue_limit > 0; /* full: who submits runs it */
    bool circle = parent->body == NEST || by_submitter;
    MUST(q, child->refusal != -EDEADLK || circle, "n%d does not wait for n%d", parent->number, child->number);
    MUST(q, child->refusal != 0 || parent->body != NEST || parent->seen == -EDEADLK,
         "n%d and n%d waited for each other", parent->number, child->number);
}

/* A circle of one. Why is told to who asks. */
static void check_self(const struct node *node)
{
    if (node->refs && node->refusal == -EDEADLK)
        MUST(node->of, strstr(weft_future_error(node->future), "deadlock"), "n%d: %s", node->number,
             weft_future_error(node->future));
}

static void check_task(struct node *node)
{
    struct sequence *q = node->of;
    int began = atomic_load(&node->began), left = atomic_load(&node->left);
    if (!node->given)
        return;
    MUST(q, began == left, "n%d has not returned", node->number);
    MUST(q, began || node->cancelled || is_stopped(node), "n%d never ran", node->number);
    MUST(q, !began || !node->cancelled, "n%d ran though it was cancelled", node->number);
    MUST(q, atomic_load(&node->destroyed) == node->destroys, "n%d: destroyed %d times", node->number,
         atomic_load(&node->destroyed));
    if (!began || !obeys(node))
        ends(node, began ? WEFT_DONE : WEFT_CANCELLED);
    if (node->body == UP && began)
        check_circle(node);
    if (node->body == SELF && began)
        check_self(node);
    if (node->child && began)
        MUST(q, node->submitted == 0, "n%d could not submit to its own executor: %s", node->number,
             weft_strerror(node->submitted));
}

/* Told of an error if nobody could ask; not told if somebody can. */
static void check_told(const struct node *node)
{
    bool told = atomic_load(&node->told), may_ask = node->held || !node->has_label;
    bool sure =
        node->home > PLAIN && node->kind == TASK && is_exact(node) && !node->dead && node->state == WEFT_DONE;
    if (sure && may_ask)
        MUST(node->of, !told, "n%d: told though its future was held", node->number);
    if (sure && node->alone && node->has_label)
        MUST(node->of, told == (status_of_task(node) != 0), "n%d: told %d times", node->number, told);
}

void check_end(struct node *node)
{
    struct sequence *q = node->of;
    check_told(node);
    if (node->kind == THEN && atomic_load(&node->began)) {
        int before = expected_status(node->before[0]);
        MUST(q, node->seen == before || before == UNKNOWN, "n%d saw %d, not %d", node->number, node->seen,
             before);
    }
    if (node->kind == TASK || node->kind == THEN)
        check_task(node);
    else
        ends(node, node->cancelled ? WEFT_CANCELLED : WEFT_DONE);
    if (node->refs) {
        int state = weft_future_state(node->future);
        if (!has_ended(node))
            check_state(node, 1, state);
        MUST(q, state == node->state, "n%d: %d at the end, not %d", node->number, state, node->state);
        check_status(node, weft_future_status(node->future));
    }
}
