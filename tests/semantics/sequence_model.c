/* SPDX-License-Identifier: MIT */
/* sequence_model.c - what may happen, and what has happened. */
#include <string.h>

#include "sequence.h"

/* ---- what is known -------------------------------------------------------------------------------- */

bool serial(const struct sequence *q, int home)
{
    return home > PLAIN && q->door[home].engine == WEFT_ENGINE_SERIAL;
}

bool has_ended(const struct node *node)
{
    return node->state != WEFT_PENDING;
}

/* Only the driver can run it, at moments that it knows. */
bool is_exact(const struct node *node)
{
    if (node->vague)
        return false;
    for (int i = 0; i < node->n_before; i++)
        if (!is_exact(node->before[i]))
            return false;
    bool own_thread = node->kind == TASK || (node->kind == THEN && node->home != INLINE);
    return !own_thread || !node->of->workers || serial(node->of, node->home);
}

static int n_ended_before(const struct node *node)
{
    int n = 0;
    for (int i = 0; i < node->n_before; i++)
        n += has_ended(node->before[i]);
    return n;
}

bool is_ready(const struct node *node)
{
    int n = n_ended_before(node);
    return node->kind == ANY ? n > 0 : n == node->n_before && node->kind != PROMISE;
}

bool door_is_closed(const struct sequence *q, int home)
{
    const struct door *door = &q->door[home];
    bool here = serial(q, home) || !q->workers;
    return door->closed || (here && atomic_load(&door->broke));
}

bool door_may_be_closed(const struct sequence *q, int home)
{
    return q->door[home].closed || atomic_load(&q->door[home].broke);
}

/* Surely, or perhaps. */
static bool fires(const struct sequence *q, int slot, bool perhaps)
{
    return slot >= 0 && (q->stop[slot].fired || (perhaps && q->stop[slot].perhaps));
}

static bool tells_to_stop(const struct node *node, bool perhaps)
{
    const struct sequence *q = node->of;
    const struct door *door = node->home > PLAIN ? &q->door[node->home] : NULL;
    if (node->kind != TASK && node->kind != THEN)
        return false;
    if (perhaps && node->timed && (q->ends || (door && door->closed)))
        return true;
    return fires(q, node->stop, perhaps) ||
           (door && (door->cancels || fires(q, door->stop, perhaps) || (perhaps && door->start_fails))) ||
           (node->kind == THEN && door && door->closed);
}

bool is_stopped(const struct node *node)
{
    return tells_to_stop(node, true);
}

/* Who waits for it might come to run a task that waits for the gate. */
bool may_be_held(const struct node *node)
{
    return !atomic_load(&node->of->gate) && !has_ended(node) && !is_exact(node);
}

/* Does an unbounded wait for it end, with nobody but the driver to open gates and keep promises? */
bool will_end(const struct node *node)
{
    int n = 0;
    if (has_ended(node))
        return true;
    if (node->kind == PROMISE || may_be_held(node))
        return false;
    for (int i = 0; i < node->n_before; i++)
        n += will_end(node->before[i]);
    return node->kind == ANY ? n > 0 : n == node->n_before;
}

/* ---- what ends, what follows ---------------------------------------------------------------------- */

/* What follows it. */
static void makes_vague(struct node *node)
{
    struct sequence *q = node->of;
    for (int i = node->number + 1; i < q->nodes; i++)
        for (int k = 0; k < q->node[i].n_before; k++)
            if (q->node[i].before[k] == node)
                make_vague(&q->node[i]);
}

void make_vague(struct node *node)
{
    if (node->vague)
        return;
    node->vague = true;
    node->stamp = 0;
    makes_vague(node);
}

/* Into the queue of a serial door, where turns are told by stamps. */
void came(struct node *node)
{
    if (serial(node->of, node->home) && is_exact(node))
        node->stamp = node->of->stamp;
}

static void follows(struct node *node)
{
    bool composed = node->kind == ALL || node->kind == ANY;
    if (has_ended(node) || !is_ready(node) || !is_exact(node))
        return;
    if (composed)
        ends(node, WEFT_DONE);
    else if (node->home > PLAIN && node->of->door[node->home].closed && !node->of->depth)
        ends(node, WEFT_CANCELLED);
    else if (is_stopped(node))
        make_vague(node);
    else if (!node->stamp)
        came(node);
}

void ends(struct node *node, int state)
{
    struct sequence *q = node->of;
    if (has_ended(node))
        return;
    node->state = state;
    node->held = node->refs > 0;
    node->alone = !node->refs && !node->followed;
    for (int i = node->number + 1; i < q->nodes; i++)
        for (int k = 0; k < q->node[i].n_before; k++)
            if (q->node[i].before[k] == node) {
                follows(&q->node[i]);
                break;
            }
}

/* A token has fired, or a door is being stopped: what has not begun never will, which nobody tells. */
void stopped(struct sequence *q)
{
    for (int i = 0; i < q->nodes; i++) {
        struct node *node = &q->node[i];
        bool pending = !has_ended(node) && !atomic_load(&node->began);
        if (!pending || !node->given || !is_exact(node) || !is_stopped(node))
            continue;
        if (node->kind == TASK && tells_to_stop(node, false))
            node->dead = true, makes_vague(node);
        else if (node->kind == TASK || is_ready(node))
            make_vague(node);
    }
}

/* It is about to be handed to the library. */
void given(struct node *node)
{
    node->given = true;
    if (node->kind == TASK)
        came(node);
    else
        follows(node);
    stopped(node->of);
}

