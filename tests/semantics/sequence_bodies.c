/* SPDX-License-Identifier: MIT */
/* sequence_bodies.c - what the tasks of a sequence do, in whichever thread: little, and they write it down. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sequence.h"

struct node *new_node(struct sequence *q, int kind, int home)
{
    if (q->nodes == NODES)
        return NULL;
    struct node *node = &q->node[q->nodes];
    node->of = q;
    node->number = q->nodes++;
    node->kind = kind;
    node->home = home;
    node->stop = -1;
    node->limit = -1;
    snprintf(node->label, sizeof node->label, "n%d", node->number);
    return node;
}

/* One whose future the driver holds, or NULL. */
struct node *any_node(struct sequence *q)
{
    int from = q->nodes ? (int)pick(q, (unsigned)q->nodes) : 0;
    for (int i = 0; i < q->nodes; i++) {
        struct node *node = &q->node[(from + i) % q->nodes];
        if (node->refs)
            return node;
    }
    return NULL;
}

int random_status(struct sequence *q)
{
    static const int statuses[] = {0, 0, 0, 5, -EIO, -ECANCELED, 77};
    return statuses[pick(q, sizeof statuses / sizeof *statuses)];
}

int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int64_t soon(struct sequence *q)
{
    return pick(q, 2) ? 1 : now_ns() + 30000;
}

/* ---- bodies --------------------------------------------------------------------------------------- */

static void enter_door(struct node *node)
{
    struct sequence *q = node->of;
    struct door *door = node->home > PLAIN ? &q->door[node->home] : NULL;
    int now = door ? atomic_fetch_add(&door->now, 1) + 1 : 0;
    if (door && door->limit && !door->queue_limit)
        MUST(q, now <= door->limit, "%d at a time at door %d", now, node->home);
}

static void leave_door(struct node *node)
{
    if (node->home > PLAIN)
        atomic_fetch_sub(&node->of->door[node->home].now, 1);
}

/* Submits a child where it came from itself; and waits for it. Its lane may be lent meanwhile. */
static int submit_child(struct node *node, bool wait)
{
    struct node *child = node->child;
    struct door *door = &node->of->door[node->home];
    weft_future *future = NULL;
    note(child, CAME);
    leave_lane(node, node->lane);
    node->submitted = weft_submit(door->executor, node_body, child, wait ? &future : NULL);
    if (!node->submitted && wait) {
        leave_door(node);
        int err = weft_future_get(future, &node->seen);
        enter_door(node);
        weft_future_release(future);
        if (err)
            node->seen = err;
    }
    node->lane = enter_lane(node);
    return node->submitted || !wait ? node->status : node->seen;
}

/* A wait that never ends, whatever it is made of. */
static int wait_for(weft_future *future, int how, int *status)
{
    weft_future *all = NULL;
    size_t index;
    int err = how == 0   ? weft_future_get(future, status)
              : how == 1 ? weft_future_wait(future, WEFT_FOREVER)
              : how == 2 ? weft_wait(&future, 1, WEFT_ALL, WEFT_FOREVER, &index)
                         : weft_when_all(&future, 1, &all);
    if (!err && how == 3)
        err = weft_future_get(all, status);
    *status = err ? err : weft_future_status(future);
    weft_future_release(all);
    return err;
}

/* Its own future, or its parent's; once somebody has told which. */
static int wait_for_lent(struct node *node, struct node *whose)
{
    weft_future *future = atomic_exchange(&whose->lent, NULL);
    if (!future)
        return node->refusal = 1, node->seen = node->status;
    node->refusal = wait_for(future, node->number % 4, &node->seen);
    MUST(node->of, node->refusal == -EDEADLK || (!node->refusal && whose != node), "n%d waits for n%d: %s",
         node->number, whose->number, weft_strerror(node->refusal));
    weft_future_release(future);
    return node->seen;
}

/* In a shield nobody asks it to stop. What was asked once is asked always. */
static int look_round(const struct node *node)
{
    int before = weft_should_stop();
    weft_stop_shield();
    weft_stop_shield();
    MUST(node->of, !weft_should_stop(), "n%d is asked to stop in two shields", node->number);
    weft_stop_unshield();
    MUST(node->of, !weft_should_stop(), "n%d is asked to stop in its shield", node->number);
    weft_stop_unshield();
    int after = weft_should_stop();
    MUST(node->of, after >= before, "n%d is not asked to stop any more", node->number);
    return after;
}

static int do_body(struct node *node)
{
    switch (node->body) {
    case FAIL:
        return weft_fail(node->status, "%s fails", node->label);
    case NEST:
        return submit_child(node, true);
    case LEAVE:
        return submit_child(node, false);
    case FIRE:
        weft_stop_request(node->own_stop);
        return node->seen = 40 + look_round(node);
    case POLL:
        return node->seen = 20 + look_round(node);
    case SELF:
        return wait_for_lent(node, node);
    case UP:
        return wait_for_lent(node, node->parent);
    case HOLD:
        atomic_fetch_add(&node->of->held, 1);
        while (!atomic_load(&node->of->gate))
            sched_yield();
        atomic_fetch_sub(&node->of->held, 1);
        return node->status;
    default:
        return node->status;
    }
}

/* Who waits for a child keeps its permit. */
static void enter_limit(struct node *node)
{
    struct sequence *q = node->of;
    int now = node->limit >= 0 ? atomic_fetch_add(&q->in_limit[node->limit], 1) + 1 : 0;
    if (node->limit >= 0)
        MUST(q, now <= atomic_load(&q->most_in_limit[node->limit]), "%d at a time of limit %d", now,
             node->limit);
}

static void leave_limit(struct node *node)
{
    if (node->limit >= 0)
        atomic_fetch_sub(&node->of->in_limit[node->limit], 1);
}

int node_body(void *arg)
{
    struct node *node = arg;
    note(node, BEGAN);
    enter_limit(node);
    enter_door(node);
    node->lane = enter_lane(node);
    int status = do_body(node);
    leave_lane(node, node->lane);
    leave_door(node);
    leave_limit(node);
    note(node, LEFT);
    return status;
}

/* The argument was copied: it is a pointer to the node. */
int node_body2(const void *arg, void *result)
{
    struct node *node = *(struct node *const *)arg;
    MUST(node->of, (uintptr_t)arg % 16 == 0, "the copy is not aligned");
    MUST(node->of, *(int *)result == 0, "the result is not zeroed");
    *(int *)result = node->number + 1000;
    return node_body(node);
}

int node_then(weft_future *before, void *arg)
{
    struct node *node = arg;
    note(node, BEGAN);
    int state = weft_future_state(before);
    MUST(node->of, state == WEFT_DONE || state == WEFT_CANCELLED, "n%d before its time: %d", node->number,
         state);
    node->seen = weft_future_status(before);
    note(node, LEFT);
    return node->seen + node->status;
}

void node_destroy(void *arg)
{
    struct node *node = arg;
    MUST(node->of, atomic_load(&node->began) == atomic_load(&node->left), "n%d: destroyed while it runs",
         node->number);
    MUST(node->of, atomic_fetch_add(&node->destroyed, 1) == 0, "n%d: destroyed twice", node->number);
}

void node_destroy_copy(void *arg)
{
    node_destroy(*(struct node **)arg);
}
