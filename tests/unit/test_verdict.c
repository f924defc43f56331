/* SPDX-License-Identifier: MIT */
/* par/verdict: what each set of numbers means; no job runs here. */
#include "par/verdict.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Of 10 ms an item. */
static weft_tuning judged(double waiting, const wf_again *again)
{
    weft_tuning t = {.size = sizeof t, .items = 20, .item_seconds = 0.01, .waiting = waiting};
    wf_verdict(&t, again);
    cr_assert(strlen(t.reason) > 10);
    return t;
}

static int bound(double ratio, double lower)
{
    const wf_again again = {.units = WF_TUNE_UNITS, .tried = 100, .ratio = ratio, .lower = lower};
    return judged(0.01, &again).bound;
}

Test(verdict, what_is_faster_again_is_bound_by_memory)
{
    cr_assert_eq(bound(4.5, 4.2), WEFT_BOUND_MEMORY);
    cr_assert_eq(bound(1.3, 1.1), WEFT_BOUND_MEMORY);
}

Test(verdict, what_is_not_is_bound_by_cpu)
{
    cr_assert_eq(bound(1.0, 0.99), WEFT_BOUND_CPU);
    cr_assert_eq(bound(1.15, 1.0), WEFT_BOUND_CPU);
    cr_assert_eq(bound(0.9, 0.5), WEFT_BOUND_CPU);
}

Test(verdict, between_the_two_it_is_not_clear)
{
    cr_assert_eq(bound(1.2, 1.1), WEFT_BOUND_UNCLEAR);
    cr_assert_eq(bound(1.29, 1.2), WEFT_BOUND_UNCLEAR);
    cr_assert_eq(bound(2.0, 1.0), WEFT_BOUND_UNCLEAR, "now and then");
}

Test(verdict, too_few_units_make_it_unclear)
{
    const wf_again few = {.units = WF_TUNE_UNITS - 1, .tried = 4711, .ratio = 1, .lower = 1},
                   none = {.tried = 0};
    weft_tuning t = judged(0, &few);
    cr_assert_eq(t.bound, WEFT_BOUND_UNCLEAR);
    cr_assert(strstr(t.reason, "of 4711"), "%s", t.reason);
    t = judged(0, &none);
    cr_assert_eq(t.bound, WEFT_BOUND_UNCLEAR);
    cr_assert(strstr(t.reason, "budget"), "%s", t.reason);
}

Test(verdict, waiting_and_too_little_need_no_second_run)
{
    const wf_again none = {.tried = 0};
    cr_assert_eq(judged(0.31, &none).bound, WEFT_BOUND_WAITING);
    cr_assert_eq(judged(0.99, &none).bound, WEFT_BOUND_WAITING);
    cr_assert_eq(judged(0.29, &none).bound, WEFT_BOUND_UNCLEAR);
    weft_tuning t = {.size = sizeof t, .items = 10, .item_seconds = 1e-7, .waiting = 0.99};
    wf_verdict(&t, &none);
    cr_assert_eq(t.bound, WEFT_BOUND_SIZE, "before all others");
}

Test(verdict, threads_that_cost_each_other_time_are_told)
{
    const wf_again again = {.units = WF_TUNE_UNITS, .tried = 100, .ratio = 1, .lower = 1};
    weft_tuning t = {.size = sizeof t, .items = 20, .item_seconds = 0.01, .count = 2};
    t.rows[0] = (weft_tune_row){.threads = 1, .cpu_seconds = 0.2};
    t.rows[1] = (weft_tune_row){.threads = 2, .cpu_seconds = 0.24};
    wf_verdict(&t, &again);
    cr_assert(!strstr(t.reason, "threads"), "%s", t.reason);
    t.rows[1].cpu_seconds = 0.3;
    wf_verdict(&t, &again);
    cr_assert_eq(t.bound, WEFT_BOUND_CPU);
    cr_assert(strstr(t.reason, "2 threads take 1.50 of"), "%s", t.reason);
}

Test(verdict, the_table)
{
    char text[2048] = "";
    int fd[2];
    weft_tuning t = {.size = sizeof t,
                     .items = 20,
                     .item_seconds = 0.01,
                     .waiting = 0.25,
                     .count = 2,
                     .bound = WEFT_BOUND_CPU};
    t.rows[0] = (weft_tune_row){1, 0, 5, 0.2, 0.19, 0.25, 1, 0.2};
    t.rows[1] = (weft_tune_row){4, 1, 3, 0.05, 0.045, 0.0625, 4, 0.21};
    strcpy(t.reason, "so it is");
    cr_assert_eq(pipe(fd), 0);
    cr_assert_eq(weft_tune_print(&t, fd[1]), 0);
    cr_assert_gt(read(fd[0], text, sizeof text - 1), 0);
    cr_assert_str_eq(text, "20 items, 10 ms each, of which 25 % waiting\n"
                           "  threads    seconds      least       most  speed-up   CPU seconds  rounds\n"
                           "        1     0.2000     0.1900     0.2500      1.00        0.2000       5\n"
                           "pool    4     0.0500     0.0450     0.0625      4.00        0.2100       3\n"
                           "bound by CPU: so it is\n");
    close(fd[0]);
    close(fd[1]);
}
