/* SPDX-License-Identifier: MIT */
/* sched/drain.c - see drain.h. */
#include "sched/drain.h"

#include "sched/sleep.h"
#include "sched/spare.h"
#include "sched/tasks.h"

static bool is_still(const weft_pool *pool)
{
    uint64_t entries = wf_entries(pool);
    return wf_all_sleep(pool) && !wf_tasks_visible(pool) && wf_spares_rest(pool) && wf_all_sleep(pool) &&
           wf_entries(pool) == entries;
}

void wf_drain(weft_pool *pool)
{
    if (!wf_tasks_ever(pool))
        return;
    wf_sleep_closing(pool);
    while (!is_still(pool))
        wf_park(&pool->closer, WF_FOREVER);
}
