/* SPDX-License-Identifier: MIT */
/*
 * model/pool.c - sched/pool.c: the default pool is made once, whoever asks first, and made again after its end. The
 * system gives no threads, so that it is one without workers. The child of a fork makes its own, without grace periods.
 */
#include "pool.h"

#include <errno.h>

#include <weft/pool.h>

extern bool model_creates;

static weft_pool *got[2], *other;

static void nobody_asked(void)
{
    model_creates = true;
    model_generation = 1;
}
static void another_pool(void)
{
    nobody_asked();
    mc_assert(!weft_pool_create(&other, WEFT_POOL_CONFIG(.workers = WEFT_NONE)));
}

static void ask(unsigned which)
{
    mc_assert(!weft_pool_default(&got[which]));
    mc_assert(got[which]->seats);
}
static void ask0(void)
{
    ask(0);
}
static void ask1(void)
{
    ask(1);
}
static void there_is_one(void)
{
    nobody_asked();
    ask0();
}
static void destroy_another(void)
{
    mc_assert(!weft_pool_destroy(other));
}
static void destroy_it(void)
{
    mc_assert(!weft_pool_destroy(got[0]));
    mc_assert(mc_freed(got[0]));
    ask0();
}

static void fork_and_ask(void)
{
    model_generation = 2;
    ask1();
    mc_assert(got[0]->grace && !got[1]->grace);
    mc_assert(weft_pool_destroy(got[0]) == -EOWNERDEAD);
}

static void another_one(void)
{
    mc_assert(got[0] != got[1]);
}
static void one_for_both(void)
{
    mc_assert(got[0] == got[1]);
}
static void still_the_default(void)
{
    ask1();
    one_for_both();
}

static const mc_scenario scenarios[] = {
    {.name = "two_ask",
     .setup = nobody_asked,
     .thread = {ask0, ask1},
     .check = one_for_both,
     .bound = 3,
     .keeps = true},
    {.name = "another_ends",
     .setup = another_pool,
     .thread = {ask0, destroy_another},
     .check = still_the_default,
     .bound = 2,
     .keeps = true},
    {.name = "it_ends",
     .setup = there_is_one,
     .thread = {destroy_it},
     .check = still_the_default,
     .bound = MC_UNBOUNDED,
     .keeps = true},
    {.name = "forked",
     .setup = there_is_one,
     .thread = {fork_and_ask},
     .check = another_one,
     .bound = MC_UNBOUNDED,
     .keeps = true},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
