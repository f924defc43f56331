/* SPDX-License-Identifier: MIT */
/* sequence_lane.c - what executors call, and the lanes that their tasks are in.
 *
 * - A lane is had by one task at a time; not while that submits, or waits for, a child: it may lend it.
 * - Where there is a start hook each task is in a lane that was started.
 */
#include <stdlib.h>
#include <string.h>

#include "sequence.h"

/* ---- the hooks ------------------------------------------------------------------------------------ */

static void told_broken(struct door *door, int status)
{
    MUST(door->of, status == door->start_fails && atomic_load(&door->broke), "told that start failed: %d",
         status);
    MUST(door->of, atomic_fetch_add(&door->told_broken, 1) == 0, "told twice that start failed");
}

void door_error(const char *label, int status, void *ctx)
{
    struct door *door = ctx;
    struct sequence *q = door->of;
    MUST(q, status != 0, "told of no error");
    if (label && !strcmp(label, "start")) {
        told_broken(door, status);
        return;
    }
    if (!label)
        return;
    struct node *node = &q->node[atoi(label + 1)];
    MUST(q, atomic_fetch_add(&node->told, 1) == 0, "%s: told twice", label);
}

static int lanes_of(const struct door *door)
{
    return door->engine == WEFT_ENGINE_SERIAL ? 1 : door->limit ? door->limit : LANES;
}

int door_start(unsigned lane, void *ctx)
{
    struct door *door = ctx;
    MUST(door->of, lane < (unsigned)lanes_of(door), "lane %u starts", lane);
    if (door->start_fails)
        atomic_store(&door->broke, 1);
    else
        MUST(door->of, atomic_fetch_add(&door->started[lane], 1) == 0, "lane %u starts twice", lane);
    return door->start_fails;
}

void door_finish(unsigned lane, void *ctx)
{
    struct door *door = ctx;
    MUST(door->of, lane < LANES && door->ending, "lane %u finishes", lane);
    MUST(door->of, atomic_fetch_add(&door->finished[lane], 1) == 0, "lane %u finishes twice", lane);
}

/* It was destroyed. */
void check_lanes(struct sequence *q, struct door *door)
{
    for (int i = 0; i < LANES; i++) {
        int started = atomic_load(&door->started[i]), finished = atomic_load(&door->finished[i]);
        MUST(q, started == finished, "lane %d was started %d times, finished %d times", i, started, finished);
    }
    MUST(q, atomic_load(&door->broke) == atomic_load(&door->told_broken), "not told that it is broken");
}

/* ---- the tasks in them ---------------------------------------------------------------------------- */

int enter_lane(struct node *node)
{
    struct sequence *q = node->of;
    struct door *door = &q->door[node->home];
    int lane = weft_executor_lane();
    if (node->home == PLAIN) {
        MUST(q, lane == -1, "n%d is in lane %d of no executor", node->number, lane);
        return lane;
    }
    MUST(q, lane >= -1 && lane < lanes_of(door), "n%d is in lane %d", node->number, lane);
    MUST(q, lane >= 0 || !(door->hooked || serial(q, node->home)), "n%d is in no lane", node->number);
    if (lane < 0)
        return lane;
    MUST(q, atomic_fetch_add(&door->in_lane[lane], 1) == 0, "two are in lane %d", lane);
    MUST(q, atomic_load(&door->started[lane]) == (door->hooked && !door->start_fails),
         "lane %d was started %d times", lane, atomic_load(&door->started[lane]));
    return lane;
}

void leave_lane(struct node *node, int lane)
{
    MUST(node->of, weft_executor_lane() == lane, "n%d was in lane %d, now %d", node->number, lane,
         weft_executor_lane());
    if (lane >= 0)
        atomic_fetch_sub(&node->of->door[node->home].in_lane[lane], 1);
}
