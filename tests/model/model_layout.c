/* SPDX-License-Identifier: MIT */
/*
 * model/model_layout.c - a loop that is laid out over nodes (sched/layout.c): its owner takes units of a stretch one by
 * one, while a thief of its node takes all that is left and one from elsewhere cuts half.
 *
 * Each unit counts itself, plain: run twice, or by who has not seen the loop's record, is a race or a wrong count. Then an
 * owner that stays in its first unit until others have run all the rest: a stretch that nobody comes for is found, though
 * who searches asks for it only while pool->laid_out says that there may be one.
 */
#include "pool.h"

#include "sched/find.h"
#include "sched/layout.h"
#include "sched/seat.h"
#include "sched/visible.h"

enum { ITEMS = 6 };

static weft_pool *pool;
static int ran[ITEMS], others_done, left;

/* ---- how it begins ------------------------------------------------------------------------------- */

/* node[i]: of worker i. */
static void lies_on(unsigned workers, unsigned seats, const unsigned *node)
{
    pool = model_pool(workers, seats);
    pool->nodes = 2;
    for (unsigned i = 0; i < workers; i++)
        pool->places[i].node = node[i];
    mc_assert(wf_layout_init(pool) == 0);
    wf_layout_follow(pool);
    mc_assert(pool->homes == 2);
    for (unsigned i = 0; i < ITEMS; i++)
        ran[i] = 0;
    others_done = 0;
}

static void name_ranges(wf_worker *owner)
{
    mc_name(&owner->loops[0].range, sizeof(wf_range), "the owner's range");
    mc_name(&owner->loops[0].laid, sizeof(uint32_t), "laid");
    mc_name(&pool->laid_out, sizeof(uint32_t), "laid_out");
    mc_name(&owner->stretches[0].range, sizeof(wf_range), "the first stretch");
    mc_name(&owner->stretches[1].range, sizeof(wf_range), "the second stretch");
}

/* All are active. Of three units the owner has the first, and its node the next; of four one more is the other's. */
static void three_active(void)
{
    lies_on(3, 0, (unsigned[]){0, 0, 1});
    for (unsigned i = 0; i < 3; i++)
        model_is_active(pool, i);
    name_ranges(wf_worker_at(pool, 0));
}
/* And who waits does not sleep. */
static void three_spinning(void)
{
    three_active();
    pool->wait_ticks = 1;
}

static void two_asleep(void)
{
    lies_on(2, 1, (unsigned[]){0, 1});
    model_lies_asleep(pool, 0);
    model_lies_asleep(pool, 1);
    name_ranges(wf_worker_at(pool, 2));
    left = 3;
}
static void one_awake(void)
{
    lies_on(2, 1, (unsigned[]){0, 1});
    model_lies_asleep(pool, 1);
    name_ranges(wf_worker_at(pool, 2));
    left = 3;
}
static void two_awake(void)
{
    lies_on(2, 1, (unsigned[]){0, 1});
    name_ranges(wf_worker_at(pool, 2));
    left = 3;
}

/* ---- who takes part ------------------------------------------------------------------------------ */

static void count(size_t begin, size_t end, void *unused)
{
    (void)unused;
    for (size_t i = begin; i < end; i++)
        ran[i]++;
}

static void run_four(void)
{
    wf_loop_run(model_be(pool, 0), 0, 4, count, NULL);
}
static void run_six(void)
{
    wf_loop_run(model_be(pool, 0), 0, 6, count, NULL);
}

static void take(unsigned as, bool home)
{
    wf_worker *self = model_be(pool, as), *owner;
    wf_piece piece;
    if (!wf_layout_take(self, home, &owner, &piece.span))
        return;
    mc_assert(owner->index == 0 && wf_span_units(piece.span));
    piece.from = &owner->loops[0];
    wf_loop_run_piece(self, &piece);
}
static void from_home(void)
{
    take(2, true);
}
static void from_elsewhere(void)
{
    take(1, false);
}
/* As an idle worker does it. */
static void find_one(void)
{
    wf_work work;
    wf_worker *self = model_be(pool, 2);
    if (wf_find(self, true, &work))
        (void)wf_work_run(self, &work);
}

/* Whoever runs the last of the others' lets the owner go on. */
static void count_and_stay(size_t begin, size_t end, void *unused)
{
    (void)unused;
    for (size_t i = begin; i < end; i++) {
        ran[i]++;
        if (i)
            others_done |= __atomic_sub_fetch(&left, 1, __ATOMIC_RELAXED) == 0;
        else
            model_long_call(&others_done);
    }
}

static void guest(void)
{
    wf_visit here;
    wf_seat_enter(pool, &here);
    wf_loop_run(here.seat, 0, 4, count_and_stay, NULL);
    wf_seat_leave(&here);
}
static void worker0(void)
{
    model_work(pool, 0);
}
static void worker1(void)
{
    model_work(pool, 1);
}
static void sleeper0(void)
{
    model_wake_up(pool, 0);
}
static void sleeper1(void)
{
    model_wake_up(pool, 1);
}

/* ---- what must hold ------------------------------------------------------------------------------ */

static void each_once(int items)
{
    mc_assert(!pool->laid_out);
    for (int i = 0; i < ITEMS; i++)
        mc_assert(ran[i] == (i < items));
    for (unsigned i = 0; i < pool->workers + pool->seats; i++)
        mc_assert(!wf_worker_at(pool, i)->loops_open && !wf_loop_visible(wf_worker_at(pool, i)));
}
static void four_ran(void)
{
    each_once(4);
}
static void six_ran(void)
{
    each_once(6);
}
static void four_ran_and_all_sleep(void)
{
    each_once(4);
    model_all_sleep(pool);
}

#define TAKES(scenario, made, checked, preemptions, ...)                                                  \
    {                                                                                                     \
        .name = scenario, .setup = made, .thread = {__VA_ARGS__}, .check = checked, .bound = preemptions, \
        .stale = 1, MODEL_POOL                                                                            \
    }
#define STAYS(scenario, made, ...)                                                                        \
    {                                                                                                     \
        .name = scenario, .setup = made, .thread = {guest, __VA_ARGS__}, .check = four_ran_and_all_sleep, \
        .daemons = 6, .stale = 1, .bound = 1, MODEL_POOL                                                  \
    }

static const mc_scenario scenarios[] = {
    TAKES("owner_and_home", three_spinning, four_ran, 3, run_four, from_home),
    TAKES("owner_and_elsewhere", three_active, four_ran, 3, run_four, from_elsewhere),
    TAKES("owner_home_and_elsewhere", three_spinning, six_ran, 2, run_six, from_elsewhere, from_home),
    TAKES("owner_and_who_finds_it", three_spinning, six_ran, 3, run_six, find_one),
    STAYS("owner_stays_and_two_sleep", two_asleep, sleeper0, sleeper1),
    STAYS("owner_stays_while_one_falls_asleep", one_awake, worker0, sleeper1),
    STAYS("owner_stays_while_two_fall_asleep", two_awake, worker0, worker1),
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
