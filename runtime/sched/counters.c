/* SPDX-License-Identifier: MIT */
/* sched/counters.c - see counters.h. */
#include "sched/counters.h"

#include <errno.h>
#include <string.h>

#include "sched/pool.h"

#define WORD sizeof(uint64_t)

_Static_assert(sizeof(size_t) == WORD && sizeof(weft_counters) % WORD == 0,
               "words, and nothing between them");

/* The size of the first release. */
#define LEAST (offsetof(weft_counters, looks) + WORD)

static void add(weft_counters *sum, const weft_counters *counted)
{
    uint64_t *to = (uint64_t *)(void *)sum;
    const uint64_t *from = (const uint64_t *)(const void *)counted;
    for (size_t i = 1; i < sizeof *sum / WORD; i++)
        to[i] += wf_load_relaxed(&from[i]); /* statistic */
}

void wf_counters_add(weft_counters *sum, const wf_worker *worker)
{
    add(sum, &worker->counters);
    sum->forks += wf_load_relaxed(&worker->stack.head.forks); /* statistic */
}

static void add_all(weft_counters *sum, const weft_pool *pool)
{
    for (unsigned i = 0; i < pool->workers + pool->seats; i++)
        wf_counters_add(sum, wf_worker_at(pool, i));
    add(sum, &pool->outside);
}

int weft_pool_counters(weft_pool *pool, int index, weft_counters *counters)
{
    weft_counters sum = {0};
    if (!counters || counters->size < LEAST || counters->size > 4096 || counters->size % WORD || index < -1)
        return -EINVAL;
    int err = wf_pool_meant(pool, &pool);
    if (err)
        return err;
    if (index >= (int)(pool->workers + pool->seats))
        return -EINVAL;
    if (index < 0)
        add_all(&sum, pool);
    else
        wf_counters_add(&sum, wf_worker_at(pool, (unsigned)index));
    sum.size = counters->size;
    memset(counters, 0, sum.size);
    memcpy(counters, &sum, sum.size < sizeof sum ? sum.size : sizeof sum);
    return 0;
}
