/* SPDX-License-Identifier: MIT */
/*
 * model/seat.c - a guest takes a seat that was never taken before, while the last searching worker finds work.
 *
 * Both are active then, in a pool where others sleep and nobody watches: the guest has offered its first fork, or the
 * worker sees the guest and wakes somebody to watch (leave() in sched/idle.c).
 */
#include "pool.h"
#include "sched/seat.h"

static weft_pool *pool;
static bool seen;

static void one_searches(void)
{
    pool = model_pool(3, 1);
    wf_sleep_begin(wf_worker_at(pool, 1));
    wf_sleep_begin(wf_worker_at(pool, 2));
}

static void guest(void)
{
    wf_visit visit;
    wf_seat_enter(pool, &visit);
}

static void taker(void)
{
    wf_worker *self = model_be(pool, 0);
    seen = wf_search_end(self) && wf_others_active(self);
}

static void offered_or_seen(void)
{
    const weft_worker_ *head = &wf_worker_at(pool, 3)->stack.head;
    mc_assert(head->limit < head->room || seen);
}

static const mc_scenario scenarios[] = {
    {.name = "arrival",
     .setup = one_searches,
     .thread = {guest, taker},
     .check = offered_or_seen,
     .bound = MC_UNBOUNDED},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
