/* SPDX-License-Identifier: MIT */
/* sched/census: when one more is woken though somebody watches, in every state that a pool can be in. */
#include "sched/census.h"

#include <criterion/criterion.h>

#define MOST 12

typedef void state_fn(uint64_t idle, unsigned active, unsigned workers);

/* Each number of sleeping, searching, blocked and napping workers; the others are active. */
static void each_state(unsigned workers, state_fn *look)
{
    for (unsigned sleeping = 0; sleeping <= workers; sleeping++)
        for (unsigned searching = 0; sleeping + searching <= workers; searching++)
            for (unsigned blocked = 0; sleeping + searching + blocked <= workers; blocked++)
                for (unsigned nap = WF_NAP_NONE; nap <= WF_NAP_LONG; nap++) {
                    unsigned idle = sleeping + searching + blocked + (nap != WF_NAP_NONE);
                    if (idle <= workers)
                        look(sleeping * WF_SLEEPING + searching * WF_SEARCHING + blocked * WF_BLOCKED +
                                 nap * WF_SENTINEL,
                             workers - idle, workers);
                }
}

static void few_means_fewer_than_half(uint64_t idle, unsigned active, unsigned workers)
{
    unsigned watch = wf_census_of(idle, WF_SEARCHING) + (wf_census_nap(idle) != WF_NAP_NONE);
    bool few = wf_census_of(idle, WF_SLEEPING) > 0 && active > 2 * watch;
    cr_assert_eq(wf_census_few_watch(idle, workers), few);
}

static void few_means_nobody(uint64_t idle, unsigned active, unsigned workers)
{
    (void)active;
    cr_assert(!wf_census_few_watch(idle, workers) || wf_census_unwatched(idle));
}

Test(census, few_watch_when_they_are_fewer_than_half_as_many_as_are_active)
{
    for (unsigned workers = 1; workers <= MOST; workers++)
        each_state(workers, few_means_fewer_than_half);
}

Test(census, in_a_pool_of_four_or_less_one_watches_or_nobody)
{
    for (unsigned workers = 1; workers <= 4; workers++)
        each_state(workers, few_means_nobody);
}

/* One is active. In each turn sleepers are woken as long as few watch, and then all that are awake find work. */
static unsigned turns_until_all_are_active(unsigned workers)
{
    uint64_t idle = (workers - 1) * WF_SLEEPING;
    unsigned turns = 0;
    for (; idle; turns++) {
        while (wf_census_few_watch(idle, workers))
            idle += WF_SEARCHING - WF_SLEEPING;
        cr_assert(wf_census_watched(idle));
        idle = wf_census_of(idle, WF_SLEEPING) * WF_SLEEPING;
    }
    return turns;
}

Test(census, the_awake_grow_by_half_in_each_turn)
{
    cr_assert_eq(turns_until_all_are_active(2), 1);
    cr_assert_eq(turns_until_all_are_active(4), 3);
    cr_assert_leq(turns_until_all_are_active(1024), 17, "1.5 to the 17th is 985, and each turn rounds up");
}
