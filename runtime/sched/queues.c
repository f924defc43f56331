/* SPDX-License-Identifier: MIT */
/* sched/queues.c - see queues.h. */
#include "sched/queues.h"

#include <errno.h>

#include "os/memory.h"

/* Inboxes by NUMA node, in the order in which the places meet them. */
static void assign_nodes(weft_pool *pool)
{
    for (unsigned i = 0; i < pool->workers; i++) {
        const wf_pu *own = &pool->machine->pu[wf_worker_at(pool, i)->pu];
        wf_place *place = &pool->places[i];
        for (unsigned j = 0; j < i && !place->inbox; j++)
            if (pool->machine->pu[wf_worker_at(pool, j)->pu].shares[WF_SAME_NODE] ==
                own->shares[WF_SAME_NODE])
                place->inbox = pool->places[j].inbox;
        if (!place->inbox)
            place->inbox = &pool->inboxes[pool->nodes++ * WF_BANDS + WF_STRICT];
        place->node = (unsigned)(place->inbox - pool->inboxes) / WF_BANDS;
        pool->node_of_cpu[own->os_index] = (uint16_t)place->node;
        wf_worker_at(pool, i)->place = place;
    }
    if (!pool->nodes)
        pool->nodes = 1;
}

static int last_cpu(const wf_machine *machine)
{
    int last = 0;
    for (int i = 0; i < machine->pus; i++)
        if (machine->pu[i].os_index > last)
            last = machine->pu[i].os_index;
    return last;
}

int wf_queues_init(weft_pool *pool)
{
    unsigned most = pool->workers ? pool->workers : 1;
    pool->takers = wf_slab_takers(pool->workers);
    pool->cpus_known = last_cpu(pool->machine) + 1;
    pool->places = wf_alloc(pool->workers * sizeof *pool->places);
    pool->inboxes = wf_alloc((most * WF_BANDS + WF_AREAS_MAX) * sizeof *pool->inboxes);
    pool->node_of_cpu = wf_alloc((size_t)pool->cpus_known * sizeof *pool->node_of_cpu);
    if (!pool->places || !pool->inboxes || !pool->node_of_cpu)
        return -ENOMEM;
    for (unsigned i = 0; i < WF_RECORD_SIZES; i++) {
        pool->slab[i] = wf_slab_create((size_t)WF_TASK_BYTES << i, pool->workers, WF_SHELVES_OUTSIDE);
        if (!pool->slab[i])
            return -ENOMEM;
        wf_slab_mark(pool->slab[i], pool->generation);
        wf_slab_owned_by(pool->slab[i], pool->takers);
    }
    pool->areas = pool->inboxes + most * WF_BANDS;
    for (unsigned i = 0; i < most * WF_BANDS + WF_AREAS_MAX; i++) {
        wf_inbox_init(&pool->inboxes[i]);
        pool->inboxes[i].bound = i >= most * WF_BANDS || i % WF_BANDS == 0;
    }
    for (unsigned i = 0; i < pool->workers; i++) {
        wf_inbox_init(&pool->places[i].only);
        pool->places[i].only.bound = true;
    }
    wf_inbox_init(&pool->blocking);
    assign_nodes(pool);
    return 0;
}

void wf_queues_fini(weft_pool *pool)
{
    for (unsigned i = 0; pool->places && i < pool->workers; i++) {
        wf_run_queue_fini(&pool->places[i].queue);
        wf_run_queue_fini(&pool->places[i].batch);
    }
    for (unsigned i = 0; i < WF_RECORD_SIZES; i++)
        wf_slab_close(pool->slab[i]);
    wf_free(pool->node_of_cpu);
    wf_free(pool->inboxes);
    wf_free(pool->places);
}

/* ---- how much is in them ------------------------------------------------------------------------ */

bool wf_queues_ever(const weft_pool *pool)
{
    for (unsigned i = 0; i < pool->nodes * WF_BANDS; i++)
        if (wf_inbox_ever(&pool->inboxes[i]))
            return true;
    for (unsigned i = 0; i < wf_reach(pool); i++)
        if (wf_run_queue_ever(&pool->places[i].queue) || wf_inbox_ever(&pool->places[i].only))
            return true;
    return wf_inbox_ever(&pool->blocking);
}

uint64_t wf_queues_outside(const weft_pool *pool)
{
    uint64_t tasks = wf_inbox_backlog(&pool->blocking);
    for (unsigned i = 0; i < pool->nodes * WF_BANDS; i++)
        if (!pool->inboxes[i].bound)
            tasks += wf_inbox_backlog(&pool->inboxes[i]);
    return tasks;
}

uint64_t wf_queues_backlog(const weft_pool *pool)
{
    uint64_t tasks = wf_queues_outside(pool);
    for (unsigned i = 0; i < pool->workers; i++)
        tasks += wf_run_queue_backlog(&pool->places[i].queue) + wf_run_queue_backlog(&pool->places[i].batch);
    return tasks;
}
