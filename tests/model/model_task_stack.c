/* SPDX-License-Identifier: MIT */
/*
 * model/model_task_stack.c - a task stack's owner, which forks and joins, against thieves that steal, force and ask.
 *
 * Each child counts its runs and leaves a result in plain variables of its own: run twice, or joined before it ended, is
 * a race or a wrong count. The joins are those of weft/fork.h and par/fork.c, without a pool.
 */
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

static void run(weft_slot_ *slot)
{
    int child = *(const int *)(const void *)slot->payload;
    runs[child]++;
    result[child] = 100 + child;
}

static wf_task_stack *make(void)
{
    wf_task_stack *made = wf_alloc(sizeof *made);
    mc_assert(!wf_stack_init(made));
    return made;
}

static void setup(void)
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

static void setup_parking(void)
{
    setup();
    parks = true;
}

/* A seat's, in which nobody has been yet. */
static void setup_unused(void)
{
    setup();
    stack = wf_alloc(sizeof *stack);
}

/* ---- the owner ----------------------------------------------------------------------------------- */

static intptr_t fork_on(wf_task_stack *on, int child)
{
    intptr_t slot = wf_stack_push(on, run, &child, sizeof child);
    mc_assert(slot);
    return slot;
}

static intptr_t fork_next(void)
{
    return fork_on(stack, forked++);
}

/* As sleep_for in par/fork.c. */
static void sleep_for(weft_slot_ *slot)
{
    if (wf_slot_park(slot)) {
        wf_park(&parker, WF_FOREVER);
        wf_slot_unpark(slot);
    }
}

static void join(intptr_t at, int child)
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

static void fork_join_two(void)
{
    intptr_t a = fork_next(), b = fork_next();
    join(b, 1);
    join(a, 0);
}

static void first_fork(void)
{
    mc_assert(!wf_stack_init(stack));
    join(fork_next(), 0);
}

/* What is begun with two private children. */
static intptr_t private_slot[2];

static void setup_private(void)
{
    setup();
    for (int i = 0; i < 2; i++)
        private_slot[i] = fork_next();
}

static void join_two(void)
{
    join(private_slot[1], 1);
    join(private_slot[0], 0);
}

static void publish_two(void)
{
    intptr_t a = fork_next(), b = fork_next();
    (void)wf_stack_publish(stack);
    join(b, 1);
    join(a, 0);
}

static void publish_all_of_three(void)
{
    intptr_t a = fork_next(), b = fork_next(), c = fork_next();
    (void)wf_stack_publish_all(stack);
    join(c, 2);
    join(b, 1);
    join(a, 0);
}

static void publish_one(void)
{
    intptr_t a = fork_next();
    (void)wf_stack_publish(stack);
    join(a, 0);
}

/* The second child lies where the first one lay. */
static void one_after_the_other(void)
{
    publish_one();
    intptr_t b = fork_next();
    (void)wf_stack_publish(stack);
    join(b, 1);
}

static void nested(void)
{
    intptr_t a = fork_next();
    (void)wf_stack_publish(stack);
    intptr_t b = fork_next();
    intptr_t c = fork_next();
    join(c, 2);
    join(b, 1);
    join(a, 0);
}

/* What is begun in between has an epoch of its own. */
static void enter_and_leave(void)
{
    intptr_t a = fork_next();
    uint32_t outer = wf_stack_enter(stack);
    intptr_t b = fork_next();
    join(b, 1);
    wf_stack_leave(stack, outer);
    join(a, 0);
    mc_assert(wf_stack_epoch(stack) == outer);
}

/* ---- thieves ------------------------------------------------------------------------------------- */

static void run_stolen(weft_slot_ *slot)
{
    wf_taken by = {.thief = 1, .top = wf_stack_depth(thiefs), .epoch = wf_stack_epoch(thiefs)};
    (void)wf_slot_taken(slot, by);
    slot->run(slot);
    if (wf_slot_done(slot))
        wf_wake(&parker);
}

static void steal(void)
{
    weft_slot_ *slot = wf_stack_steal(stack);
    if (slot)
        run_stolen(slot);
}

static void steal_twice(void)
{
    steal();
    steal();
}

