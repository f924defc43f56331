/* SPDX-License-Identifier: MIT */
/*
 * model/model_latch.c - the end of a loop: who counts down, who waits, and what is offered to a waiter that sleeps.
 *
 * The waiter frees the latch as soon as it has waited: whoever touches it after its count reached zero is found. Results
 * are plain. Spinning and sleeping are as in sched/loop.c: park is announced, what there is to do is looked at once
 * more, then it sleeps.
 */
#include "base/atomic.h"
#include "checker/mc.h"
#include "data/latch.h"
#include "data/range.h"
#include "os/memory.h"
#include "os/park.h"

static wf_latch *latch;
static wf_parker parker; /* its worker's: outlives the latch */
static int result[3];
static wf_range range; /* of the second thread: what it offers */
static int record, ran;

static void setup(void)
{
    latch = wf_alloc(sizeof *latch);
    wf_latch_init(latch, 2);
    mc_name(latch, sizeof *latch, "latch");
    mc_name(&parker, sizeof parker, "parker");
    mc_name(&range, sizeof range, "range");
}

static void setup_three(void)
{
    setup();
    wf_latch_init(latch, 3);
}

static void down(unsigned which, uint64_t count)
{
    result[which] = 1;
    if (wf_latch_down(latch, count))
        wf_wake(&parker);
}

static void down_0(void)
{
    down(0, 1);
}

static void down_1(void)
{
    down(1, 1);
}

static void down_both(void)
{
    down(0, 1);
    down(1, 1);
}

static void down_two(void)
{
    down(0, 2);
}

static void ended(void)
{
    mc_assert(result[0] && !wf_latch_left(latch));
    wf_free(latch);
}

static void spin(void)
{
    while (!wf_latch_open(latch))
        wf_pause();
    mc_assert(result[1]);
    ended();
}

static void sleep_once(void)
{
    if (wf_latch_park(latch)) {
        wf_park(&parker, WF_FOREVER);
        wf_latch_unpark(latch);
    }
}

static void sleeper(void)
{
    while (!wf_latch_open(latch))
        sleep_once();
    mc_assert(result[1]);
    ended();
}

/* The owner has units of its own, and waits for the rest. */
static void count_and_sleep(void)
{
    (void)wf_latch_down(latch, 1);
    while (!wf_latch_open(latch))
        sleep_once();
    ended();
}

/* What is read after the unpark alone: it was open then. */
static void sleep_without_open(void)
{
    while (wf_latch_left(latch))
        sleep_once();
    while (!wf_latch_open(latch))
        wf_pause();
    ended();
}

/* ---- a range that is offered while the owner sleeps -------------------------------------------- */

/* Has one unit of the count, and one to give away: it waits until somebody has taken it. */
static void offer(void)
{
    record = 1;
    wf_range_start(&range, (wf_span){.end = 1, .root = 1});
    if (wf_latch_is_parked(latch))
        wf_wake(&parker);
    while (wf_span_units(wf_range_peek(&range)))
        wf_pause();
    down(0, 1);
}

static bool help(wf_span *seen)
{
    *seen = wf_range_peek(&range);
    return wf_span_units(*seen) != 0;
}

static void run_piece(wf_span seen)
{
    if (!wf_range_cut(&range, seen, &seen))
        return;
    ran += record;
    (void)wf_latch_down(latch, wf_span_units(seen));
}

static void sleep_or_help(void)
{
    wf_span seen;
    while (!wf_latch_open(latch)) {
        if (help(&seen)) {
            run_piece(seen);
        } else if (wf_latch_park(latch)) {
            if (!help(&seen))
                wf_park(&parker, WF_FOREVER);
            wf_latch_unpark(latch);
        }
    }
    mc_assert(ran == 1);
    ended();
}

static void all_free(void)
{
    mc_assert(mc_freed(latch));
}

static const mc_scenario scenarios[] = {
    {.name = "spins", .setup = setup, .thread = {spin, down_0, down_1}, .check = all_free, .bound = 3},
    {.name = "sleeps", .setup = setup, .thread = {sleeper, down_0, down_1}, .check = all_free, .bound = 3},
    {.name = "sleeps_disturbed",
     .setup = setup,
     .thread = {sleeper, down_both},
     .check = all_free,
     .bound = 4,
     .spurious = 2},
    {.name = "both_at_once",
     .setup = setup,
     .thread = {sleep_without_open, down_two},
     .check = all_free,
     .bound = 4},
    {.name = "owner_counts",
     .setup = setup_three,
     .thread = {count_and_sleep, down_0, down_1},
     .check = all_free,
     .bound = 3},
    {.name = "offer_to_a_sleeper",
     .setup = setup,
     .thread = {sleep_or_help, offer},
     .check = all_free,
     .bound = 5},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
