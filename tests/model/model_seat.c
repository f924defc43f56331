/* SPDX-License-Identifier: MIT */
/*
 * model/seat.c - a guest takes a seat while the last searching worker finds work.
 *
 * Both are active then, in a pool where others sleep and nobody watches: the guest has offered its first fork, or the
 * worker sees the guest and wakes somebody to watch (leave() in sched/idle.c). And a guest that gets no seat, after it has
 * held a place for a moment: whoever found none for another worker meanwhile is made up for. And one that publishes a
 * child while the last worker falls asleep: one of both sees the other.
 */
#include "pool.h"

#include "sched/find.h"
#include "sched/seat.h"
#include "sched/visible.h"

static weft_pool *pool;
static int seen, found;

static void make(unsigned workers, unsigned seats)
{
    model_no_stacks = false;
    pool = model_pool(workers, seats);
}
static void one_searches(void)
{
    make(3, 1);
    model_lies_asleep(pool, 1);
    model_lies_asleep(pool, 2);
}
static void one_searches_seat_known(void)
{
    one_searches();
    pool->seats_used = 1;
}
static void nobody_here(void)
{
    make(0, 2);
}
/* All other records have their stacks. */
static void no_memory(void)
{
    make(2, 1);
    model_lies_asleep(pool, 1);
    model_is_active(pool, 0);
    wf_stack_fini(&wf_worker_at(pool, 2)->stack);
    wf_worker_at(pool, 2)->stack = (wf_task_stack){0};
    pool->seats_used = 1;
    model_no_stacks = true;
}

static void guest(void)
{
    wf_visit visit;
    wf_seat_enter(pool, &visit);
}
static void spare(void)
{
    wf_visit visit;
    mc_assert(wf_seat_enter_own(wf_worker_at(pool, 3), &visit));
}
static void guest_without_seat(void)
{
    wf_visit visit;
    wf_seat_enter(pool, &visit);
    mc_assert(!visit.seat);
    wf_seat_leave(&visit);
}

static void taker(void)
{
    wf_worker *self = model_be(pool, 0);
    seen = wf_search_end(self) && wf_others_active(self);
}
/* P1, P2 of its first child; S1, S3 of the last worker awake. */
static void publishing_guest(void)
{
    wf_visit visit;
    wf_seat_enter(pool, &visit);
    mc_assert(wf_stack_push(&visit.seat->stack, NULL, &visit, 0));
    mc_assert(wf_stack_publish(&visit.seat->stack));
    seen = wf_sleep_census(pool).sleeping == 3;
}
static void falls_asleep(void)
{
    wf_worker *self = model_be(pool, 0);
    wf_sleep_begin(self);
    found = wf_visible(self->pool, self);
}

/* As who has published children. */
static void publisher(void)
{
    wf_notify(model_be(pool, 0), WF_PLENTY);
}

static void offered_or_seen(void)
{
    const weft_worker_ *head = &wf_worker_at(pool, 3)->stack.head;
    mc_assert(head->limit < head->room || seen);
}
static void both_counted(void)
{
    mc_assert(pool->seats_used == 2);
}
static void seen_or_found(void)
{
    mc_assert(seen || found);
}
static void somebody_comes(void)
{
    mc_assert(!wf_sleeps(wf_worker_at(pool, 1)));
}

static const mc_scenario scenarios[] = {
    {.name = "arrival",
     .setup = one_searches,
     .thread = {guest, taker},
     .check = offered_or_seen,
     .bound = MC_UNBOUNDED},
    {.name = "arrival_at_a_known_seat",
     .setup = one_searches_seat_known,
     .thread = {guest, taker},
     .check = offered_or_seen,
     .bound = MC_UNBOUNDED},
    {.name = "arrival_of_a_spare_at_a_known_seat",
     .setup = one_searches_seat_known,
     .thread = {spare, taker},
     .check = offered_or_seen,
     .bound = MC_UNBOUNDED},
    {.name = "arrival_and_first_child",
     .setup = one_searches,
     .thread = {publishing_guest, falls_asleep},
     .check = seen_or_found,
     .bound = MC_UNBOUNDED},
    {.name = "two_arrive",
     .setup = nobody_here,
     .thread = {guest, guest},
     .check = both_counted,
     .bound = MC_UNBOUNDED},
    {.name = "arrival_without_memory",
     .setup = no_memory,
     .thread = {guest_without_seat, publisher},
     .check = somebody_comes,
     .bound = MC_UNBOUNDED},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