static void force_and_steal(void)
{
    (void)wf_stack_force(stack, wf_barrier_everywhere);
    steal();
}

static bool refuses(void)
{
    return false;
}

static void force_refused(void)
{
    mc_assert(!wf_stack_force(stack, refuses));
}

static void only_force(void)
{
    (void)wf_stack_force(stack, wf_barrier_everywhere);
}

/* Hints: whatever they say, nothing breaks. */
static void look(void)
{
    uint32_t shared, own;
    uint64_t mark;
    wf_stack_count(stack, &shared, &own);
    (void)wf_stack_silent(stack, &mark);
    (void)wf_stack_private(stack);
    (void)wf_stack_public(stack);
    mc_assert(shared <= CHILDREN && own <= CHILDREN);
}

/* ---- checks -------------------------------------------------------------------------------------- */

/* All ran once, the stack is empty and belongs to the owner again. */
static void check(void)
{
    for (int i = 0; i < forked; i++)
        mc_assert(runs[i] == 1);
    mc_assert(wf_stack_depth(stack) == 0 && !wf_stack_public(stack) && !wf_stack_private(stack));
    mc_assert(stack->head.claim == stack->base && !stack->forcing);
}

static void check_unused(void)
{
    check();
    wf_stack_fini(stack);
}

/* ---- requests ------------------------------------------------------------------------------------ */

static bool heard;

static void calm(void)
{
    heard = wf_stack_calm(stack);
}

static void ask(void)
{
    wf_stack_ask(stack);
}

/* A request is heard, or stands. */
static void check_request(void)
{
    mc_assert(heard || stack->head.limit < stack->base);
}

static void calm_and_offer(void)
{
    heard = wf_stack_calm(stack);
    wf_stack_offer(stack);
}

/* An offer does not take a request's place. */
static void check_offer(void)
{
    mc_assert(heard || stack->head.limit == 0);
}

/* ---- leapfrogging -------------------------------------------------------------------------------- */

static weft_slot_ *taken_slot;
static int joiner_saw, thief_saw;

/* Child 0 is public; the thief's first epoch is drawn when it takes it. */
static void setup_taken(void)
{
    setup();
    taken_slot = (weft_slot_ *)fork_next();
    (void)wf_stack_publish(stack);
    joiner_saw = thief_saw = 0;
    mc_name(&thiefs->span, sizeof thiefs->span, "thief's span");
}

static void join_own(intptr_t at)
{
    if (weft_private_(&thiefs->head, at) || wf_stack_take_back(thiefs, at)) {
        run((weft_slot_ *)at);
        return;
    }
    wf_stack_above(thiefs, at);
    while (!wf_slot_is_done((weft_slot_ *)at))
        mc_pause();
    wf_stack_joined(thiefs, at);
}

/* It runs child 0, which forks child 1; ends it; and forks child 2 of something else. */
static void thief_that_moves_on(void)
{
    weft_slot_ *slot = wf_stack_steal(stack);
    mc_assert(slot == taken_slot);
    uint32_t outer = wf_stack_enter(thiefs);
    (void)wf_slot_taken(
        slot, (wf_taken){.thief = 1, .top = wf_stack_depth(thiefs), .epoch = wf_stack_epoch(thiefs)});
    intptr_t inner = fork_on(thiefs, 1);
    (void)wf_stack_publish(thiefs);
    join_own(inner);
    run(slot);
    (void)wf_slot_done(slot);
    wf_stack_leave(thiefs, outer);
    outer = wf_stack_enter(thiefs);
    inner = fork_on(thiefs, 2);
    (void)wf_stack_publish(thiefs);
    join_own(inner);
    wf_stack_leave(thiefs, outer);
}

static void leapfrog(void)
{
    wf_taken by;
    if (!wf_slot_taken_by(taken_slot, &by))
        return;
    weft_slot_ *back = wf_stack_steal_above(thiefs, by.top, by.epoch);
    if (!back)
        return;
    mc_assert(*(const int *)(const void *)back->payload == 1);
    (void)wf_slot_taken(back, (wf_taken){.thief = 0});
    back->run(back);
    (void)wf_slot_done(back);
}

static void check_leapfrog(void)
{
    mc_assert(runs[0] == 1 && runs[1] == 1 && runs[2] == 1);
    mc_assert(wf_stack_depth(thiefs) == 0);
}

