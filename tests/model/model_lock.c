/* SPDX-License-Identifier: MIT */
/* model/model_lock.c - a lock that a child of fork(2) does not find held: what it protects is plain. */
#include "checker/mc.h"
#include "os/lock.h"
#include "os/memory.h"

static wf_lock lock;
static int inside, count, tried;

static void section(void)
{
    mc_assert(!inside++);
    count++;
    inside--;
    wf_lock_give(&lock);
}

static void take(void)
{
    wf_lock_take(&lock);
    section();
}

static void take_twice(void)
{
    take();
    take();
}

static void try_once(void)
{
    if (wf_lock_try(&lock)) {
        tried = 1;
        section();
    }
}

static void setup(void)
{
    mc_name(&lock, sizeof lock, "lock");
}

/* Its holder stayed behind in the parent. */
static void setup_forked(void)
{
    setup();
    lock.holder = wf_generation() + 1;
}

static void two(void)
{
    mc_assert(count == 2 && !lock.holder);
}

static void three(void)
{
    mc_assert(count == 3 && !lock.holder);
}

/* Nobody holds it for ever: a few hundred looks are enough. */
static void tried_two(void)
{
    mc_assert(tried && count == 2);
}

static const mc_scenario scenarios[] = {
    {.name = "take_give", .setup = setup, .thread = {take_twice, take}, .check = three, .bound = 4},
    {.name = "three", .setup = setup, .thread = {take, take, take}, .check = three, .bound = 3},
    {.name = "forked", .setup = setup_forked, .thread = {take, take}, .check = two, .bound = 4},
    {.name = "forked_three", .setup = setup_forked, .thread = {take, take, take}, .check = three, .bound = 3},
    {.name = "try", .setup = setup, .thread = {take, try_once}, .check = tried_two, .bound = 4},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
