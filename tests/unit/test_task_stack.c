/* SPDX-License-Identifier: MIT */
/* data/task_stack: the owner's and the thief's moves, one thread playing both. */
#include "data/task_stack.h"

#include <criterion/criterion.h>

#include "base/tunables.h"

static wf_task_stack stack;

static void no_run(weft_slot_ *slot)
{
    (void)slot;
}

static void setup(void)
{
    memset(&stack, 0, sizeof stack);
    cr_assert_eq(wf_stack_init(&stack), 0);
}

static void teardown(void)
{
    wf_stack_fini(&stack);
    cr_assert_eq(stack.base, 0);
    wf_stack_fini(&stack); /* a second time does nothing */
}

TestSuite(task_stack, .init = setup, .fini = teardown);

static intptr_t push(int value)
{
    intptr_t slot = wf_stack_push(&stack, no_run, &value, sizeof value);
    cr_assert_neq(slot, 0);
    return slot;
}

/* What the inlined join does first. */
static bool is_private(intptr_t slot)
{
    stack.head.top = slot;
    return slot >= stack.head.claim;
}

static int value_of(const weft_slot_ *slot)
{
    int value;
    memcpy(&value, slot->payload, sizeof value);
    return value;
}

Test(task_stack, empty_has_nothing_for_anybody)
{
    cr_assert_not(wf_stack_publish(&stack));
    cr_assert_not(wf_stack_public(&stack));
    cr_assert_null(wf_stack_steal(&stack));
    cr_assert_eq(wf_stack_depth(&stack), 0);
}

Test(task_stack, private_children_are_out_of_reach)
{
    intptr_t slot = push(1);
    cr_assert_null(wf_stack_steal(&stack));
    cr_assert(is_private(slot));
    cr_assert_eq(wf_stack_depth(&stack), 0);
}

Test(task_stack, the_older_half_becomes_public_and_is_stolen_oldest_first)
{
    for (int i = 0; i < 5; i++)
        push(i);
    cr_assert(wf_stack_publish(&stack));
    cr_assert_not(wf_stack_publish(&stack), "there is something public already");
    for (int i = 0; i < 3; i++)
        cr_assert_eq(value_of(wf_stack_steal(&stack)), i);
    cr_assert_null(wf_stack_steal(&stack));
    cr_assert(wf_stack_publish(&stack));
    cr_assert_eq(value_of(wf_stack_steal(&stack)), 3);
}

Test(task_stack, a_single_child_can_be_published)
{
    push(7);
    cr_assert(wf_stack_publish(&stack));
    cr_assert_eq(value_of(wf_stack_steal(&stack)), 7);
}

Test(task_stack, public_children_that_nobody_took_are_taken_back)
{
    intptr_t slot[8];
    for (int i = 0; i < 8; i++)
        slot[i] = push(i);
    cr_assert(wf_stack_publish(&stack)); /* 0 to 3 */
    for (int i = 7; i >= 4; i--)
        cr_assert(is_private(slot[i]));
    cr_assert_not(is_private(slot[3]));
    cr_assert(wf_stack_take_back(&stack, slot[3]));
    cr_assert(wf_stack_public(&stack), "only half of them came back");
    for (int i = 2; i >= 0; i--)
        cr_assert(is_private(slot[i]) || wf_stack_take_back(&stack, slot[i]));
    cr_assert_not(wf_stack_public(&stack));
    cr_assert_null(wf_stack_steal(&stack));
}

Test(task_stack, a_stolen_child_is_waited_for_and_its_slot_serves_again)
{
    intptr_t slot = push(1);
    wf_stack_publish(&stack);
    weft_slot_ *taken = wf_stack_steal(&stack);
    cr_assert_eq((intptr_t)taken, slot);
    cr_assert_not(is_private(slot));
    cr_assert_not(wf_stack_take_back(&stack, slot));
    wf_stack_above(&stack, slot);
    cr_assert_eq(wf_stack_depth(&stack), 1, "what runs while waiting forks above it");
    wf_slot_taken(taken, (wf_taken){.thief = 4095, .top = 77, .epoch = 123456});
    wf_taken by;
    cr_assert(wf_slot_taken_by(taken, &by));
    cr_assert_eq(by.thief, 4095);
    cr_assert_eq(by.top, 77);
    cr_assert_eq(by.epoch, 123456);
    cr_assert_not(wf_slot_done(taken), "the joiner is awake");
    cr_assert(wf_slot_is_done(taken));
    wf_stack_joined(&stack, slot);
    cr_assert_eq(taken->state, 0);
    cr_assert_eq(wf_stack_depth(&stack), 0);
    cr_assert_eq(push(2), slot);
    cr_assert_null(wf_stack_steal(&stack), "private again");
}

