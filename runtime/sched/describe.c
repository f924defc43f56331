/* SPDX-License-Identifier: MIT */
/*
 * sched/describe.c - what a pool is and what became of its plans: weft_pool_describe, weft_pool_inspect,
 * weft_worker_inspect and weft_worker_victims of weft/pool.h.
 *
 * - The text is written from the values that programs get: the two cannot disagree.
 * - Everything was noted when the pool was created, when its threads started and when it was resized, which waits
 *   meanwhile; nothing is measured here.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "base/config.h"
#include "sched/binding.h"
#include "sched/pool.h"
#include "sched/resize.h"

/* ---- values ------------------------------------------------------------------------------------ */

static int source_of(const wf_machine *machine)
{
    return machine->source == WF_MASK    ? WEFT_SOURCE_MASK
           : machine->source == WF_HWLOC ? WEFT_SOURCE_HWLOC
                                         : WEFT_SOURCE_HOST;
}

static int origin_of(const weft_pool *pool)
{
    static const int origins[] = {
        [WF_SIZE_CONFIG] = WEFT_ORIGIN_CONFIG, [WF_SIZE_ENVIRONMENT] = WEFT_ORIGIN_ENVIRONMENT,
        [WF_SIZE_MASK] = WEFT_ORIGIN_MASK,     [WF_SIZE_QUOTA] = WEFT_ORIGIN_QUOTA,
        [WF_SIZE_RESIZE] = WEFT_ORIGIN_RESIZE,
    };
    bool all_pus = pool->size.origin == WF_SIZE_MASK;
    if (all_pus && pool->machine->whole)
        return WEFT_ORIGIN_PART;
    return all_pus && pool->machine->source == WF_HOST ? WEFT_ORIGIN_TOPOLOGY : origins[pool->size.origin];
}

static weft_pool_info info_of(const weft_pool *pool)
{
    const wf_machine *machine = pool->machine;
    weft_pool_info info = {.size = sizeof info};
    info.workers = (int)wf_load_relaxed(&pool->open); /* under lock, as all that changes */
    info.workers_wanted = (int)pool->size.workers;
    info.workers_origin = origin_of(pool);
    info.seats = (int)pool->guests;
    info.spares = (int)wf_load_relaxed(&pool->spares.made); /* statistic */
    info.spare_max = (int)pool->spares.most;
    info.bind = pool->bind;
    info.source = source_of(machine);
    info.this_system = machine->here;
    info.pus = machine->pus;
    info.pus_whole = machine->whole ? machine->whole : machine->pus;
    info.core_kinds = machine->core_kinds;
    info.domains = machine->domains;
    info.mask_pus = machine->mask_pus;
    info.quota_us = pool->size.limits.quota_us;
    info.period_us = pool->size.limits.period_us;
    info.ignored = pool->size.ignored;
    info.workers_max = (int)pool->workers;
    info.threads = (int)pool->sizing.made;
    info.resized = (int64_t)pool->sizing.changes;
    info.follows = pool->sizing.follows;
    return info;
}

static int place_of(const wf_worker *worker)
{
    uint32_t duty = wf_load_relaxed(&worker->duty); /* hint */
    return duty == WF_SITS ? 1 : duty == WF_STANDS ? 0 : -1;
}

/* After wf_binding_wait(). */
static weft_worker_info worker_info_of(const weft_pool *pool, unsigned index)
{
    const wf_worker *worker = wf_worker_at(pool, index);
    const wf_pu *pu = &pool->machine->pu[worker->pu];
    weft_worker_info info = {.size = sizeof info};
    info.pu = pu->os_index;
    info.node = pu->node;
    info.core_rank = pu->core_rank;
    info.domain = pu->domain;
    info.bound = worker->bound;
    info.bind_err = worker->bind_err;
    info.mask_pus = worker->bind_cpus;
    info.place = place_of(worker);
    return info;
}

int weft_pool_inspect(weft_pool *pool, weft_pool_info *info)
{
    int err = info ? wf_pool_meant(pool, &pool) : -EINVAL;
    if (err)
        return err;
    wf_turn_take(pool);
    weft_pool_info found = info_of(pool);
    wf_turn_give(pool);
    return wf_config_write(info, &found, sizeof found, sizeof found) ? 0 : -EINVAL;
}

int weft_worker_inspect(weft_pool *pool, int worker, weft_worker_info *info)
{
    int err = info && worker >= 0 ? wf_pool_meant(pool, &pool) : -EINVAL;
    if (err)
        return err;
    if ((unsigned)worker >= pool->workers)
        return -EINVAL;
    wf_turn_take(pool);
    bool made = wf_worker_at(pool, (unsigned)worker)->made;
    wf_binding_wait(pool);
    weft_worker_info found = worker_info_of(pool, (unsigned)worker);
    wf_turn_give(pool);
    return made && wf_config_write(info, &found, sizeof found, sizeof found) ? 0 : -EINVAL;
}

/* enum weft_steal counts as enum wf_distance does: sched/steal.c. */
static int distance_of(const weft_pool *pool, int from, int to)
{
    const wf_pu *pu = pool->machine->pu;
    return (int)wf_distance(&pu[wf_worker_at(pool, (unsigned)from)->pu],
                            &pu[wf_worker_at(pool, (unsigned)to)->pu]);
}

int weft_worker_victims(weft_pool *pool, int worker, int *victims, int *distances, int count)
{
    bool sense = worker >= 0 && count >= 0 && (victims || !count);
    int err = sense ? wf_pool_meant(pool, &pool) : -EINVAL;
    if (err)
        return err;
    if ((unsigned)worker >= pool->workers)
        return -EINVAL;
    int others = (int)pool->workers - 1;
    for (int i = 0; i < count && i < others; i++) {
        victims[i] = wf_worker_at(pool, (unsigned)worker)->victims[i];
        if (distances)
            distances[i] = distance_of(pool, worker, victims[i]);
    }
    return others;
}

