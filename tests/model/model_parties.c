/* SPDX-License-Identifier: MIT */
/*
 * model/parties.c - sched/sleep.c: two parties of sleep.md that meet, step by step and in all schedules. One of them sees
 * the other, or somebody is awake.
 *
 * Plain variables stand for what the words order beside themselves: how often the idle word was changed before.
 */
#include "pool.h"

#include "sched/drain.h"
#include "sched/seat.h"

static weft_pool *pool;
static wf_task *task[2];
static wf_visit visit;
static bool stays, seen;
static int told, naps[2];

static int nothing(void *unused)
{
    (void)unused;
    return 0;
}

/* ---- how it begins ------------------------------------------------------------------------------- */

static void make(unsigned workers, unsigned seats)
{
    pool = model_pool(workers, seats);
    for (unsigned i = 0; i < 2; i++)
        task[i] = model_task(pool, nothing, NULL);
}
static void one_alone(void)
{
    make(1, 0);
}
static void one_asleep(void)
{
    make(1, 0);
    model_lies_asleep(pool, 0);
}
/* With the token of an older wake. */
static void one_asleep_with_a_token(void)
{
    one_asleep();
    wf_wake(&wf_worker_at(pool, 0)->parker);
}
/* It will see the task, and stay. */
static void one_asleep_by_a_task(void)
{
    make(1, 0);
    wf_tasks_submit(pool, NULL, task[0]);
    model_lies_asleep(pool, 0);
}
static void two_search(void)
{
    make(2, 0);
}
/* Worker 0 in a long nap, worker 1 asleep. */
static void long_nap(void)
{
    make(2, 0);
    model_lies_asleep(pool, 1);
    mc_assert(wf_nap_begin(wf_worker_at(pool, 0), true));
}
static void short_nap(void)
{
    make(2, 0);
    mc_assert(wf_nap_begin(wf_worker_at(pool, 0), false));
}
static void another_is_active(void)
{
    make(2, 0);
    model_is_active(pool, 1);
}
static void one_and_a_seat(void)
{
    make(2, 1);
    model_lies_asleep(pool, 1);
}
static void one_and_a_known_seat(void)
{
    one_and_a_seat();
    pool->seats_used = 1;
}
/* A guest and worker 2 are active: when worker 0 is, too, there is no place for worker 1. */
static void no_place_for_one(void)
{
    make(3, 1);
    wf_seat_enter(pool, &visit);
    model_is_active(pool, 2);
    model_lies_asleep(pool, 1);
}
/* A guest is blocked; when it goes on while worker 0 is active somebody has to watch. */
static void guest_blocked(void)
{
    make(3, 1);
    wf_seat_enter(pool, &visit);
    wf_block_begin(visit.seat, WF_FOR_NOTHING, NULL);
    model_lies_asleep(pool, 1);
    model_lies_asleep(pool, 2);
}
static void worker_blocked(void)
{
    make(3, 1);
    model_is_active(pool, 2);
    wf_block_begin(wf_worker_at(pool, 2), WF_FOR_NOTHING, NULL);
    model_lies_asleep(pool, 1);
}

/* ---- who takes part ------------------------------------------------------------------------------ */

static void submits0(void)
{
    wf_tasks_submit(pool, NULL, task[0]);
}
static void submits1(void)
{
    wf_tasks_submit(pool, NULL, task[1]);
}
static void submits_to_a_band(void)
{
    wf_tasks_banded(pool);
    wf_tasks_submit_to(pool, NULL, task[0], (wf_home){.kind = WF_NEAR}, 1);
}
static void worker1_submits(void)
{
    wf_tasks_submit(pool, model_be(pool, 1), task[0]);
}
/* S1 to S3, as sleep_for_good() in idle.c. */
static void sleeps(void)
{
    wf_sleep_begin(model_be(pool, 0));
    stays = wf_tasks_visible(pool);
}
static void sleeps_unless_active(void)
{
    wf_worker *self = model_be(pool, 0);
    wf_sleep_begin(self);
    stays = wf_unwatched(pool) && wf_activity(self);
}
/* W1, and the end of W2, as leave() there. */
static void takes(void)
{
    wf_worker *self = model_be(pool, 0);
    seen = wf_search_end(self) && wf_others_active(self);
    if (seen)
        wf_notify(self, WF_CRUMB);
}
static void arrives(void)
{
    wf_seat_enter(pool, &visit);
}
static void leaves(void)
{
    (void)model_be(pool, pool->workers);
    wf_seat_leave(&visit);
}
static void guest_blocks(void)
{
    wf_block_begin(model_be(pool, pool->workers), WF_FOR_NOTHING, NULL);
}
static void guest_goes_on(void)
{
    wf_block_end(model_be(pool, pool->workers));
}
static void worker2_blocks(void)
{
    wf_block_begin(model_be(pool, 2), WF_FOR_NOTHING, NULL);
}
static void worker2_goes_on(void)
{
    wf_block_end(model_be(pool, 2));
}

static void nap0(void)
{
    naps[0] = wf_nap_begin(model_be(pool, 0), false);
}
static void nap1(void)
{
    naps[1] = wf_nap_begin(model_be(pool, 1), false);
}
static void nap_ends(void)
{
    wf_nap_end(model_be(pool, 0));
}

static void tells_and_wakes(void)
{
    told = 1;
    wf_notify_task(pool, NULL);
}
static void is_told(void)
{
    wf_worker *self = model_be(pool, 0);
    wf_sleep_begin(self);
    bool woken = !wf_sleeps(self);
    wf_sleep_end(self);
    mc_assert(!woken || told);
}
static void tells_and_enters(void)
{
    told = 1;
    (void)wf_search_end(model_be(pool, 0));
}
static void sees_entries(void)
{
    mc_assert(!wf_entries(pool) || told);
}

