/* SPDX-License-Identifier: MIT */
/* sched/drain.c - see drain.h. */
#include "sched/drain.h"

#include <pthread.h>

#include "sched/queues.h"
#include "sched/sleep.h"
#include "sched/spare.h"
#include "sched/tasks.h"

void wf_drain_expect(weft_pool *pool)
{
    pthread_mutex_lock(&pool->locals_lock);
    pool->expected++;
    pthread_mutex_unlock(&pool->locals_lock);
}

void wf_drain_came(weft_pool *pool)
{
    pthread_mutex_lock(&pool->locals_lock);
    if (!--pool->expected)
        wf_wake(&pool->closer);
    pthread_mutex_unlock(&pool->locals_lock);
}

static bool is_any_expected(weft_pool *pool)
{
    pthread_mutex_lock(&pool->locals_lock);
    bool any = pool->expected;
    pthread_mutex_unlock(&pool->locals_lock);
    return any;
}

static bool is_still(const weft_pool *pool)
{
    uint64_t entries = wf_entries(pool);
    return wf_all_sleep(pool) && !wf_tasks_visible(pool) && wf_spares_rest(pool) && wf_all_sleep(pool) &&
           wf_entries(pool) == entries;
}

void wf_drain_await(weft_pool *pool)
{
    while (is_any_expected(pool))
        wf_park(&pool->closer, WF_FOREVER);
}

void wf_drain(weft_pool *pool)
{
    if (!is_any_expected(pool) && !wf_queues_ever(pool))
        return;
    wf_sleep_closing(pool);
    while (is_any_expected(pool) || !is_still(pool))
        wf_park(&pool->closer, WF_FOREVER);
}
