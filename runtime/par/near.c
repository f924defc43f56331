/* SPDX-License-Identifier: MIT */
/* par/near.c - see near.h. */
#include "par/near.h"

#include "os/memory.h"
#include "os/nodes.h"

#define LOOKS WF_NODES_BATCH

typedef struct looks {
    size_t count;
    size_t at[LOOKS]; /* pages from the beginning */
    int node[LOOKS];  /* or a negative errno */
} looks;

/* A page of each stretch; the same ones each time. */
static void choose(looks *l, size_t pages)
{
    uint64_t random = 1;
    l->count = pages < LOOKS ? pages : LOOKS;
    for (size_t i = 0; i < l->count; i++) {
        size_t begin = pages / l->count * i + pages % l->count * i / l->count;
        size_t end = pages / l->count * (i + 1) + pages % l->count * (i + 1) / l->count;
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        l->at[i] = (begin + (size_t)(random >> 33) % (end - begin));
    }
}

static bool look(looks *l, const char *page)
{
    const void *address[LOOKS];
    for (size_t i = 0; i < l->count; i++)
        address[i] = page + l->at[i] * wf_page_bytes();
    return wf_nodes_of(address, l->count, l->node) == 0;
}

/* A worker that sits there; WF_NO_PLACE: there is none. */
static uint32_t place_on(const weft_pool *pool, int node)
{
    for (unsigned i = 0; i < pool->workers; i++) {
        const wf_worker *worker = wf_worker_at(pool, i);
        if (pool->machine->pu[worker->pu].node == node &&
            wf_load_relaxed(&worker->duty) == WF_SITS) /* hint */
            return i;
    }
    return WF_NO_PLACE;
}

/* Items that begin in so many pages. */
static size_t items_in(size_t pages, size_t before, size_t item_bytes)
{
    return (pages * wf_page_bytes() - before + item_bytes - 1) / item_bytes;
}

/* Half way between two looks that differ. */
static bool divide(const weft_pool *pool, const looks *l, size_t before, size_t item_bytes, wf_plan *plan)
{
    int node = -1;
    plan->count = 0;
    for (size_t i = 0, last = 0; i < l->count; i++) {
        if (l->node[i] < 0 || l->node[i] == node) {
            last = l->node[i] < 0 ? last : i;
            continue;
        }
        if (plan->count == WF_STRETCHES_MAX)
            return false;
        if (plan->count)
            plan->stretch[plan->count - 1].end =
                items_in((l->at[last] + l->at[i] + 1) / 2, before, item_bytes);
        plan->stretch[plan->count++].place = place_on(pool, node = l->node[i]);
        last = i;
    }
    return plan->count;
}

bool wf_near_plan(const weft_pool *pool, const char *memory, size_t item_bytes, size_t items, wf_plan *plan)
{
    size_t page = wf_page_bytes(), before = (uintptr_t)memory % page, bytes = before + items * item_bytes;
    looks l;
    if (!pool->stretches || !pool->machine->here)
        return false;
    choose(&l, bytes / page + (bytes % page != 0));
    if (!look(&l, memory - before) || !divide(pool, &l, before, item_bytes, plan))
        return false;
    plan->stretch[plan->count - 1].end = items;
    return true;
}
