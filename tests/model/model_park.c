/* SPDX-License-Identifier: MIT */
/*
 * model/model_park.c - one thread's bed: who parks, who wakes, what is seen.
 *
 * Gifts are plain. Sleepers look for what they wait for before each park, as the library's do; where none looks, the parker
 * alone must order.
 */
#include "checker/mc.h"
#include "os/park.h"

static wf_parker parker;
static int gift[2], taken;
static unsigned given[2];

static void setup(void)
{
    mc_name(&parker, sizeof parker, "parker");
}

static void give(unsigned which)
{
    gift[which] = 1;
    __atomic_store_n(&given[which], 1, __ATOMIC_RELEASE);
    wf_wake(&parker);
}

static void wake_0(void)
{
    give(0);
}

static void wake_1(void)
{
    give(1);
}

static void wake_0_then_1(void)
{
    give(0);
    give(1);
}

static void await(unsigned which, int64_t ns)
{
    while (!__atomic_load_n(&given[which], __ATOMIC_ACQUIRE))
        wf_park(&parker, ns);
    taken += gift[which];
}

static void sleep_for_0(void)
{
    await(0, WF_FOREVER);
}

static void sleep_for_both(void)
{
    await(0, WF_FOREVER);
    await(1, WF_FOREVER);
}

/* As the sentinel naps. */
static void nap_for_both(void)
{
    await(0, 1000);
    await(1, 1000);
}

/* A park that nothing follows: what the wake's caller did before is seen, by the parker alone. */
static void wake_with_gift(void)
{
    gift[0] = 1;
    wf_wake(&parker);
}

static void sleep_once(void)
{
    wf_park(&parker, WF_FOREVER);
    taken = gift[0];
}

/* The wake came before: the token is kept, once. */
static void token(void)
{
    gift[0] = 1;
    wf_wake(&parker);
    wf_wake(&parker);
    wf_park(&parker, WF_FOREVER);
    taken = gift[0];
}

static void sleep_twice(void)
{
    wf_park(&parker, WF_FOREVER);
    wf_park(&parker, WF_FOREVER);
}

static void wake_twice(void)
{
    wf_wake(&parker);
    wf_wake(&parker);
}

static void one(void)
{
    mc_assert(taken == 1);
}

static void two(void)
{
    mc_assert(taken == 2);
}

static const mc_scenario scenarios[] = {
    {.name = "wake", .setup = setup, .thread = {sleep_for_0, wake_0}, .check = one, .bound = MC_UNBOUNDED},
    {.name = "wake_alone_orders",
     .setup = setup,
     .thread = {sleep_once, wake_with_gift},
     .check = one,
     .bound = MC_UNBOUNDED},
    {.name = "token_kept", .setup = setup, .thread = {token}, .check = one, .bound = MC_UNBOUNDED},
    {.name = "one_token_at_most",
     .setup = setup,
     .thread = {sleep_twice, wake_twice},
     .bound = 3,
     .finds = "sleeps for ever"},
    {.name = "two_wakes",
     .setup = setup,
     .thread = {sleep_for_both, wake_0_then_1},
     .check = two,
     .bound = MC_UNBOUNDED,
     .spurious = 1},
    {.name = "two_wakers",
     .setup = setup,
     .thread = {sleep_for_both, wake_0, wake_1},
     .check = two,
     .bound = 5,
     .spurious = 1},
    {.name = "naps",
     .setup = setup,
     .thread = {nap_for_both, wake_0, wake_1},
     .check = two,
     .bound = 3,
     .timeouts = 2,
     .spurious = 1},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
