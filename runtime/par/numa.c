/* SPDX-License-Identifier: MIT */
/* par/numa.c - see numa.h. */
#include "par/numa.h"

#include <errno.h>
#include <stdint.h>

#include "base/config.h"
#include "os/memory.h"
#include "os/nodes.h"
#include "sched/pool.h"
#include "sched/resize.h"

/* ---- homes --------------------------------------------------------------------------------------- */

/* count 0: not known. */
typedef struct homes {
    size_t count;
    int node[];
} homes;

static homes *one_home(int node)
{
    homes *h = wf_alloc(sizeof *h + sizeof h->node[0]);
    if (h && node >= 0) {
        h->count = 1;
        h->node[0] = node;
    }
    return h;
}

/* Nodes of another machine are names, no places for memory. */
static void find_homes(const weft_pool *pool, homes *h)
{
    const wf_machine *machine = pool->machine;
    for (unsigned i = 0; machine->here && i < pool->workers; i++) {
        const wf_worker *worker = wf_worker_at(pool, i);
        int node = machine->pu[worker->pu].node;
        if (worker->made && wf_load_relaxed(&worker->duty) == WF_SITS && node >= 0) /* under lock */
            h->node[h->count++] = node;
    }
}

static homes *homes_of(weft_pool *pool)
{
    if (!pool->workers)
        return one_home(wf_nodes_here());
    homes *h = wf_alloc(sizeof *h + pool->workers * sizeof h->node[0]);
    if (!h)
        return NULL;
    wf_turn_take(pool);
    find_homes(pool, h);
    wf_turn_give(pool);
    return h;
}

static homes *homes_for(weft_pool *pool, const weft_numa_config *config)
{
    switch (config->policy) {
    case WEFT_NUMA_LOCAL:
        return one_home(wf_nodes_here());
    case WEFT_NUMA_ON_NODE:
        return one_home(config->node - WEFT_NODE(0));
    case WEFT_NUMA_FIRST_TOUCH:
        return one_home(-1);
    default:
        return homes_of(pool);
    }
}

/* ---- lay ----------------------------------------------------------------------------------------- */

typedef struct area {
    char *memory;
    size_t page, pages;
} area;

/* What begins with the index-th of n parts. */
static size_t cut(const area *a, size_t index, size_t n)
{
    return a->pages / n * index + a->pages % n * index / n;
}

/* laid: the nodes that were not refused. The first refusal. */
static int block(const area *a, const homes *h, wf_nodes *laid)
{
    int first = 0;
    for (size_t i = 0; i < h->count; i++) {
        size_t from = cut(a, i, h->count), bytes = (cut(a, i + 1, h->count) - from) * a->page;
        int err = bytes ? wf_nodes_prefer(a->memory + from * a->page, bytes, h->node[i]) : 0;
        if (bytes && !err)
            wf_nodes_add(laid, h->node[i]);
        first = first ? first : err;
    }
    return first;
}

static int interleave(const area *a, const homes *h, wf_nodes *laid)
{
    wf_nodes set = {0};
    for (size_t i = 0; i < h->count; i++)
        wf_nodes_add(&set, h->node[i]);
    int err = wf_nodes_interleave(a->memory, a->pages * a->page, &set);
    if (!err)
        *laid = set;
    return err;
}

static weft_numa_report lay(const area *a, const homes *h, int policy)
{
    wf_nodes laid = {0};
    int err = policy == WEFT_NUMA_FIRST_TOUCH ? 0 : -ENODATA;
    if (h->count)
        err = policy == WEFT_NUMA_INTERLEAVED ? interleave(a, h, &laid) : block(a, h, &laid);
    int nodes = wf_nodes_count(&laid);
    return (weft_numa_report){nodes ? policy : WEFT_NUMA_FIRST_TOUCH, err, nodes};
}

/* ---- touch --------------------------------------------------------------------------------------- */

static void touch(size_t begin, size_t end, void *ctx)
{
    const area *a = ctx;
    for (size_t i = begin; i < end; i++)
        *(volatile char *)(a->memory + i * a->page) = 0;
}

static int touch_all(weft_pool *pool, area *a, int asked, int obtained)
{
    if (asked != WEFT_NUMA_LOCAL || obtained == asked)
        return weft_parallel_for(pool, 0, a->pages, touch, a);
    touch(0, a->pages, a);
    return 0;
}

/* ---- the calls ----------------------------------------------------------------------------------- */

