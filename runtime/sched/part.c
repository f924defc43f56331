/* SPDX-License-Identifier: MIT */
/* sched/part.c - see part.h. */
#include "sched/part.h"

#include <string.h>

#include "base/numbers.h"
#include "base/text.h"

bool wf_part_read(wf_part *part, const char *cpus, const char *nodes, int core_kind)
{
    static const enum wf_core_kind kinds[] = {
        [WEFT_CORES_ALL] = WF_CORES_ALL,
        [WEFT_CORES_PERFORMANCE] = WF_CORES_PERFORMANCE,
        [WEFT_CORES_EFFICIENCY] = WF_CORES_EFFICIENCY,
    };
    if ((cpus && !wf_numbers_valid(cpus)) || (nodes && !wf_numbers_valid(nodes)) ||
        core_kind < WEFT_CORES_ALL || core_kind > WEFT_CORES_EFFICIENCY)
        return false;
    *part = (wf_part){cpus, nodes, kinds[core_kind]};
    return true;
}

bool wf_part_is_less(const wf_part *part)
{
    return part->cpus || part->nodes || part->core_kind != WF_CORES_ALL;
}

bool wf_part_sensible(const weft_pool_config *config)
{
    wf_part part;
    bool asks_hwloc = config->nodes || config->core_kind;
    return wf_part_read(&part, config->cpus, config->nodes, config->core_kind) &&
           !(config->flat && asks_hwloc);
}

static void add(wf_text *text, const weft_pool *pool, const char *what, const char *list)
{
    if (!list)
        return;
    wf_text_str(text, text->at == pool->part ? "" : "; ");
    wf_text_str(text, what);
    wf_text_str(text, list);
}

/* "cpus 0-3,8; nodes 1; performance cores"; what is longer is cut, and ends in dots. */
static void put_in_words(weft_pool *pool, const weft_pool_config *config)
{
    static const char *const kinds[] = {NULL, "performance cores", "efficiency cores"};
    wf_text text = {pool->part, pool->part + sizeof pool->part - 1};
    add(&text, pool, "cpus ", config->cpus);
    add(&text, pool, "nodes ", config->nodes);
    add(&text, pool, "", kinds[config->core_kind]);
    if (text.at == text.end)
        memcpy(text.end - 3, "...", 3);
}

int wf_part_confine(weft_pool *pool, const weft_pool_config *config)
{
    wf_part part;
    if (!wf_part_read(&part, config->cpus, config->nodes, config->core_kind) || !wf_part_is_less(&part))
        return 0;
    put_in_words(pool, config);
    return wf_machine_confine(pool->machine, &part);
}
