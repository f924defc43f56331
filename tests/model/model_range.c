/* SPDX-License-Identifier: MIT */
/*
 * model/model_range.c - a running loop as one word: its runner takes at one end, thieves cut the other.
 *
 * A loop's record is plain: its runner writes it before wf_range_start, thieves read it after they won a cut. Each unit
 * marks a plain cell. A loop ends when its latch is open; then the same record is used for the next one, and a thief that
 * still has the word of the loop before may win units of this one: it must run them as this one's.
 */
#include "base/atomic.h"
#include "checker/mc.h"
#include "data/latch.h"
#include "data/range.h"

enum { LOOPS = 2, UNITS = 4, ROOT = 1 };
static wf_range range;
static wf_latch latch;
static int record; /* which loop it is */
static int ran[LOOPS][UNITS];
static uint32_t units;
static unsigned loops;
static bool backwards;
static uint32_t asleep;
static int slept, woken;

static void setup_of(uint32_t units_of_each, unsigned number_of_loops, bool turned)
{
    units = units_of_each;
    loops = number_of_loops;
    backwards = turned;
    range = 0;
    mc_name(&range, sizeof range, "range");
    mc_name(&latch, sizeof latch, "latch");
    mc_name(&record, sizeof record, "record");
}

static void setup_two(void)
{
    setup_of(2, 1, false);
}

static void setup_three(void)
{
    setup_of(3, 1, false);
}

static void setup_three_backwards(void)
{
    setup_of(3, 1, true);
}

static void setup_restart(void)
{
    setup_of(2, 2, false);
}

static void run_units(wf_span span)
{
    for (uint32_t i = span.begin; i < span.end; i++)
        ran[record][i]++;
}

/* One loop from its start to its last unit. */
static void run_loop(int number)
{
    wf_span span;
    uint32_t done = 0;
    record = number;
    wf_latch_init(&latch, units);
    wf_range_start(&range, (wf_span){.end = units, .backwards = backwards, .root = ROOT});
    while (wf_range_take(&range, 1, &span)) {
        run_units(span);
        done += wf_span_units(span);
    }
    (void)wf_latch_down(&latch, done);
    while (!wf_latch_open(&latch))
        wf_pause();
    wf_range_stop(&range);
}

static void runner(void)
{
    for (unsigned i = 0; i < loops; i++)
        run_loop((int)i);
}

static bool cut_and_run(void)
{
    wf_span piece, seen = wf_range_peek(&range);
    if (!seen.root || !wf_range_cut(&range, seen, &piece))
        return false;
    mc_assert(piece.root == ROOT && wf_span_units(piece) && piece.backwards != seen.backwards);
    run_units(piece);
    (void)wf_latch_down(&latch, wf_span_units(piece));
    return true;
}

static void thief(void)
{
    (void)cut_and_run();
}

static void thief_twice(void)
{
    (void)cut_and_run();
    (void)cut_and_run();
}

static void check(void)
{
    for (unsigned i = 0; i < loops; i++)
        for (uint32_t j = 0; j < units; j++)
            mc_assert(ran[i][j] == 1);
    mc_assert(!wf_range_peek(&range).root);
}

/* ---- who looks before it sleeps ---------------------------------------------------------------- */

static void start_and_look(void)
{
    wf_range_start(&range, (wf_span){.end = 1, .root = ROOT});
    woken = __atomic_load_n(&asleep, __ATOMIC_SEQ_CST) != 0;
}

static void look_and_sleep(void)
{
    (void)__atomic_fetch_add(&asleep, 1, __ATOMIC_SEQ_CST);
    slept = !wf_span_units(wf_range_peek(&range));
}

static void check_sleep(void)
{
    mc_assert(!slept || woken);
}

static const mc_scenario scenarios[] = {
    {.name = "one_thief", .setup = setup_three, .thread = {runner, thief_twice}, .check = check, .bound = 4},
    {.name = "one_thief_backwards",
     .setup = setup_three_backwards,
     .thread = {runner, thief_twice},
     .check = check,
     .bound = 4},
    {.name = "two_thieves",
     .setup = setup_three,
     .thread = {runner, thief, thief},
     .check = check,
     .bound = 3},
    {.name = "two_units_two_thieves",
     .setup = setup_two,
     .thread = {runner, thief_twice, thief},
     .check = check,
     .bound = 3},
    {.name = "same_record_again",
     .setup = setup_restart,
     .thread = {runner, thief_twice},
     .check = check,
     .bound = 4},
    {.name = "same_record_again_two_thieves",
     .setup = setup_restart,
     .thread = {runner, thief, thief},
     .check = check,
     .bound = 3},
    {.name = "start_or_sleep", .thread = {start_and_look, look_and_sleep}, .check = check_sleep, .bound = 3},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
