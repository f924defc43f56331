/* SPDX-License-Identifier: MIT */
/* info.c - see info.h. */
#include "info.h"

#include <stdlib.h>

#include "job.h"

static void *room(size_t count, size_t bytes)
{
    void *memory = calloc(count + 1, bytes);
    if (!memory)
        job_die("out of memory");
    return memory;
}

static int core_of(hwloc_topology_t t, int pu)
{
    hwloc_obj_t object = hwloc_get_pu_obj_by_os_index(t, (unsigned)pu);
    hwloc_obj_t core = object ? hwloc_get_ancestor_obj_by_type(t, HWLOC_OBJ_CORE, object) : NULL;
    return core ? (int)core->logical_index : -1;
}

static void ask_workers(struct info *info, hwloc_topology_t t)
{
    info->workers = room((size_t)info->is.workers_max, sizeof *info->workers);
    info->there = room((size_t)info->is.workers_max, sizeof *info->there);
    for (int i = 0; i < info->is.workers_max; i++) {
        struct info_worker *worker = &info->workers[info->count];
        worker->is.size = sizeof worker->is;
        if (weft_worker_inspect(info->pool, i, &worker->is))
            continue; /* it has never had a thread */
        info->there[i] = true;
        worker->index = i;
        worker->core = core_of(t, worker->is.pu);
        info->count++;
    }
}

static void ask_description(struct info *info)
{
    int bytes = weft_pool_describe(info->pool, NULL, 0);
    if (bytes < 0)
        job_die("%s", weft_strerror(bytes));
    info->description = room((size_t)bytes, 1);
    weft_pool_describe(info->pool, info->description, (size_t)bytes + 1);
}

static void count_parts(struct info *info, const struct box *box)
{
    info->parts[box->kind]++;
    for (const struct box *child = box->child; child; child = child->next)
        count_parts(info, child);
}

void info_init(struct info *info, weft_pool *pool, hwloc_topology_t topology)
{
    *info = (struct info){.pool = pool, .is = {.size = sizeof info->is}};
    int err = weft_pool_inspect(pool, &info->is);
    if (err)
        job_die("%s", weft_strerror(err));
    ask_workers(info, topology);
    ask_description(info);
    info->machine = box_of_machine(topology);
    count_parts(info, info->machine);
}

void info_fini(struct info *info)
{
    box_free(info->machine);
    free(info->workers);
    free(info->there);
    free(info->description);
}

/* ---- victims ---- */

void info_victims(const struct info *info, int worker, struct info_victim *victims)
{
    int most = info->is.workers_max, found = 0;
    int *order = room((size_t)most, sizeof *order), *distances = room((size_t)most, sizeof *distances);
    int others = weft_worker_victims(info->pool, worker, order, distances, most);
    for (int i = 0; i < others; i++)
        if (info->there[order[i]])
            victims[found++] = (struct info_victim){order[i], distances[i]};
    free(order);
    free(distances);
}

/* The last of those from `i` on that count up by one, equally far. */
static int last_of_run(const struct info_victim *victims, int i, int count)
{
    while (i + 1 < count && victims[i + 1].distance == victims[i].distance &&
           victims[i + 1].worker == victims[i].worker + 1)
        i++;
    return i;
}

void info_write_victims(FILE *out, const struct info *info, int worker)
{
    int count = info->count - 1;
    struct info_victim *victims = room((size_t)count, sizeof *victims);
    info_victims(info, worker, victims);
    for (int i = 0, last; i < count; i = last + 1) {
        if (!i || victims[i].distance != victims[i - 1].distance)
            fprintf(out, "%s%s", i ? ", " : "", info_distance(victims[i].distance));
        last = last_of_run(victims, i, count);
        fprintf(out, " %d", victims[i].worker);
        if (last > i)
            fprintf(out, "-%d", victims[last].worker);
    }
    if (!count)
        fputs("nobody", out);
    free(victims);
}

/* ---- words ---- */

const char *info_distance(int distance)
{
    static const char *const words[] = {"core", "l2", "cache", "node", "package", "machine"};
    return words[distance];
}

const char *info_kind(enum box_kind kind)
{
    static const char *const words[] = {"machine", "package", "node", "l3", "l2", "core", "pu"};
    return words[kind];
}
