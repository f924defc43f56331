/* SPDX-License-Identifier: MIT */
/* sequence_executor.c - the calls of a sequence about executors, their end, and stop tokens. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sequence.h"

/* A live one that weft_executor_create made, or 0. */
static int any_door(struct sequence *q)
{
    int home = (int)pick(q, (unsigned)q->n_door);
    return q->door[home].live ? home : PLAIN;
}

void op_create(struct sequence *q)
{
    if (q->n_door == DOORS)
        return;
    int home = q->n_door++;
    struct door *door = &q->door[home];
    *door = (struct door){.engine = pick(q, 3) ? WEFT_ENGINE_SERIAL : WEFT_ENGINE_POOL,
                          .limit = (int)pick(q, 3),
                          .queue_limit = pick(q, 3) ? 0 : 1 + pick(q, 4),
                          .when_full = (int)pick(q, 3),
                          .stop = q->n_stop && !pick(q, 4) ? (int)pick(q, (unsigned)q->n_stop) : -1,
                          .live = true};
    int err = weft_executor_create(
        &door->executor, WEFT_EXECUTOR_CONFIG(.pool = q->pool, .engine = door->engine, .limit = door->limit,
                                              .queue_limit = door->queue_limit, .when_full = door->when_full,
                                              .on_error = door_error, .ctx = q,
                                              .stop = door->stop < 0 ? NULL : q->stop[door->stop].stop));
    say(q,
        "door %d = weft_executor_create(engine %d, limit %d, queue_limit %zu, when_full %d, stop %d) -> %d\n",
        home, door->engine, door->limit, door->queue_limit, door->when_full, door->stop, err);
    MUST(q, err == 0, "create: %s", weft_strerror(err));
}

void op_close(struct sequence *q)
{
    int home = any_door(q);
    if (home)
        end_streams_of(q, home);
    int err = weft_executor_close(q->door[home].executor);
    say(q, "weft_executor_close(door %d) -> %d\n", home, err);
    MUST(q, err == (home ? 0 : -EINVAL), "close: %s", weft_strerror(err));
    q->door[home].closed = home != PLAIN;
}

/* ---- the end of one ------------------------------------------------------------------------------- */

/* All that was accepted has ended. */
static void over(struct sequence *q, int home)
{
    for (int i = 0; i < q->nodes; i++) {
        struct node *node = &q->node[i];
        int began = atomic_load(&node->began);
        if (node->home != home || node->kind != TASK || !node->given)
            continue;
        MUST(q, began == atomic_load(&node->left), "n%d runs after its executor's end", i);
        MUST(q, began || node->cancelled || is_stopped(node), "n%d is left behind", i);
        if (is_exact(node) || !began)
            ends(node, began ? WEFT_DONE : WEFT_CANCELLED);
    }
}

static void shut_down(struct sequence *q, int home, int mode, int64_t deadline)
{
    struct door *door = &q->door[home];
    before_call(q);
    q->may_run_all_of = home;
    door->closed = true;
    door->cancels |= mode != WEFT_DRAIN;
    stopped(q);
    int err = weft_executor_shutdown(door->executor, mode, deadline);
    after_call(q);
    say(q, "weft_executor_shutdown(door %d, %d, %s) -> %d\n", home, mode,
        deadline == WEFT_FOREVER ? "forever" : "soon", err);
    MUST(q, err == 0 || (err == -ETIMEDOUT && deadline != WEFT_FOREVER), "shutdown: %s", weft_strerror(err));
    if (!err)
        over(q, home);
}

void op_shutdown(struct sequence *q)
{
    int home = any_door(q);
    if (!home) {
        int err = weft_executor_shutdown(q->door[home].executor, WEFT_DRAIN, 0);
        MUST(q, err == -EINVAL, "shutdown of a pool's own: %s", weft_strerror(err));
        return;
    }
    end_streams_of(q, home);
    int64_t deadline = atomic_load(&q->gate) ? WEFT_FOREVER : soon(q);
    shut_down(q, home, (int)pick(q, 3), deadline);
}

void end_door(struct sequence *q, int home)
{
    struct door *door = &q->door[home];
    if (!door->live)
        return;
    say(q, "weft_executor_destroy(door %d)\n", home);
    before_call(q);
    q->may_run_all_of = home;
    door->closed = true;
    int err = weft_executor_destroy(door->executor);
    after_call(q);
    MUST(q, err == 0, "destroy: %s", weft_strerror(err));
    over(q, home);
    door->live = false;
}

/* What is to follow somebody on it keeps it from being destroyed. */
static bool is_expected(const struct sequence *q, int home)
{
    for (int i = 0; i < q->nodes; i++)
        if (q->node[i].kind == THEN && q->node[i].home == home && !has_ended(&q->node[i]))
            return true;
    return false;
}

