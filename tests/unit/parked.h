/* SPDX-License-Identifier: MIT */
/* parked.h - until all workers of a pool sleep for good: in the futex, after their last look round. */
#ifndef WEFT_TESTS_PARKED_H
#define WEFT_TESTS_PARKED_H

#include <sched.h>

#include "sched/worker.h"

/* wf_worker.asleep, wf_parker.state. */
#define ASLEEP 1u
#define PARKED 1u

/* A sentinel that naps is in the futex, too: it does not count as sleeping, and has counted the nap before. */
static bool is_parked(const wf_worker *worker)
{
    uint64_t naps = wf_load_acquire(&worker->counters.naps);
    return wf_load_acquire(&worker->asleep) == ASLEEP && wf_load_acquire(&worker->parker.state) == PARKED &&
           wf_load_acquire(&worker->counters.naps) == naps;
}

static bool all_parked(const weft_pool *pool)
{
    for (unsigned i = 0; i < pool->workers; i++)
        if (!is_parked(wf_worker_at(pool, i)))
            return false;
    return true;
}

static uint64_t parks_of(const weft_pool *pool)
{
    uint64_t parks = 0;
    for (unsigned i = 0; i < pool->workers; i++)
        parks += wf_load_acquire(&wf_worker_at(pool, i)->counters.parks);
    return parks;
}

/* Found so twice, and nobody has parked anew: at a moment in between all were. */
static void until_all_parked(const weft_pool *pool)
{
    uint64_t before;
    do {
        sched_yield();
        before = parks_of(pool);
    } while (!all_parked(pool) || !all_parked(pool) || parks_of(pool) != before);
}

#endif