Test(task_stack, a_parked_joiner_is_told_once_and_never_after_done)
{
    intptr_t at = push(1);
    weft_slot_ *slot = (weft_slot_ *)at;
    cr_assert(wf_slot_park(slot), "before its thief wrote its name");
    wf_slot_taken(slot, (wf_taken){.thief = 1});
    cr_assert(wf_slot_is_parked(slot), "the name keeps the flag");
    wf_slot_unpark(slot);
    cr_assert_not(wf_slot_is_parked(slot));
    cr_assert(wf_slot_park(slot));
    cr_assert(wf_slot_done(slot));
    cr_assert_not(wf_slot_park(slot));
    wf_slot_unpark(slot);
    cr_assert(wf_slot_is_done(slot));
}

Test(task_stack, leapfrogging_takes_only_what_lies_above_in_the_same_epoch)
{
    push(0); /* below */
    uint32_t outer = wf_stack_enter(&stack), epoch = wf_stack_epoch(&stack), top = wf_stack_depth(&stack);
    cr_assert_neq(outer, epoch);
    push(1);
    wf_stack_publish(&stack); /* the one below */
    cr_assert_not(wf_stack_public_above(&stack, top, epoch));
    cr_assert_null(wf_stack_steal_above(&stack, top, epoch));
    cr_assert_eq(value_of(wf_stack_steal(&stack)), 0);
    wf_stack_publish(&stack);
    cr_assert_null(wf_stack_steal_above(&stack, top, outer), "another epoch");
    cr_assert(wf_stack_public_above(&stack, top, epoch));
    cr_assert_eq(value_of(wf_stack_steal_above(&stack, top, epoch)), 1);
}

Test(task_stack, epochs_are_fresh_and_put_back)
{
    uint32_t first = wf_stack_epoch(&stack);
    uint32_t outer = wf_stack_enter(&stack), inner = wf_stack_epoch(&stack);
    wf_stack_leave(&stack, outer);
    cr_assert_eq(wf_stack_epoch(&stack), first);
    wf_stack_enter(&stack);
    cr_assert_neq(wf_stack_epoch(&stack), inner);
    stack.epochs = (1u << 24) - 1; /* the counter wraps inside its bits */
    wf_stack_enter(&stack);
    cr_assert_eq(wf_stack_epoch(&stack), 0);
}

Test(task_stack, requests_and_offers_lower_the_limit_until_they_are_answered)
{
    intptr_t room = stack.head.room;
    cr_assert_eq(stack.head.limit, room);
    wf_stack_offer(&stack);
    cr_assert_lt(stack.head.limit, stack.base);
    cr_assert_not(wf_stack_calm(&stack), "nobody else had asked");
    cr_assert_eq(stack.head.limit, room);
    wf_stack_offer(&stack);
    wf_stack_ask(&stack);
    wf_stack_offer(&stack); /* does not hide the request */
    wf_stack_ask(&stack);
    cr_assert_lt(stack.head.limit, stack.base);
    cr_assert(wf_stack_calm(&stack));
    cr_assert_eq(stack.head.limit, room);
    cr_assert_not(wf_stack_calm(&stack));
}

/* ---- force: the barrier is where the owner moves in between ---- */

static unsigned barriers;

static bool pass(void)
{
    barriers++;
    return true;
}

static bool refuse(void)
{
    return false;
}

static bool owner_pops_two(void)
{
    cr_assert(is_private(stack.base + 7 * WEFT_SLOT_BYTES_));
    cr_assert(is_private(stack.base + 6 * WEFT_SLOT_BYTES_));
    return true;
}

static intptr_t third;

/* The first join at or below the raised claim comes to the cold path. */
static bool owner_joins_down_to_the_claim(void)
{
    for (int i = 7; i > 4; i--)
        cr_assert(is_private(stack.base + i * WEFT_SLOT_BYTES_));
    cr_assert_not(is_private(third + WEFT_SLOT_BYTES_));
    cr_assert(wf_stack_take_back(&stack, third + WEFT_SLOT_BYTES_), "not taken: it is the owner's");
    cr_assert(is_private(third), "and so are all below");
    return true;
}

/* All but the four oldest are popped while claim is raised, some new ones come instead. */
static bool owner_pops_and_forks(void)
{
    for (int i = 7; i > 3; i--)
        (void)is_private(stack.base + i * WEFT_SLOT_BYTES_);
    push(100);
    return true;
}

static void push_eight(void)
{
    for (int i = 0; i < 8; i++)
        push(i);
    third = stack.base + 3 * WEFT_SLOT_BYTES_;
}