void op_destroy(struct sequence *q)
{
    int home = any_door(q);
    if (!home || is_expected(q, home) || !atomic_load(&q->gate))
        return;
    end_streams_of(q, home);
    end_door(q, home);
}

/* ---- looking -------------------------------------------------------------------------------------- */

/* Whether the numbers are determined: only the driver runs them, and none was cancelled in the queue. */
static bool count_exactly(const struct sequence *q, int home, uint64_t *accepted, uint64_t *ended)
{
    *accepted = *ended = 0;
    for (int i = 0; i < q->nodes; i++) {
        const struct node *node = &q->node[i];
        if (node->home != home || node->kind == PROMISE || !node->given)
            continue;
        if (!is_exact(node) || node->dead || node->state == WEFT_CANCELLED)
            return false;
        *accepted += node->kind == TASK || node->stamp || has_ended(node);
        *ended += has_ended(node);
    }
    return !q->door[home].streamed;
}

void op_inspect(struct sequence *q)
{
    int home = any_door(q);
    if (!home)
        return;
    weft_executor_state s = {.size = sizeof s};
    uint64_t accepted, ended;
    bool exactly = count_exactly(q, home, &accepted, &ended);
    int err = weft_executor_inspect(q->door[home].executor, &s);
    say(q, "weft_executor_inspect(door %d) -> %d: %d accepted, %d ended, %d waiting\n", home, err,
        (int)s.accepted, (int)s.ended, (int)s.waiting);
    MUST(q, err == 0 && s.ended <= s.accepted && s.waiting <= s.accepted - s.ended, "inspect: %s",
         weft_strerror(err));
    MUST(q, s.closed == q->door[home].closed, "closed: %d", s.closed);
    if (exactly)
        MUST(q, s.accepted == accepted && s.ended == ended, "%d accepted, %d ended", (int)accepted,
             (int)ended);
}

/* One line for each that runs, and what the text is of is told. */
void op_running(struct sequence *q)
{
    int home = any_door(q);
    char text[256];
    int length = home ? weft_executor_running(q->door[home].executor, text, sizeof text) : 0;
    say(q, "weft_executor_running(door %d) -> %d\n", home, length);
    MUST(q, length >= 0, "running: %s", weft_strerror(length));
    MUST(q, !length || !serial(q, home), "%s runs in a serial executor", text);
    for (char *line = home && length ? strtok(text, "\n") : NULL; line; line = strtok(NULL, "\n"))
        MUST(q, *line == '?' || (*line == 'n' && q->node[atoi(line + 1)].home == home), "%s runs elsewhere",
             line);
}

void op_gate(struct sequence *q)
{
    if (!q->workers)
        return;
    int open = !atomic_load(&q->gate);
    say(q, open ? "the gate opens\n" : "the gate closes\n");
    atomic_store(&q->gate, open);
}

/* ---- stop tokens ---------------------------------------------------------------------------------- */

static void see_who_fires(struct sequence *q)
{
    for (int i = 0; i < q->n_stop; i++) {
        struct stop *s = &q->stop[i];
        s->fired = s->fired || s->called || (s->parent >= 0 && q->stop[s->parent].fired);
    }
    stopped(q);
}

void op_stop(struct sequence *q)
{
    if (q->n_stop == STOPS)
        return;
    struct stop *s = &q->stop[q->n_stop];
    s->parent = q->n_stop ? (int)pick(q, (unsigned)q->n_stop + 1) - 1 : -1;
    s->fired = pick(q, 6) == 1;
    int err = weft_stop_create(&s->stop, s->parent < 0 ? NULL : q->stop[s->parent].stop,
                               s->fired ? 1 : WEFT_FOREVER);
    say(q, "stop %d = weft_stop_create(stop %d%s) -> %d\n", q->n_stop, s->parent,
        s->fired ? ", deadline passed" : "", err);
    MUST(q, err == 0, "stop: %s", weft_strerror(err));
    q->n_stop++;
    see_who_fires(q);
}

void op_fire(struct sequence *q)
{
    if (!q->n_stop)
        return;
    int i = (int)pick(q, (unsigned)q->n_stop);
    struct stop *s = &q->stop[i];
    if (pick(q, 3)) {
        before_call(q);
        int expected = s->called ? -EALREADY : 0, err;
        s->called = true;
        see_who_fires(q);
        err = weft_stop_request(s->stop);
        after_call(q);
        say(q, "weft_stop_request(stop %d) -> %d\n", i, err);
        MUST(q, err == expected || (err == -EALREADY && s->fired), "request: %s", weft_strerror(err));
    }
    say(q, "weft_stop_requested(stop %d) -> %d\n", i, weft_stop_requested(s->stop));
    MUST(q, weft_stop_requested(s->stop) == s->fired, "stop %d has fired: %d", i, s->fired);
    MUST(q, weft_should_stop() == 0, "the driver is no task");
}
