/* SPDX-License-Identifier: MIT */
/* bench/sim/child.c - see child.h. */
#include "child.h"

#include <string.h>

#include "base/tunables.h"
#include "idle.h"
#include "must.h"
#include "wakes.h"

/* How often a waiter looks whether its child is done. */
#define POLL (200 * SIM_NS)

static weft_slot_ *slot_at_top(const sim_place *self)
{
    return (weft_slot_ *)self->stack.head.top;
}

void sim_task_push(sim_place *self, const sim_node *node)
{
    sim_pool *pool = self->pool;
    sim_frame *frame = sim_push(self, SIM_NODE);
    frame->task.node = *node;
    frame->task.children = sim_tree_children(pool->tree, node);
    pool->count.tasks++;
    if (node->path > pool->span)
        pool->span = node->path;
}

/* wf_steal_run up to the child's first instruction. */
void sim_child_push(sim_place *self, sim_place *victim, weft_slot_ *slot)
{
    sim_node node;
    memcpy(&node, slot->payload, sizeof node);
    self->pool->count.steals[sim_distance(self, victim)]++;
    uint32_t outer = wf_stack_enter(&self->stack);
    wf_taken by = {self->index, wf_stack_depth(&self->stack), wf_stack_epoch(&self->stack)};
    if (wf_slot_taken(slot, by))
        wf_stack_offer(&self->stack);
    sim_frame *frame = sim_push(self, SIM_STOLEN);
    frame->stolen.slot = slot;
    frame->stolen.owner = victim;
    frame->stolen.epoch = outer;
    sim_task_push(self, &node);
}

/* Its end; without a slot it is the root. */
bool sim_stolen_step(sim_place *self)
{
    sim_frame stolen = *sim_top(self);
    self->depth--;
    if (!stolen.stolen.slot) {
        self->pool->result = stolen.stolen.sum;
        self->pool->end = sim_now(self);
        return false;
    }
    memcpy(stolen.stolen.slot->payload, &stolen.stolen.sum, sizeof stolen.stolen.sum);
    wf_stack_leave(&self->stack, stolen.stolen.epoch);
    if (wf_slot_done(stolen.stolen.slot))
        sim_wake_waiter(self, stolen.stolen.owner);
    if (self->depth)
        sim_top(self)->task.since = sim_now(self); /* it ran on top of a wait, which begins anew */
    return true;
}

/* weft_fork_slow_. */
static bool fork_slow(sim_place *self, const sim_node *child)
{
    sim_count *count = &self->pool->count;
    bool asked = wf_stack_calm(&self->stack);
    bool room = wf_stack_push(&self->stack, NULL, child, sizeof *child);
    count->forks_slow++;
    self->spent += self->pool->costs->cold;
    if (wf_stack_publish(&self->stack)) {
        count->publications++;
        (void)sim_wake_origin(self);
    }
    sim_notify(self, asked ? SIM_ASKED_FOR : SIM_CRUMB);
    return room;
}

/* weft_fork: false: there is no room, the child is to be called. */
static bool fork_child(sim_place *self, const sim_node *child)
{
    const weft_worker_ *head = &self->stack.head;
    self->pool->count.forks++;
    self->spent += self->pool->costs->fork;
    if (head->top < head->limit)
        return wf_stack_push(&self->stack, NULL, child, sizeof *child);
    return head->limit != head->room && fork_slow(self, child); /* the first: weft_full_ */
}

/* The next child of the task on top: forked, or called if it is the last, or there is no room. */
static void next_child(sim_place *self)
{
    sim_frame *frame = sim_top(self);
    sim_node child = sim_tree_child(self->pool->tree, &frame->task.node, frame->task.begun++);
    bool last = frame->task.begun == frame->task.children;
    if (!last && fork_child(self, &child))
        frame->task.slots++;
    else
        sim_task_push(self, &child);
}

/* weft_join of the youngest, weft_join_slow_. */
static void join(sim_place *self)
{
    sim_frame *frame = sim_top(self);
    intptr_t at = self->stack.head.top - WEFT_SLOT_BYTES_;
    bool own = weft_private_(&self->stack.head, at);
    if (!own) {
        self->spent += self->pool->costs->cold;
        own = wf_stack_take_back(&self->stack, at);
    }
    if (own) {
        sim_node child;
        memcpy(&child, slot_at_top(self)->payload, sizeof child);
        frame->task.slots--;
        sim_task_push(self, &child);
        return;
    }
    wf_stack_above(&self->stack, at);
    frame->task.waits = true;
    frame->task.since = sim_now(self);
}

static void joined(sim_place *self, weft_slot_ *slot)
{
    sim_frame *frame = sim_top(self);
    uint64_t sum;
    memcpy(&sum, slot->payload, sizeof sum);
    frame->task.sum += sum;
    frame->task.slots--;
    frame->task.waits = false;
    wf_stack_joined(&self->stack, (intptr_t)slot);
    self->spent += self->pool->costs->cold;
    sim_does(self, SIM_RUN);
}

