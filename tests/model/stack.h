/* SPDX-License-Identifier: MIT */
/*
 * model/stack.h - a task stack's owner, which forks and joins, and its thieves, without a pool: what model_task_stack.c and
 * model_force.c share.
 *
 * Each child counts its runs and leaves a result in plain variables of its own: run twice, or joined before it ended, is
 * a race or a wrong count. The joins are those of weft/fork.h and par/fork.c.
 */
#ifndef MODEL_STACK_H
#define MODEL_STACK_H

#include "base/atomic.h"
#include "checker/mc.h"
#include "data/task_stack.h"
#include "os/barrier.h"
#include "os/memory.h"
#include "os/park.h"

#define CHILDREN 4

static wf_task_stack *stack, *thiefs; /* the owner's; that of a thief */
static wf_parker parker;              /* the owner's */
static int runs[CHILDREN], result[CHILDREN], forked;
static bool parks;

static inline void run(weft_slot_ *slot)
{
    int child = *(const int *)(const void *)slot->payload;
    runs[child]++;
    result[child] = 100 + child;
}

static inline wf_task_stack *make(void)
{
    wf_task_stack *made = wf_alloc(sizeof *made);
    mc_assert(!wf_stack_init(made));
    return made;
}

static inline void setup(void)
{
    stack = make();
    thiefs = make();
    parker.state = 0;
    forked = 0;
    parks = false;
    for (int i = 0; i < CHILDREN; i++)
        runs[i] = result[i] = 0;
    mc_name(&stack->head.top, sizeof stack->head.top, "top");
    mc_name(&stack->head.limit, sizeof stack->head.limit, "limit");
    mc_name(&stack->head.claim, sizeof stack->head.claim, "claim");
    mc_name(&stack->span, sizeof stack->span, "span");
    mc_name(&stack->forcing, sizeof stack->forcing, "forcing");
    mc_name((void *)stack->base, (size_t)8 * WEFT_SLOT_BYTES_, "slots");
}

/* A seat's, in which nobody has been yet. */
static inline void setup_unused(void)
{
    setup();
    stack = wf_alloc(sizeof *stack);
}

/* ---- the owner ----------------------------------------------------------------------------------- */

static inline intptr_t fork_on(wf_task_stack *on, int child)
{
    intptr_t slot = wf_stack_push(on, run, &child, sizeof child);
    mc_assert(slot);
    return slot;
}

static inline intptr_t fork_next(void)
{
    return fork_on(stack, forked++);
}

/* As sleep_for in par/fork.c. */
static inline void sleep_for(weft_slot_ *slot)
{
    if (wf_slot_park(slot)) {
        wf_park(&parker, WF_FOREVER);
        wf_slot_unpark(slot);
    }
}

static inline void join(intptr_t at, int child)
{
    weft_slot_ *slot = (weft_slot_ *)at;
    if (weft_private_(&stack->head, at) || wf_stack_take_back(stack, at)) {
        run(slot);
    } else {
        wf_stack_above(stack, at);
        while (!wf_slot_is_done(slot))
            if (parks)
                sleep_for(slot);
            else
                mc_pause();
        wf_stack_joined(stack, at);
    }
    mc_assert(runs[child] == 1 && result[child] == 100 + child);
}

static inline void fork_join_two(void)
{
    intptr_t a = fork_next(), b = fork_next();
    join(b, 1);
    join(a, 0);
}

static inline void first_fork(void)
{
    mc_assert(!wf_stack_init(stack));
    join(fork_next(), 0);
}

static inline void publish_two(void)
{
    intptr_t a = fork_next(), b = fork_next();
    (void)wf_stack_publish(stack);
    join(b, 1);
    join(a, 0);
}

static inline void publish_all_of_three(void)
{
    intptr_t a = fork_next(), b = fork_next(), c = fork_next();
    (void)wf_stack_publish_all(stack);
    join(c, 2);
    join(b, 1);
    join(a, 0);
}

static inline void publish_one(void)
{
    intptr_t a = fork_next();
    (void)wf_stack_publish(stack);
    join(a, 0);
}

/* The second child lies where the first one lay. */
static inline void one_after_the_other(void)
{
    publish_one();
    intptr_t b = fork_next();
    (void)wf_stack_publish(stack);
    join(b, 1);
}

/* ---- thieves ------------------------------------------------------------------------------------- */

static inline void run_stolen(weft_slot_ *slot)
{
    wf_taken by = {.thief = 1, .top = wf_stack_depth(thiefs), .epoch = wf_stack_epoch(thiefs)};
    (void)wf_slot_taken(slot, by);
    slot->run(slot);
    if (wf_slot_done(slot))
        wf_wake(&parker);
}

static inline void steal(void)
{
    weft_slot_ *slot = wf_stack_steal(stack);
    if (slot)
        run_stolen(slot);
}

/* ---- checks -------------------------------------------------------------------------------------- */

/* All ran once, the stack is empty and belongs to the owner again. */
static inline void check(void)
{
    for (int i = 0; i < forked; i++)
        mc_assert(runs[i] == 1);
    mc_assert(wf_stack_depth(stack) == 0 && !wf_stack_public(stack) && !wf_stack_private(stack));
    mc_assert(stack->head.claim == stack->base && !stack->forcing);
}

static inline void check_unused(void)
{
    check();
    wf_stack_fini(stack);
}

#define SCENARIO(scenario, made, checked, preemptions, ...)                                              \
    {                                                                                                    \
        .name = scenario, .setup = made, .thread = {__VA_ARGS__}, .check = checked, .bound = preemptions \
    }

#endif