static void falls_asleep(void)
{
    wf_sleep_begin(model_be(pool, 0));
}
static void falls_asleep1(void)
{
    wf_sleep_begin(model_be(pool, 1));
}
static void parks(void)
{
    wf_worker *self = model_be(pool, 0);
    wf_sleep(self);
    mc_assert(!wf_sleeps(self));
}
/* As wf_drain(). */
static void closes(void)
{
    wf_sleep_closing(pool);
    while (!wf_all_sleep(pool))
        wf_park(&pool->closer, WF_FOREVER);
}
static void drains(void)
{
    wf_drain(pool);
    wf_sleep_stop(pool);
}
static void stays_and_takes(void)
{
    wf_worker *self = model_be(pool, 0);
    wf_sleep_end(self);
    mc_assert(wf_tasks_next(self) == task[0]);
    (void)wf_search_end(self);
    mc_assert(!wf_stopped(pool));
    wf_search_begin(self);
    wf_sleep_begin(self);
}

/* ---- what must hold ------------------------------------------------------------------------------ */

static void awake(void)
{
    mc_assert(stays || !wf_sleeps(wf_worker_at(pool, 0)));
}
static void searching(unsigned searching, unsigned sleeping)
{
    wf_census census = wf_sleep_census(pool);
    mc_assert(census.searching == searching && census.sleeping == sleeping);
}
static void one_is_awake(void)
{
    searching(1, 0);
}
static void one_is_awake_no_sentinel(void)
{
    searching(1, 1);
    mc_assert(wf_sleep_census(pool).sentinel == -1);
}
static void one_naps(void)
{
    searching(1, 0);
    mc_assert(naps[0] != naps[1] && wf_sleep_census(pool).sentinel == naps[1]);
}
static bool offered(unsigned index)
{
    const weft_worker_ *head = &wf_worker_at(pool, index)->stack.head;
    return head->limit < head->room;
}
static void stays_or_offered(void)
{
    mc_assert(stays || offered(2));
}
static void seen_or_guest_offered(void)
{
    mc_assert(seen || offered(3));
}
static void seen_or_worker_offered(void)
{
    mc_assert(seen || offered(2));
}
static void somebody_comes(void)
{
    mc_assert(!wf_sleeps(wf_worker_at(pool, 1)));
}

#define PARTIES(a, b) .thread = {a, b}, .bound = MC_UNBOUNDED, MODEL_POOL
static const mc_scenario scenarios[] = {
    {.name = "submitter_and_sleeper", .setup = one_alone, .check = awake, PARTIES(sleeps, submits0)},
    {.name = "submitter_to_a_band_and_sleeper",
     .setup = one_alone,
     .check = awake,
     PARTIES(sleeps, submits_to_a_band)},
    {.name = "worker_submits_and_sleeper",
     .setup = another_is_active,
     .check = awake,
     PARTIES(sleeps, worker1_submits)},
    {.name = "two_wakers", .setup = one_asleep, .check = one_is_awake, PARTIES(submits0, submits1)},
    {.name = "the_woken_one_is_counted",
     .setup = one_alone,
     .check = one_is_awake,
     PARTIES(is_told, tells_and_wakes)},
    {.name = "an_older_token", .setup = one_asleep_with_a_token, PARTIES(parks, submits0)},
    {.name = "two_nap", .setup = two_search, .check = one_naps, PARTIES(nap0, nap1)},
    {.name = "submitter_and_long_nap",
     .setup = long_nap,
     .check = one_is_awake_no_sentinel,
     PARTIES(nap_ends, submits0)},
    {.name = "sleeper_and_nap_that_ends",
     .setup = short_nap,
     .check = one_is_awake_no_sentinel,
     PARTIES(nap_ends, falls_asleep1)},
    {.name = "guest_arrives_and_sleeper",
     .setup = one_and_a_seat,
     .check = stays_or_offered,
     PARTIES(sleeps_unless_active, arrives)},
    {.name = "guest_arrives_at_a_known_seat_and_sleeper",
     .setup = one_and_a_known_seat,
     .check = stays_or_offered,
     PARTIES(sleeps_unless_active, arrives)},
    {.name = "guest_leaves_and_taker",
     .setup = no_place_for_one,
     .check = somebody_comes,
     PARTIES(takes, leaves)},
    {.name = "guest_blocks_and_taker",
     .setup = no_place_for_one,
     .check = somebody_comes,
     PARTIES(takes, guest_blocks)},
    {.name = "worker_blocks_and_taker",
     .setup = no_place_for_one,
     .check = somebody_comes,
     PARTIES(takes, worker2_blocks)},
    {.name = "guest_goes_on_and_taker",
     .setup = guest_blocked,
     .check = seen_or_guest_offered,
     PARTIES(takes, guest_goes_on)},
    {.name = "worker_goes_on_and_taker",
     .setup = worker_blocked,
     .check = seen_or_worker_offered,
     PARTIES(takes, worker2_goes_on)},
    {.name = "who_enters_is_counted", .setup = one_alone, PARTIES(tells_and_enters, sees_entries)},
    {.name = "closer_and_sleeper", .setup = one_alone, PARTIES(falls_asleep, closes)},
    {.name = "closer_and_taker", .setup = one_asleep_by_a_task, PARTIES(stays_and_takes, drains)},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