/* ---- text -------------------------------------------------------------------------------------- */

typedef struct writer {
    char *text;
    size_t bytes, used; /* used: of the whole text, also where there was no room for it */
} writer;

__attribute__((format(printf, 2, 3))) static void add(writer *out, const char *format, ...)
{
    size_t room = out->used < out->bytes ? out->bytes - out->used : 0;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(room ? out->text + out->used : NULL, room, format, args);
    va_end(args);
    out->used += length > 0 ? (size_t)length : 0;
}

/* "1 PU", "2 PUs" */
static void add_count(writer *out, const char *before, int count, const char *what)
{
    add(out, "%s%d %s%s", before, count, what, count == 1 ? "" : "s");
}

static const char *origin_text(int origin)
{
    static const char *const texts[] = {
        [WEFT_ORIGIN_CONFIG] = "as the config says",
        [WEFT_ORIGIN_ENVIRONMENT] = "as the environment says",
        [WEFT_ORIGIN_MASK] = "one per PU of the affinity mask",
        [WEFT_ORIGIN_TOPOLOGY] = "one per PU of the given topology",
        [WEFT_ORIGIN_QUOTA] = "as many as the CPU quota lets run",
        [WEFT_ORIGIN_RESIZE] = "as the program said last",
        [WEFT_ORIGIN_PART] = "one per PU of the pool's part of the machine",
    };
    return texts[origin];
}

static const char *source_text(const weft_pool_info *info)
{
    if (!info->this_system)
        return "another one than this system, from the given topology: nothing is bound";
    return info->source == WEFT_SOURCE_MASK    ? "known by its affinity mask alone"
           : info->source == WEFT_SOURCE_HWLOC ? "described by hwloc"
                                               : "described by the given topology";
}

/* Only where there is something to tell. */
static void add_limits(writer *out, const char *file, const weft_pool_info *info)
{
    if (info->ignored)
        add(out, "WEFT_WORKERS is no number of workers and was ignored\n");
    if (info->period_us)
        add(out, "CPU quota: %" PRId64 " us in each %" PRId64 " us (%s)\n", info->quota_us, info->period_us,
            file);
}

/* "8 PUs in 2 domains", "2 of 8 PUs (nodes 1) in 1 domain" */
static void add_pus(writer *out, const char *part, const weft_pool_info *info)
{
    if (*part)
        add(out, "%d of ", info->pus);
    add_count(out, "", info->pus_whole, "PU");
    if (*part)
        add(out, " (%s)", part);
    add_count(out, " in ", info->domains, "domain");
}

static void add_pool(writer *out, const weft_pool *pool, const weft_pool_info *info)
{
    add_count(out, "", info->workers, "worker");
    if (info->workers < info->workers_wanted)
        add(out, " of %d (the system refused the others)", info->workers_wanted);
    add(out, ", %s", origin_text(info->workers_origin));
    add_count(out, "; ", info->seats, "seat");
    add(out, " for guests");
    add_count(out, "; up to ", info->spare_max, "spare");
    add(out, "; pool \"%s\"\n", pool->name);
    if (info->follows || info->resized) {
        add(out, "up to %d workers", info->workers_max);
        add_count(out, "; ", info->threads, "thread");
        add(out, "; resized %" PRId64 " times%s\n", info->resized,
            info->follows ? "; follows the machine" : "");
    }
    add(out, "machine: ");
    add_pus(out, pool->part, info);
    add(out, ", %s", source_text(info));
    add_count(out, "; the process may use ", info->mask_pus, "PU");
    add(out, "\n");
}

static void add_binding(writer *out, int planned, const weft_worker_info *info)
{
    const char *to = planned == WEFT_BIND_PU ? "its PU" : "its domain";
    if (planned == WEFT_BIND_NONE)
        add(out, "not to be bound");
    else if (info->bound == WEFT_BIND_NONE)
        add(out, "NOT bound to %s", to);
    else
        add(out, "bound to %s", to);
    if (info->bind_err)
        add(out, ": %s (%s)", strerrordesc_np(-info->bind_err), strerrorname_np(-info->bind_err));
    if (info->mask_pus && info->bound != WEFT_BIND_PU)
        add_count(out, "; may run on ", info->mask_pus, "PU");
}

static void add_worker(writer *out, int planned, unsigned index, const weft_worker_info *info)
{
    add(out, "worker %u: PU %d", index, info->pu);
    if (info->node >= 0)
        add(out, ", node %d", info->node);
    add(out, ", domain %d: ", info->domain);
    add_binding(out, planned, info);
    if (info->place != 1)
        add(out, "; without a place%s", info->place ? ", and still at work" : ", stands still");
    add(out, "\n");
}

int weft_pool_describe(weft_pool *pool, char *text, size_t bytes)
{
    writer out = {text, bytes, 0};
    int err = text || !bytes ? wf_pool_meant(pool, &pool) : -EINVAL;
    if (err)
        return err;
    wf_turn_take(pool);
    wf_binding_wait(pool);
    weft_pool_info info = info_of(pool);
    add_pool(&out, pool, &info);
    add_limits(&out, pool->size.limits.file, &info);
    for (unsigned i = 0; i < pool->workers; i++) {
        weft_worker_info worker = worker_info_of(pool, i);
        if (wf_worker_at(pool, i)->made)
            add_worker(&out, info.bind, i, &worker);
    }
    wf_turn_give(pool);
    return (int)out.used;
}