/* The joiner sleeps, then looks whether there is something to steal back. */
static void park_and_look(void)
{
    wf_taken by;
    if (!wf_slot_park(taken_slot)) {
        joiner_saw = 1;
        return;
    }
    if (wf_slot_taken_by(taken_slot, &by))
        joiner_saw = wf_stack_public_above(thiefs, by.top, by.epoch);
}

/* The thief publishes, then looks whether the joiner sleeps; or hears when it takes the child that it does. */
static void publish_and_look(void)
{
    weft_slot_ *slot = wf_stack_steal(stack);
    (void)wf_stack_enter(thiefs);
    thief_saw = wf_slot_taken(slot, (wf_taken){.thief = 1, .top = 0, .epoch = wf_stack_epoch(thiefs)});
    (void)fork_on(thiefs, 1);
    (void)wf_stack_publish(thiefs);
    thief_saw |= wf_slot_is_parked(slot);
}

static void check_seen(void)
{
    mc_assert(joiner_saw || thief_saw);
}

#define SCENARIO(scenario, made, checked, preemptions, ...)                                              \
    {                                                                                                    \
        .name = scenario, .setup = made, .thread = {__VA_ARGS__}, .check = checked, .bound = preemptions \
    }

static const mc_scenario scenarios[] = {
    SCENARIO("join_private", setup, check, 4, fork_join_two, steal),
    SCENARIO("join_public_or_stolen", setup, check, 4, publish_two, steal),
    SCENARIO("join_stolen_parked", setup_parking, check, 4, publish_two, steal),
    {.name = "join_stolen_parked_woken_for_nothing",
     .setup = setup_parking,
     .thread = {publish_two, steal},
     .check = check,
     .bound = 3,
     .spurious = 2},
    SCENARIO("two_thieves", setup, check, 3, publish_two, steal, steal),
    SCENARIO("take_back", setup, check, 4, publish_all_of_three, steal),
    SCENARIO("take_back_from_two", setup, check, 2, publish_all_of_three, steal, steal),
    SCENARIO("slot_used_again", setup, check, 4, one_after_the_other, steal_twice),
    SCENARIO("slot_used_again_parked", setup_parking, check, 3, one_after_the_other, steal_twice),
    SCENARIO("nested", setup, check, 3, nested, steal_twice),
    SCENARIO("join_while_claimed", setup, check, 4, fork_join_two, force_and_steal),
    SCENARIO("revoke_against_commit", setup, check, 4, publish_two, force_and_steal),
    SCENARIO("force_against_publish_all", setup, check, 3, publish_all_of_three, force_and_steal),
    SCENARIO("force_against_epochs", setup, check, 3, enter_and_leave, force_and_steal),
    SCENARIO("force_against_a_slot_used_again", setup, check, 3, one_after_the_other, force_and_steal),
    SCENARIO("force_and_another_thief", setup, check, 2, fork_join_two, force_and_steal, steal),
    SCENARIO("two_force", setup, check, 1, fork_join_two, force_and_steal, force_and_steal),
    {.name = "two_force_while_joined",
     .setup = setup_private,
     .thread = {join_two, force_and_steal, only_force},
     .check = check,
     .bound = 3,
     .stale = 1},
    SCENARIO("first_fork_against_force", setup_unused, check_unused, 3, first_fork, force_and_steal),
    SCENARIO("first_fork_against_look", setup_unused, check_unused, 3, first_fork, look),
    SCENARIO("force_refused", setup, check, 3, publish_two, force_refused),
    SCENARIO("looks", setup, check, 2, publish_two, look),
    SCENARIO("limit_restored_over_request", setup, check_request, MC_UNBOUNDED, calm, ask),
    SCENARIO("offer_over_request", setup, check_offer, MC_UNBOUNDED, calm_and_offer, ask),
    SCENARIO("leapfrog_against_moved_on_thief", setup_taken, check_leapfrog, 3, leapfrog,
             thief_that_moves_on),
    SCENARIO("joiner_parked_while_thief_publishes", setup_taken, check_seen, MC_UNBOUNDED, park_and_look,
             publish_and_look),
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
