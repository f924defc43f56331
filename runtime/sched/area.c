/* SPDX-License-Identifier: MIT */
/* sched/area.c - see area.h. */
#include "sched/area.h"

#include <errno.h>

#define WF_AREA_BIT(area) (UINT32_C(1) << (area))

_Static_assert(WF_AREAS_MAX < 32, "a place has a bit for each");

static bool is_in(const weft_pool *pool, unsigned place, unsigned area)
{
    return wf_load_relaxed(&pool->places[place].areas) & WF_AREA_BIT(area); /* hint */
}

static bool covers(const weft_pool *pool, unsigned place, const wf_part *part)
{
    return wf_machine_has(pool->machine, &pool->machine->pu[wf_worker_at(pool, place)->pu], part);
}

static bool same(const weft_pool *pool, unsigned area, const wf_part *part)
{
    for (unsigned i = 0; i < pool->workers; i++)
        if (is_in(pool, i, area) != covers(pool, i, part))
            return false;
    return true;
}

static bool sits_somebody(const weft_pool *pool, const wf_part *part)
{
    for (unsigned i = 0; i < pool->workers; i++)
        if (covers(pool, i, part) && wf_load_relaxed(&wf_worker_at(pool, i)->duty) == WF_SITS) /* hint */
            return true;
    return false;
}

/* Also where it was there already: another thread may have made it just now. */
static void announce(weft_pool *pool, unsigned area, const wf_part *part)
{
    for (unsigned i = 0; i < pool->workers; i++)
        if (covers(pool, i, part))
            (void)wf_or_relaxed(&pool->places[i].areas, WF_AREA_BIT(area)); /* ordered by pair SL2 */
    (void)wf_or_seq_cst(&pool->bands, (uint32_t)WF_SOME_STRICT); /* pair SL2 -> some_strict(): before H1 */
}

int wf_area_find(weft_pool *pool, const wf_part *part, wf_home *home)
{
    unsigned area = 0;
    if (!sits_somebody(pool, part))
        return -ENODEV;
    pthread_mutex_lock(&pool->locals_lock);
    while (area < pool->areas_made && !same(pool, area, part))
        area++;
    bool fits = area < WF_AREAS_MAX;
    if (fits)
        announce(pool, area, part);
    if (area == pool->areas_made && fits)
        pool->areas_made++;
    pthread_mutex_unlock(&pool->locals_lock);
    *home = (wf_home){.kind = WF_IN_AREA, .strict = 1, .area = (uint8_t)area};
    return fits ? 0 : -ENOMEM;
}

unsigned wf_area_size(const weft_pool *pool, unsigned area)
{
    unsigned size = 0;
    for (unsigned i = 0; i < pool->workers; i++)
        size += is_in(pool, i, area) && wf_load_relaxed(&wf_worker_at(pool, i)->duty) == WF_SITS; /* hint */
    return size;
}