/* One descendant of the stolen child that its thief has forked; NULL: it has none, or others are at its line. */
static weft_slot_ *back_from(sim_place *self, sim_place *thief, wf_taken by)
{
    sim_time way = self->pool->costs->steal[sim_distance(self, thief)];
    weft_slot_ *back =
        thief->held > sim_now(self) ? NULL : wf_stack_steal_above(&thief->stack, by.top, by.epoch);
    if (!back)
        return NULL;
    self->pool->count.leapfrogs++;
    self->spent += way;
    thief->held = sim_now(self) + way;
    sim_does(self, SIM_RUN);
    sim_child_push(self, thief, back);
    return back;
}

/* Children of the thief's, forked since then, that others have: what they forked descends from the child, too. */
static bool leapfrog_at(sim_place *self, sim_place *thief, wf_taken by, bool beyond);
static bool leapfrog_beyond(sim_place *self, sim_place *thief, wf_taken by)
{
    const wf_task_stack *stack = &thief->stack;
    intptr_t first = stack->base + (intptr_t)by.top * WEFT_SLOT_BYTES_;
    wf_taken next;
    for (intptr_t at = first; at < stack->head.top; at += WEFT_SLOT_BYTES_) {
        const weft_slot_ *slot = (const weft_slot_ *)at;
        if (!wf_slot_is_done(slot) && wf_slot_taken_by(slot, &next) &&
            leapfrog_at(self, sim_place_at(self->pool, next.thief), next, true))
            return true;
    }
    return false;
}

/* True: a descendant was taken, or published. */
static bool leapfrog_at(sim_place *self, sim_place *thief, wf_taken by, bool beyond)
{
    if (thief == self)
        return false;
    if (back_from(self, thief, by))
        return true;
    self->spent += self->pool->costs->look[sim_distance(self, thief)];
    return sim_ask(self, thief) || (beyond && leapfrog_beyond(self, thief, by));
}

/* leapfrog of par/fork.c. */
static bool leapfrog(sim_place *self, const weft_slot_ *slot)
{
    wf_taken by;
    bool beyond = self->pool->costs->chain == SIM_CHAIN;
    return wf_slot_taken_by(slot, &by) && leapfrog_at(self, sim_place_at(self->pool, by.thief), by, beyond);
}

/* Before it sleeps. */
static bool leapfrog_late(sim_place *self, const weft_slot_ *slot)
{
    wf_taken by;
    return self->pool->costs->chain == SIM_CHAIN_LATE && wf_slot_taken_by(slot, &by) &&
           leapfrog_beyond(self, sim_place_at(self->pool, by.thief), by);
}

static bool may_leapfrog(const sim_place *self, const weft_slot_ *slot)
{
    wf_taken by;
    if (!wf_slot_taken_by(slot, &by))
        return false;
    wf_task_stack *thief = &sim_place_at(self->pool, by.thief)->stack;
    wf_stack_ask(thief);
    return wf_stack_public_above(thief, by.top, by.epoch);
}

/* sleep_for of par/fork.c; when it is woken the next step finds `parked`. */
static bool sleep_for(sim_place *self, weft_slot_ *slot)
{
    sim_block_begin(self);
    if (wf_slot_park(slot) && !may_leapfrog(self, slot)) {
        sim_top(self)->task.parked = true;
        sim_does(self, SIM_BLOCKED);
        self->spent = 0;
        return false;
    }
    wf_slot_unpark(slot);
    sim_block_end(self);
    return true;
}

static void wake_up(sim_place *self, weft_slot_ *slot)
{
    wf_slot_unpark(slot);
    sim_block_end(self);
    sim_top(self)->task.parked = false;
    sim_does(self, SIM_WAIT);
}

/* wait_for of par/fork.c, one look. */
static bool wait_step(sim_place *self)
{
    sim_frame *frame = sim_top(self);
    weft_slot_ *slot = slot_at_top(self) - 1;
    if (frame->task.parked)
        wake_up(self, slot);
    if (wf_slot_is_done(slot)) {
        joined(self, slot);
        return true;
    }
    sim_does(self, SIM_WAIT);
    unsigned at = self->depth - 1;
    bool late = sim_now(self) - frame->task.since >= WF_WAIT_SPIN_NS * SIM_NS;
    if (leapfrog(self, slot) || (late && leapfrog_late(self, slot))) {
        self->frames[at].task.since = sim_now(self) + self->spent;
        if (self->depth - 1 > at)
            return true;
    } else if (late && !sleep_for(self, slot)) {
        return false;
    }
    sim_later(self, POLL, sim_go);
    return false;
}

static void end_task(sim_place *self)
{
    uint64_t sum = sim_top(self)->task.sum + 1;
    self->depth--;
    sim_frame *below = sim_top(self);
    if (below->kind == SIM_STOLEN)
        below->stolen.sum = sum;
    else
        below->task.sum += sum;
}

bool sim_task_step(sim_place *self)
{
    sim_frame *frame = sim_top(self);
    if (!frame->task.worked) {
        sim_time cost = sim_tree_cost(self->pool->tree, &frame->task.node);
        frame->task.worked = true;
        if (!cost)
            return true;
        sim_work(self, cost, sim_go);
        return false;
    }
    if (frame->task.waits)
        return wait_step(self);
    if (frame->task.begun < frame->task.children)
        next_child(self);
    else if (frame->task.slots)
        join(self);
    else
        end_task(self);
    return true;
}
