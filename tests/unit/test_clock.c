/* SPDX-License-Identifier: MIT */
/* os/clock: ticks and nanoseconds agree. */
#include "os/clock.h"

#include <criterion/criterion.h>

Test(clock, now_never_goes_back)
{
    int64_t before = wf_now_ns();
    for (int i = 0; i < 10000; i++) {
        int64_t now = wf_now_ns();
        cr_assert_geq(now, before);
        before = now;
    }
}

Test(clock, ticks_of_a_span_are_what_passes_in_it)
{
    wf_clock_init();
    /* The best of many: a descheduled try measures more ticks and more time alike, but not at one moment. */
    double best = 1e9;
    for (int i = 0; i < 50; i++) {
        int64_t start = wf_now_ns(), now;
        uint64_t ticks = wf_ticks();
        while ((now = wf_now_ns()) - start < 200000)
            ;
        double ratio = (double)(wf_ticks() - ticks) / (double)wf_ticks_of(now - start);
        double off = ratio > 1 ? ratio - 1 : 1 - ratio;
        best = off < best ? off : best;
    }
    cr_assert_lt(best, 0.2);
}

Test(clock, no_span_is_no_ticks)
{
    wf_clock_init();
    cr_assert_geq(wf_ticks_of(0), 1);
    cr_assert_gt(wf_ticks_of(1000000), wf_ticks_of(1000));
}

Test(clock, reading_costs_ticks_but_few)
{
    wf_clock_init();
    cr_assert_lt(wf_ticks_cost(), wf_ticks_of(10000));
}

Test(clock, ns_of_ticks_is_ticks_of_ns_turned_round)
{
    wf_clock_init();
    const int64_t spans[] = {1000, 1000000, INT64_C(3600000000000)};
    cr_assert_eq(wf_ns_of(0), 0);
    for (int i = 0; i < 3; i++) {
        int64_t back = wf_ns_of(wf_ticks_of(spans[i]));
        cr_assert_geq(back, spans[i] - spans[i] / 100 - 2);
        cr_assert_leq(back, spans[i] + spans[i] / 100 + 2);
    }
}
