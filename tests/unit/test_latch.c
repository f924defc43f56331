/* SPDX-License-Identifier: MIT */
/* data/latch: counts, the one who opens it, parking before and after. */
#include "data/latch.h"

#include <criterion/criterion.h>

Test(latch, opens_with_the_last_count)
{
    wf_latch latch;
    wf_latch_init(&latch, 10);
    cr_assert_not(wf_latch_open(&latch));
    cr_assert_not(wf_latch_down(&latch, 4));
    cr_assert_not(wf_latch_open(&latch));
    cr_assert_not(wf_latch_down(&latch, 6), "nobody sleeps: nobody is to be woken");
    cr_assert(wf_latch_open(&latch));
}

Test(latch, of_nothing_is_open)
{
    wf_latch latch;
    wf_latch_init(&latch, 0);
    cr_assert(wf_latch_open(&latch));
    cr_assert_not(wf_latch_park(&latch));
}

Test(latch, the_last_one_wakes_the_waiter_and_only_that_one)
{
    wf_latch latch;
    wf_latch_init(&latch, 2);
    cr_assert(wf_latch_park(&latch));
    cr_assert(wf_latch_is_parked(&latch));
    cr_assert_not(wf_latch_down(&latch, 1));
    cr_assert(wf_latch_down(&latch, 1));
    cr_assert(wf_latch_open(&latch));
}

Test(latch, a_waiter_that_is_awake_again_is_not_woken)
{
    wf_latch latch;
    wf_latch_init(&latch, 1);
    cr_assert(wf_latch_park(&latch));
    wf_latch_unpark(&latch);
    cr_assert_not(wf_latch_is_parked(&latch));
    cr_assert_not(wf_latch_down(&latch, 1));
    cr_assert_not(wf_latch_park(&latch), "nothing is left to wait for");
}

Test(latch, what_is_left_counts_down_whoever_sleeps)
{
    wf_latch latch;
    wf_latch_init(&latch, 10);
    cr_assert_eq(wf_latch_left(&latch), 10);
    cr_assert(wf_latch_park(&latch));
    cr_assert_not(wf_latch_down(&latch, 4));
    cr_assert_eq(wf_latch_left(&latch), 6);
}
