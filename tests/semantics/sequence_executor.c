/* SPDX-License-Identifier: MIT */
/* sequence_executor.c - the calls of a sequence about executors and their end. */
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

static void pick_hooks(struct sequence *q, struct door *door)
{
    door->hooked = !pick(q, 4) && (door->limit || door->engine == WEFT_ENGINE_SERIAL);
    door->start_fails = door->hooked && !pick(q, 4) ? 7 : 0;
}

static int make_door(struct sequence *q, struct door *door)
{
    static const int priorities[] = {WEFT_PRIORITY_NORMAL, WEFT_PRIORITY_NORMAL, WEFT_PRIORITY_LOW,
                                     WEFT_PRIORITY_HIGH};
    weft_executor_config config = {.size = sizeof config,
                                   .pool = q->pool,
                                   .engine = door->engine,
                                   .limit = door->limit,
                                   .queue_limit = door->queue_limit,
                                   .when_full = door->when_full,
                                   .on_error = door_error,
                                   .ctx = door,
                                   .stop = door->stop < 0 ? NULL : q->stop[door->stop].stop,
                                   .priority = priorities[pick(q, 4)],
                                   .start = door->hooked ? door_start : NULL,
                                   .finish = door->hooked ? door_finish : NULL,
                                   .blocking = !pick(q, 5),
                                   .node = pick(q, 5) ? 0 : WEFT_NODE((int)pick(q, 2))};
    say(q, "priority %d, blocking %d, node %d, hooks %d: %d", config.priority, config.blocking, config.node,
        door->hooked, door->start_fails);
    return weft_executor_create(&door->executor, &config);
}

void op_create(struct sequence *q)
{
    if (q->n_door == DOORS)
        return;
    int home = q->n_door++;
    struct door *door = &q->door[home];
    *door = (struct door){.of = q,
                          .engine = pick(q, 3) ? WEFT_ENGINE_SERIAL : WEFT_ENGINE_POOL,
                          .limit = (int)pick(q, 3),
                          .queue_limit = pick(q, 3) ? 0 : 1 + pick(q, 4),
                          .when_full = (int)pick(q, 3),
                          .stop = pick(q, 4) ? -1 : any_stop(q),
                          .live = true};
    pick_hooks(q, door);
    say(q, "door %d = weft_executor_create(engine %d, limit %d, queue_limit %zu, when_full %d, stop %d, ",
        home, door->engine, door->limit, door->queue_limit, door->when_full, door->stop);
    int err = make_door(q, door);
    say(q, ") -> %d\n", err);
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
    door->closed = door->ending = true;
    int err = weft_executor_destroy(door->executor);
    after_call(q);
    MUST(q, err == 0, "destroy: %s", weft_strerror(err));
    over(q, home);
    check_lanes(q, door);
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

/* By its start hook, perhaps just now. told: before it was looked at. */
static void check_broken(struct sequence *q, struct door *door, int broken, bool told)
{
    MUST(q, broken == 0 || (broken == door->start_fails && atomic_load(&door->broke)), "broken: %d", broken);
    MUST(q, broken || !told, "it was told that it is broken");
    door->closed |= broken != 0;
}

void op_inspect(struct sequence *q)
{
    int home = any_door(q);
    if (!home)
        return;
    weft_executor_state s = {.size = sizeof s};
    uint64_t accepted, ended;
    bool exactly = count_exactly(q, home, &accepted, &ended), told = atomic_load(&q->door[home].told_broken);
    int err = weft_executor_inspect(q->door[home].executor, &s);
    say(q, "weft_executor_inspect(door %d) -> %d: %d accepted, %d ended, %d waiting\n", home, err,
        (int)s.accepted, (int)s.ended, (int)s.waiting);
    MUST(q, err == 0 && s.ended <= s.accepted && s.waiting <= s.accepted - s.ended, "inspect: %s",
         weft_strerror(err));
    check_broken(q, &q->door[home], s.broken, told);
    MUST(q, s.closed ? door_may_be_closed(q, home) : !door_is_closed(q, home), "closed: %d", s.closed);
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
