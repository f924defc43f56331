/* SPDX-License-Identifier: MIT */
/* sched/layout: a loop's plan while the places on the nodes change. */
#include "sched/layout.h"

#include <criterion/criterion.h>

static weft_pool pool;

/* One run of three places from the first on, one of a single place from the fourth on. */
static void know_homes(void)
{
    pool = (weft_pool){.homes = 2, .home = {0u << 16 | 3, 3u << 16 | 1}};
}

TestSuite(layout, .init = know_homes, .timeout = 240);

Test(layout, items_are_divided_by_places)
{
    wf_plan plan;
    cr_assert(wf_layout_by_places(&pool, 100, &plan));
    cr_assert_eq(plan.count, 2);
    cr_expect(plan.stretch[0].place == 0 && plan.stretch[0].end == 75);
    cr_expect(plan.stretch[1].place == 3 && plan.stretch[1].end == 100);
    cr_assert(wf_layout_by_places(&pool, SIZE_MAX, &plan));
    cr_expect_eq(plan.stretch[1].end, SIZE_MAX);
    cr_expect_not(wf_layout_by_places(&pool, 3, &plan), "two for each node, or it is not worth it");
}

/* Their number may be seen before they are. */
Test(layout, homes_that_are_not_there_yet_divide_nothing)
{
    wf_plan plan;
    pool.home[0] = pool.home[1] = 0;
    cr_assert_not(wf_layout_by_places(&pool, 100, &plan));
}
