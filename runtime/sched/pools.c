/* SPDX-License-Identifier: MIT */
/* sched/pools.c - see pools.h. */
#include "sched/pools.h"

#include "os/lock.h"
#include "os/memory.h"

static wf_lock lock;
static weft_pool *newest;   /* under lock, as all of these */
static uint64_t generation; /* of the process that the list is about */
static uint64_t numbers;

/* The lock is held. A list that was copied from a parent may even be half linked. */
static void begin(void)
{
    if (generation == wf_generation())
        return;
    newest = NULL;
    generation = wf_generation();
}

void wf_pools_add(weft_pool *pool)
{
    wf_pools_lock();
    pool->number = ++numbers;
    pool->older = newest;
    newest = pool;
    wf_lock_give(&lock);
}

void wf_pools_remove(weft_pool *pool)
{
    wf_pools_lock();
    weft_pool **at = &newest;
    while (*at && *at != pool)
        at = &(*at)->older;
    if (*at)
        *at = pool->older;
    wf_lock_give(&lock);
}

bool wf_pools_try_lock(void)
{
    if (!wf_lock_try(&lock))
        return false;
    begin();
    return true;
}

void wf_pools_lock(void)
{
    wf_lock_take(&lock);
    begin();
}

void wf_pools_unlock(void)
{
    wf_lock_give(&lock);
}

const weft_pool *wf_pools_from(uint64_t number)
{
    const weft_pool *found = NULL;
    for (const weft_pool *pool = newest; pool && pool->number >= number; pool = pool->older)
        found = pool;
    return found;
}
