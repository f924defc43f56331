/* SPDX-License-Identifier: MIT */
/*
 * model/model_force.c - thieves that publish children in their owner's stead (F1 to F7 of data/task_stack.h), against the
 * owner, which forks, joins and publishes, and against each other.
 */
#include "stack.h"

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

static void setup_one_private(void)
{
    setup();
    private_slot[0] = fork_next();
}

/* The second child lies where the first one lay. */
static void join_and_fork_again(void)
{
    join(private_slot[0], 0);
    join(fork_next(), 1);
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

static const mc_scenario scenarios[] = {
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
    {.name = "two_force_a_slot_used_again",
     .setup = setup_one_private,
     .thread = {join_and_fork_again, force_and_steal, only_force},
     .check = check,
     .bound = 2,
     .stale = 2},
    SCENARIO("first_fork_against_force", setup_unused, check_unused, 3, first_fork, force_and_steal),
    SCENARIO("force_refused", setup, check, 3, publish_two, force_refused),
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