Test(task_stack, force_publishes_the_older_half)
{
    push_eight();
    cr_assert(wf_stack_force(&stack, pass));
    cr_assert_eq(barriers, 1);
    cr_assert_not(wf_stack_force(&stack, pass), "there is something public");
    for (int i = 0; i < 4; i++)
        cr_assert_eq(value_of(wf_stack_steal(&stack)), i);
    cr_assert_null(wf_stack_steal(&stack));
    cr_assert_not(is_private(third));
    cr_assert_not(wf_stack_take_back(&stack, third));
}

Test(task_stack, force_finds_nothing_in_an_empty_stack_and_pays_no_barrier)
{
    cr_assert_not(wf_stack_force(&stack, pass));
    push(1);
    wf_stack_publish(&stack);
    cr_assert_not(wf_stack_force(&stack, pass));
    cr_assert_eq(barriers, 0);
}

Test(task_stack, force_without_a_barrier_takes_its_claim_back)
{
    push_eight();
    cr_assert_not(wf_stack_force(&stack, refuse));
    cr_assert_not(wf_stack_public(&stack));
    cr_assert(is_private(stack.base));
}

Test(task_stack, force_leaves_what_lies_above_the_exposed_half)
{
    push_eight();
    cr_assert(wf_stack_force(&stack, owner_pops_two));
    for (int i = 0; i < 4; i++)
        cr_assert_eq(value_of(wf_stack_steal(&stack)), i);
    cr_assert(is_private(stack.base + 4 * WEFT_SLOT_BYTES_));
}

Test(task_stack, the_owner_revokes_force)
{
    push_eight();
    cr_assert_not(wf_stack_force(&stack, owner_joins_down_to_the_claim));
    cr_assert_not(wf_stack_public(&stack));
    cr_assert_null(wf_stack_steal(&stack));
    cr_assert(is_private(third - WEFT_SLOT_BYTES_));
}

Test(task_stack, force_takes_the_children_that_are_there_now)
{
    push_eight();
    cr_assert(wf_stack_force(&stack, owner_pops_and_forks));
    for (int i = 0; i < 4; i++)
        cr_assert_eq(value_of(wf_stack_steal(&stack)), i);
    cr_assert_null(wf_stack_steal(&stack));
    cr_assert_eq(wf_stack_depth(&stack), 5);
    cr_assert(is_private(stack.base + 4 * WEFT_SLOT_BYTES_));
}

Test(task_stack, private_children_are_bounded_and_the_bound_moves_with_the_split)
{
    for (int i = 0; i < WF_PRIVATE_MAX; i++)
        push(i);
    int value = 0;
    cr_assert_eq(wf_stack_push(&stack, no_run, &value, sizeof value), 0, "no room");
    cr_assert(wf_stack_publish(&stack));
    wf_stack_calm(&stack);
    cr_assert_neq(wf_stack_push(&stack, no_run, &value, sizeof value), 0);
}

Test(task_stack, full_to_the_last_slot)
{
    int value = 0;
    uint32_t pushed = 0;
    for (;;) {
        if (!wf_stack_push(&stack, no_run, &value, sizeof value)) {
            while (wf_stack_steal(&stack))
                ;
            bool more = wf_stack_publish(&stack);
            wf_stack_calm(&stack);
            if (!more || stack.head.top == stack.end)
                break;
            continue;
        }
        pushed++;
    }
    cr_assert_eq(pushed, stack.slots);
    cr_assert_eq(stack.head.room, stack.end);
    cr_assert_eq(wf_stack_depth(&stack), WF_SLOTS_MAX);
}

static void cr_count(uint32_t shared, uint32_t own)
{
    uint32_t s = 77, o = 77;
    cr_assert(wf_stack_count(&stack, &s, &o));
    cr_assert_eq(s, shared, "%u public, not %u", s, shared);
    cr_assert_eq(o, own, "%u private, not %u", o, own);
}

Test(task_stack, a_count_tells_public_children_from_private_ones)
{
    wf_task_stack unused = {.span = 0};
    uint32_t shared = 77, own = 77;
    cr_assert_not(wf_stack_count(&unused, &shared, &own));
    cr_assert(shared == 0 && own == 0, "a seat that nobody has used yet");
    cr_count(0, 0);
    for (int i = 0; i < 5; i++)
        push(i);
    cr_count(0, 5);
    cr_assert(wf_stack_publish(&stack));
    cr_count(3, 2);
    cr_assert_not_null(wf_stack_steal(&stack));
    cr_count(2, 2);
    stack.head.top = INTPTR_MIN | stack.base; /* as for a moment in a join of a child that ran at its fork */
    cr_count(2, 0);
}