void refused(struct node *node)
{
    node->given = node->dead = false;
    node->stamp = 0;
    node->refs = 0;
}

/* ---- events --------------------------------------------------------------------------------------- */

static bool in_driver(const struct sequence *q)
{
    return pthread_equal(q->driver, pthread_self());
}

void note(struct node *node, enum event event)
{
    struct sequence *q = node->of;
    bool driver = in_driver(q);
    if (event == BEGAN) {
        node->by_driver = driver;
        MUST(q, atomic_fetch_add(&node->began, 1) == 0, "n%d runs twice", node->number);
    }
    pthread_mutex_lock(&q->lock); /* no gaps: the driver reads its own notes in the call that made them */
    MUST(q, q->n_events < EVENTS, "too many events");
    q->event[q->n_events++] = node->number << 3 | (int)event << 1 | (int)driver;
    pthread_mutex_unlock(&q->lock);
    if (event == LEFT)
        atomic_store(&node->left, 1);
}

static void its_turn(const struct node *node)
{
    struct sequence *q = node->of;
    MUST(q, node->stamp, "n%d runs before it came", node->number);
    for (int i = 0; i < q->nodes; i++) {
        const struct node *other = &q->node[i];
        bool waits = other->stamp && other->home == node->home && !has_ended(other) && !other->dead &&
                     !atomic_load(&other->began);
        bool same = node->kind == THEN && other->kind == THEN && other->before[0] == node->before[0];
        bool first = other->stamp < node->stamp || (other->stamp == node->stamp && same && i < node->number);
        /* Without threads what follows in the pool runs before the next follower is told. */
        bool nested =
            !q->workers && node->kind == THEN && other->kind == THEN && other->stamp >= q->call_stamp;
        MUST(q, !waits || !first || nested, "n%d runs before n%d", node->number, i);
    }
}

/* May the driver run it, in the call that it is making? */
static bool may_run(const struct node *node)
{
    const struct sequence *q = node->of;
    if (node->home == INLINE || q->depth || node->home == q->may_run_all_of ||
        (q->target[node->number] && q->patient))
        return true;
    for (int i = 0; i < q->nodes && node->limit >= 0; i++) /* who waits for one of its limit, needs it */
        if (q->target[i] && q->node[i].limit == node->limit && q->patient)
            return true;
    if (!serial(q, node->home))
        return !q->workers;
    /* What makes room in a full queue may submit, and its own come before what there is room for then. */
    bool any_order = node->home > PLAIN && q->door[node->home].queue_limit;
    for (int i = 0; i < q->nodes; i++) {
        const struct node *t = &q->node[i];
        bool before = any_order || !t->stamp || t->stamp >= node->stamp || !node->stamp;
        if (q->target[i] && t->home == node->home && before)
            return true;
    }
    return false;
}

static void has_begun(struct node *node, bool driver)
{
    struct sequence *q = node->of;
    bool ended = is_exact(node) && has_ended(node); /* others' notes may be read after their states */
    MUST(q, !ended && !node->dead && !node->cancelled, "n%d has begun though it was cancelled", node->number);
    MUST(q, !driver || may_run(node), "n%d: the driver runs what it does not wait for", node->number);
    MUST(q, node->home < 0 || !q->door[node->home].start_fails, "n%d runs in a broken executor",
         node->number);
    MUST(q, driver || !serial(q, node->home), "n%d: a serial task in another thread", node->number);
    if (is_exact(node))
        MUST(q, is_ready(node), "n%d begins too early", node->number);
    bool by_caller = node->home > PLAIN && q->door[node->home].queue_limit;
    if (serial(q, node->home) && is_exact(node) && !by_caller)
        its_turn(node);
    q->depth += driver && node->home != INLINE;
}

static void has_left(struct node *node, bool driver)
{
    node->of->depth -= driver && node->home != INLINE;
    if (is_exact(node))
        ends(node, WEFT_DONE);
}

static void happens(struct sequence *q, int word)
{
    struct node *node = &q->node[word >> 3];
    enum event event = (word >> 1) & 3;
    q->stamp += node->home != INLINE;
    if (event == CAME)
        given(node);
    else if (event == BEGAN)
        has_begun(node, word & 1);
    else
        has_left(node, word & 1);
}

static void read_events(struct sequence *q)
{
    pthread_mutex_lock(&q->lock);
    while (q->read < q->n_events)
        happens(q, q->event[q->read++]);
    pthread_mutex_unlock(&q->lock);
}

void before_call(struct sequence *q)
{
    read_events(q);
    memset(q->target, 0, sizeof q->target);
    q->may_run_all_of = -2;
    q->patient = true;
    q->call_stamp = ++q->stamp;
}

void after_call(struct sequence *q)
{
    read_events(q);
    q->stamp++;
    MUST(q, q->depth == 0, "a body has not returned");
    for (int i = 0; i < q->nodes; i++) {
        const struct node *node = &q->node[i];
        if (node->kind == THEN && node->home == INLINE && is_exact(node) && is_ready(node))
            MUST(q, has_ended(node), "n%d did not run inline", i);
        if (q->workers || !is_exact(node) || !is_ready(node) || serial(q, node->home) || !node->given)
            continue;
        if (node->dead)
            ends(&q->node[i], WEFT_CANCELLED);
        else
            MUST(q, has_ended(node), "n%d did not run in the caller", i);
    }
}

void may_need(struct sequence *q, struct node *node)
{
    q->target[node->number] = true;
    for (int i = 0; i < node->n_before; i++)
        may_need(q, node->before[i]);
}
