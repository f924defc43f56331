/* SPDX-License-Identifier: MIT */
/* model/park.c - one thread's bed: who parks, who wakes, what is seen. */
#include "checker/mc.h"
#include "os/park.h"

static wf_parker parker;
static int gift;
static int taken;
static unsigned given;

static void sleeper(void)
{
    while (!__atomic_load_n(&given, __ATOMIC_ACQUIRE))
        wf_park(&parker, WF_FOREVER);
    taken = gift;
}

static void waker(void)
{
    gift = 1;
    __atomic_store_n(&given, 1, __ATOMIC_RELEASE);
    wf_wake(&parker);
}

static void got_it(void)
{
    mc_assert(taken == 1);
}

static const mc_scenario scenarios[] = {
    {.name = "wake", .thread = {sleeper, waker}, .check = got_it, .bound = MC_UNBOUNDED},
    {.name = "two_wakes", .thread = {sleeper, waker}, .check = got_it, .bound = 3, .spurious = 2},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
