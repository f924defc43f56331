/* SPDX-License-Identifier: MIT */
#include "checker/mc.h"
#include "data/task_stack.h"
#include "os/barrier.h"
static wf_task_stack *stack;
static int runs;
static void child(weft_slot_ *slot)
{
    (void)slot;
    __atomic_fetch_add(&runs, 1, __ATOMIC_RELAXED);
}
static void setup(void)
{
    stack = mc_alloc(sizeof *stack);
    mc_assert(!wf_stack_init(stack));
    mc_name(&stack->head.top, 8, "top");
    mc_name(&stack->head.limit, 8, "limit");
    mc_name(&stack->head.claim, 8, "claim");
    mc_name(&stack->span, 8, "span");
    mc_name((void *)stack->base, 65536, "slots");
}
static void join(intptr_t s)
{
    if (weft_private_(&stack->head, s)) {
        child(0);
        return;
    }
    if (wf_stack_take_back(stack, s)) {
        child(0);
        return;
    }
    wf_stack_above(stack, s);
    while (!wf_slot_is_done((weft_slot_ *)s))
        mc_pause();
    wf_stack_joined(stack, s);
}
static intptr_t forkit(void)
{
    int arg = 1;
    return wf_stack_push(stack, child, &arg, sizeof arg);
}
static void owner(void)
{
    intptr_t a = forkit(), b = forkit();
    wf_stack_publish(stack);
    join(b);
    join(a);
}
static void thief(void)
{
    weft_slot_ *s = wf_stack_steal(stack);
    if (s) {
        wf_taken by = {.thief = 1};
        wf_slot_taken(s, by);
        s->run(s);
        wf_slot_done(s);
    }
}
static void fthief(void)
{
    wf_stack_force(stack, wf_barrier_everywhere);
    thief();
}
static void owner2(void)
{
    intptr_t a = forkit(), b = forkit();
    join(b);
    join(a);
}
static void two(void)
{
    mc_assert(runs == 2);
}
static const mc_scenario scenarios[] = {
    {.name = "join1", .setup = setup, .thread = {owner, thief}, .check = two, .bound = 3},
    {.name = "join2", .setup = setup, .thread = {owner, thief, thief}, .check = two, .bound = 2},
    {.name = "force", .setup = setup, .thread = {owner2, fthief}, .check = two, .bound = 3},
};
int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
