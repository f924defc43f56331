/* SPDX-License-Identifier: MIT */
/*
 * model/idle.c - the last searching worker leaves, and at the same moment a task is submitted, or lies nowhere while
 * somebody fetches it from the inbox.
 *
 * Guests hold all places, so nobody is woken to watch; for the task somebody is, who runs it. Where there is a place,
 * somebody is woken to watch, or stays awake.
 */
#include "pool.h"
#include "sched/seat.h"

#include "../../runtime/sched/idle.c" /* its own copy: leave() */

static weft_pool *pool;
static wf_task *task, *fetched[2];
static weft_slot_ child;

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void two_guests(unsigned workers)
{
    pool = model_pool(workers, 2);
    pool->seats_used = 2;
    wf_worker_at(pool, workers)->mode = wf_worker_at(pool, workers + 1)->mode = WF_ACTIVE;
    task = model_task(pool, nothing, NULL);
}

static void one_searches(void)
{
    two_guests(2);
    model_lies_asleep(pool, 1);
}

static void another_is_active(void)
{
    pool = model_pool(3, 0);
    task = model_task(pool, nothing, NULL);
    model_is_active(pool, 2);
    model_lies_asleep(pool, 1);
}

static void a_guest_comes(void)
{
    pool = model_pool(2, 1);
    model_lies_asleep(pool, 1);
}

/* Worker 2 is active, and will take from the inbox next. */
static void two_wait(void)
{
    two_guests(3);
    for (unsigned i = 0; i < 2; i++)
        wf_tasks_submit(pool, NULL, fetched[i] = model_task(pool, nothing, NULL));
    model_is_active(pool, 2);
    model_lies_asleep(pool, 1);
}

static void submitter(void)
{
    wf_tasks_submit(pool, NULL, task);
}

static void taker(void)
{
    wf_worker *self = model_be(pool, 0);
    leave(self, &(wf_work){.victim = wf_worker_at(pool, 2), .slot = &child, .more = true});
}

/* Stays for long with the first of them. */
static void fetcher(void)
{
    mc_assert(wf_tasks_next(model_be(pool, 2)) == fetched[0]);
}

static void taker_of_a_task(void)
{
    leave(model_be(pool, 0), &(wf_work){.task = task});
}

static void sleeper(void)
{
    sleep_for_good(model_be(pool, 0), false);
}

static void guest(void)
{
    wf_visit visit;
    wf_seat_enter(pool, &visit);
}

static void offered_or_awake(void)
{
    const weft_worker_ *head = &wf_worker_at(pool, 2)->stack.head;
    mc_assert(head->limit < head->room || !wf_sleeps(wf_worker_at(pool, 0)));
}

static void somebody_comes(void)
{
    mc_assert(!wf_sleeps(wf_worker_at(pool, 1)));
}

static const mc_scenario scenarios[] = {
    {.name = "leave",
     .setup = one_searches,
     .thread = {submitter, taker},
     .check = somebody_comes,
     .bound = MC_UNBOUNDED},
    {.name = "leave_while_others_are_fetched",
     .setup = two_wait,
     .thread = {fetcher, taker_of_a_task},
     .check = somebody_comes,
     .bound = MC_UNBOUNDED,
     MODEL_POOL},
    {.name = "leave_one_active",
     .setup = another_is_active,
     .thread = {taker_of_a_task},
     .check = somebody_comes,
     .bound = MC_UNBOUNDED,
     MODEL_POOL},
    {.name = "sleep_while_a_guest_comes",
     .setup = a_guest_comes,
     .thread = {sleeper, guest},
     .check = offered_or_awake,
     .daemons = 1,
     .bound = MC_UNBOUNDED,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
