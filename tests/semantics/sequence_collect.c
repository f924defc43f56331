/* SPDX-License-Identifier: MIT */
/* sequence_collect.c - the calls of a sequence about completions. */
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
