/* SPDX-License-Identifier: MIT */
/*
 * model/model_task_stack.c - a task stack's owner, which forks and joins, against thieves that steal, ask and look
 * (data/task_stack.c). stack.h has what they do; model_force.c those that force.
 */
#include "stack.h"

static void setup_parking(void)
{
    setup();
    parks = true;
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

static void steal_twice(void)
{
    steal();
    steal();
}

/* Hints: whatever they say, nothing breaks. */
static void look(void)
{
    uint32_t shared, own;
    uint64_t mark;
    (void)wf_stack_count(stack, &shared, &own);
    (void)wf_stack_silent(stack, &mark);
    (void)wf_stack_private(stack);
    (void)wf_stack_public(stack);
    mc_assert(shared <= CHILDREN && own <= CHILDREN);
}

/* ---- requests ------------------------------------------------------------------------------------ */

static bool heard;
static uint32_t announced;

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

/* Somebody else has asked before. */
static void setup_asked(void)
{
    setup();
    announced = 0;
    wf_stack_ask(stack);
}

static void announce_and_ask(void)
{
    wf_store_seq_cst(&announced, 1u);
    wf_stack_ask(stack);
}

static void calm_and_look(void)
{
    mc_assert(wf_stack_calm(stack));
    heard = wf_load_seq_cst(&announced);
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
    SCENARIO("first_fork_against_look", setup_unused, check_unused, 3, first_fork, look),
    SCENARIO("looks", setup, check, 2, publish_two, look),
    SCENARIO("limit_restored_over_request", setup, check_request, MC_UNBOUNDED, calm, ask),
    SCENARIO("limit_restored_after_two_requests", setup_asked, check_request, MC_UNBOUNDED, calm_and_look,
             announce_and_ask),
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
