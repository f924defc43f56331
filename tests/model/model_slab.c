/* SPDX-License-Identifier: MIT */
/*
 * model/model_slab.c - blocks: their owner takes, others give back, and the last one takes the slab with it.
 *
 * Who has a block writes its number into it, plainly, and finds it there until it gives the block back: a block that
 * two have, or that is handed out before it was done with, is a race. Blocks travel in words of the scenario's.
 */
#include "checker/mc.h"
#include "data/slab.h"
#include "os/memory.h"

enum { BYTES = 64, BLOCKS = 2 };
typedef struct block {
    wf_block head;
    int owner;
} block;

static wf_slab *slab;
static block *out[BLOCKS];

static void mark(block *mine, int owner)
{
    mc_assert(mine);
    mine->head.next = NULL;
    mine->owner = owner;
}

static void give(block *mine, int owner)
{
    mc_assert(mine->owner == owner);
    wf_slab_give(mine);
}

/* `first` blocks are out, and belong to the threads of their numbers + 1. */
static int made_by; /* plain: what the maker did before it closed the slab */

static void setup_of(unsigned shared, int first)
{
    slab = wf_slab_create(BYTES, 1, shared);
    for (int i = 0; i < BLOCKS; i++)
        out[i] = NULL;
    for (int i = 0; i < first; i++)
        mark(out[i] = wf_slab_take(slab, 0), i + 1);
}

static void setup_none(void)
{
    setup_of(1, 0);
}

static void setup_two_shelves(void)
{
    setup_of(2, 0);
}

static void setup_one(void)
{
    setup_of(1, 1);
}

static void setup_two(void)
{
    setup_of(1, 2);
    wf_slab_mark(slab, 7);
}

static void setup_two_owned(void)
{
    setup_two();
    wf_slab_owned_by(slab, 1);
}

/* ---- an own shelf ------------------------------------------------------------------------------- */

static void give_0(void)
{
    give(out[0], 1);
}

static void give_1(void)
{
    give(out[1], 2);
}

static void take_two(void)
{
    block *a = wf_slab_take(slab, 0), *b = wf_slab_take(slab, 0);
    mark(a, 10);
    mark(b, 11);
    mc_assert(a != b);
    give(a, 10);
    give(b, 11);
}

/* As the owner of its shelf. */
static void own_give_take(void)
{
    wf_slab_taker_is(1);
    give(out[0], 1);
    block *a = wf_slab_take(slab, 0);
    mc_assert(a == out[0]);
    mark(a, 10);
    take_two();
    give(a, 10);
}

static void take_give_take(void)
{
    block *a = wf_slab_take(slab, 0);
    mark(a, 10);
    give(a, 10);
    a = wf_slab_take(slab, 0);
    mark(a, 11);
    give(a, 11);
}

/* All that was made has come back, and is there once. */
static void check(void)
{
    wf_slab_close(slab);
    mc_assert(mc_freed(slab));
}

/* ---- shared shelves ------------------------------------------------------------------------------ */

static void take_shared(void)
{
    block *a = wf_slab_take_shared(slab, 0);
    mark(a, (int)mc_self());
    give(a, (int)mc_self());
}

static void take_shared_two(void)
{
    block *a = wf_slab_take_shared(slab, 0), *b = wf_slab_take_shared(slab, 0);
    mark(a, 10);
    mark(b, 11);
    mc_assert(a != b);
    give(a, 10);
    give(b, 11);
}

static void take_shared_and_hand_on(void)
{
    block *a = wf_slab_take_shared(slab, 0);
    mark(a, 1);
    __atomic_store_n(&out[0], a, __ATOMIC_RELEASE);
}

static void take_shared_and_give_that(void)
{
    block *a, *mine = wf_slab_take_shared(slab, 0);
    mark(mine, 2);
    while (!(a = __atomic_load_n(&out[0], __ATOMIC_ACQUIRE)))
        mc_pause();
    give(a, 1);
    give(mine, 2);
}

/* ---- the end -------------------------------------------------------------------------------------- */

static void close_it(void)
{
    wf_slab_close(slab);
}

static void use_and_give_0(void)
{
    mc_assert(wf_slab_mark_of(out[0]) == 7);
    give_0();
}

/* Its maker's last blocks are its own. */
static void give_0_and_close(void)
{
    give_0();
    close_it();
}

static void gone(void)
{
    mc_assert(mc_freed(slab));
}

static void works_and_closes(void)
{
    made_by = 7;
    wf_slab_close(slab);
}

/* Who sees that it is closed comes after all that its maker did. */
static void looks_and_gives(void)
{
    if (wf_slab_closed(out[0]))
        mc_assert(made_by == 7);
    give(out[0], 1);
}

static const mc_scenario scenarios[] = {
    {.name = "given_back_while_taken",
     .setup = setup_two,
     .thread = {take_two, give_0, give_1},
     .check = check,
     .bound = 3},
    {.name = "given_back_by_the_owner",
     .setup = setup_two_owned,
     .thread = {own_give_take, give_1},
     .check = check,
     .bound = 4},
    {.name = "used_again",
     .setup = setup_one,
     .thread = {take_give_take, give_0},
     .check = check,
     .bound = 4},
    {.name = "shared_by_two",
     .setup = setup_none,
     .thread = {take_shared_two, take_shared},
     .check = check,
     .bound = 4},
    {.name = "shared_by_three",
     .setup = setup_none,
     .thread = {take_shared, take_shared, take_shared},
     .check = check,
     .bound = 2},
    {.name = "two_shared_shelves",
     .setup = setup_two_shelves,
     .thread = {take_shared, take_shared},
     .check = check,
     .bound = 3},
    {.name = "shared_and_handed_on",
     .setup = setup_none,
     .thread = {take_shared_and_hand_on, take_shared_and_give_that},
     .check = check,
     .bound = 4},
    {.name = "closed_before_the_last",
     .setup = setup_two,
     .thread = {close_it, use_and_give_0, give_1},
     .check = gone,
     .bound = MC_UNBOUNDED},
    {.name = "closed_is_seen",
     .setup = setup_one,
     .thread = {works_and_closes, looks_and_gives},
     .check = gone,
     .bound = MC_UNBOUNDED},
    {.name = "closed_after_own",
     .setup = setup_two,
     .thread = {give_0_and_close, give_1},
     .check = gone,
     .bound = MC_UNBOUNDED},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