static bool sensible(const weft_numa_config *config)
{
    bool on_node = config->policy == WEFT_NUMA_ON_NODE;
    return config->policy >= WEFT_NUMA_LOCAL && config->policy <= WEFT_NUMA_FIRST_TOUCH &&
           (on_node ? config->node > 0 && config->node <= WF_NODES_MAX : config->node == 0) &&
           (config->untouched == 0 || config->untouched == 1);
}

static area area_of(void *memory, size_t bytes)
{
    size_t page = wf_page_bytes();
    return (area){memory, page, bytes / page + (bytes % page != 0)};
}

/* The memory is mapped. */
static int furnish(weft_pool *pool, const weft_numa_config *config, area *a)
{
    homes *h = homes_for(pool, config);
    if (!h)
        return -ENOMEM;
    weft_numa_report done = lay(a, h, config->policy);
    wf_free(h);
    int err = config->untouched ? 0 : touch_all(pool, a, config->policy, done.policy);
    if (!err && config->report)
        *config->report = done;
    return err;
}

static int nothing(const weft_numa_config *config)
{
    if (config->report)
        *config->report = (weft_numa_report){config->policy, 0, 0};
    return 0;
}

#define BYTES_MAX (PTRDIFF_MAX / 2)

int weft_numa_alloc(weft_pool *pool, size_t bytes, const weft_numa_config *given, void **memory)
{
    weft_numa_config config;
    if (!memory)
        return -EINVAL;
    *memory = NULL;
    if (!wf_config_read(&config, sizeof config, sizeof config, given) || !sensible(&config))
        return -EINVAL;
    int err = wf_pool_meant(pool, &pool);
    if (err)
        return err;
    if (bytes == 0)
        return nothing(&config);
    area a = area_of(bytes <= BYTES_MAX ? wf_map_pages(bytes) : NULL, bytes);
    if (!a.memory)
        return -ENOMEM;
    err = furnish(pool, &config, &a);
    if (err)
        wf_unreserve(a.memory, bytes);
    else
        *memory = a.memory;
    return err;
}

int weft_numa_free(void *memory, size_t bytes)
{
    if (!memory)
        return 0;
    if ((uintptr_t)memory % wf_page_bytes() || !bytes || bytes > BYTES_MAX)
        return -EINVAL;
    wf_unreserve(memory, bytes);
    return 0;
}

/* Of the pages that it has a part of. False: it goes round the end. */
static bool covering(const void *memory, size_t bytes, area *a)
{
    size_t page = wf_page_bytes(), before = (uintptr_t)memory % page;
    if (bytes > UINTPTR_MAX - (uintptr_t)memory)
        return false;
    *a = area_of((char *)((uintptr_t)memory - before), bytes ? before + bytes : 0);
    return true;
}

int weft_numa_where(const void *memory, size_t bytes, int *nodes, size_t count)
{
    area a;
    if (!covering(memory, bytes, &a) || a.pages > count || (a.pages && (!memory || !nodes)))
        return -EINVAL;
    int err = wf_nodes_where(a.memory, a.pages, nodes);
    for (size_t i = 0; !err && i < a.pages; i++)
        if (nodes[i] == -ENOENT)
            nodes[i] = WEFT_NUMA_ABSENT;
    return err;
}

static void count(weft_numa_info *sum, int node)
{
    if (node == -ENOENT)
        sum->absent += sum->page_bytes;
    else if (node < 0)
        sum->unknown += sum->page_bytes;
    else if (node >= WEFT_NUMA_NODES)
        sum->beyond += sum->page_bytes;
    else
        sum->on[node] += sum->page_bytes;
}

#define LOOK 256

static int sum_up(const area *a, weft_numa_info *sum)
{
    int nodes[LOOK], err = 0;
    for (size_t done = 0, now; done < a->pages && !err; done += now) {
        now = a->pages - done < LOOK ? a->pages - done : LOOK;
        err = wf_nodes_where(a->memory + done * a->page, now, nodes);
        for (size_t i = 0; !err && i < now; i++)
            count(sum, nodes[i]);
    }
    return err;
}

int weft_numa_inspect(const void *memory, size_t bytes, weft_numa_info *info)
{
    area a;
    weft_numa_info sum = {.size = sizeof sum, .page_bytes = wf_page_bytes()};
    if (!info || !covering(memory, bytes, &a) || (a.pages && !memory))
        return -EINVAL;
    int err = sum_up(&a, &sum);
    return err ? err : wf_config_write(info, &sum, sizeof sum, sizeof sum) ? 0 : -EINVAL;
}
