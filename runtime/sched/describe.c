/* SPDX-License-Identifier: MIT */
/*
 * sched/describe.c - what a pool is and what became of its plans: weft_pool_describe, weft_pool_inspect and
 * weft_worker_inspect of weft/pool.h.
 *
 * - The text is written from the values that programs get: the two cannot disagree.
 * - Everything was noted when the pool was created and when its threads started; nothing is measured here.
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
        [WF_SIZE_CONFIG] = WEFT_ORIGIN_CONFIG,
        [WF_SIZE_ENVIRONMENT] = WEFT_ORIGIN_ENVIRONMENT,
        [WF_SIZE_MASK] = WEFT_ORIGIN_MASK,
        [WF_SIZE_QUOTA] = WEFT_ORIGIN_QUOTA,
    };
    bool all_pus = pool->size.origin == WF_SIZE_MASK;
    return all_pus && pool->machine->source == WF_HOST ? WEFT_ORIGIN_TOPOLOGY : origins[pool->size.origin];
}

static weft_pool_info info_of(const weft_pool *pool)
{
    const wf_machine *machine = pool->machine;
    weft_pool_info info = {.size = sizeof info};
    info.workers = (int)wf_load_relaxed(&pool->started); /* owner only: set before the pool was known */
    info.workers_wanted = (int)pool->workers;
    info.workers_origin = origin_of(pool);
    info.seats = (int)pool->guests;
    info.bind = pool->bind;
    info.source = source_of(machine);
    info.this_system = machine->here;
    info.pus = machine->pus;
    info.domains = machine->domains;
    info.mask_pus = machine->mask_pus;
    info.quota_us = pool->size.limits.quota_us;
    info.period_us = pool->size.limits.period_us;
    info.ignored = pool->size.ignored;
    return info;
}

/* After wf_binding_wait(). */
static weft_worker_info worker_info_of(const weft_pool *pool, unsigned index)
{
    const wf_worker *worker = wf_worker_at(pool, index);
    const wf_pu *pu = &pool->machine->pu[worker->pu];
    weft_worker_info info = {.size = sizeof info};
    info.pu = pu->os_index;
    info.node = pu->node;
    info.domain = pu->domain;
    info.bound = worker->bound;
    info.bind_err = worker->bind_err;
    info.mask_pus = worker->bind_cpus;
    return info;
}

int weft_pool_inspect(weft_pool *pool, weft_pool_info *info)
{
    int err = info ? wf_pool_meant(pool, &pool) : -EINVAL;
    if (err)
        return err;
    weft_pool_info found = info_of(pool);
    return wf_config_write(info, &found, sizeof found, sizeof found) ? 0 : -EINVAL;
}

int weft_worker_inspect(weft_pool *pool, int worker, weft_worker_info *info)
{
    int err = info && worker >= 0 ? wf_pool_meant(pool, &pool) : -EINVAL;
    if (err)
        return err;
    if (worker >= info_of(pool).workers)
        return -EINVAL;
    wf_binding_wait(pool);
    weft_worker_info found = worker_info_of(pool, (unsigned)worker);
    return wf_config_write(info, &found, sizeof found, sizeof found) ? 0 : -EINVAL;
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

static void add_pool(writer *out, const char *name, const weft_pool_info *info)
{
    add_count(out, "", info->workers, "worker");
    if (info->workers < info->workers_wanted)
        add(out, " of %d (the system refused the others)", info->workers_wanted);
    add(out, ", %s", origin_text(info->workers_origin));
    add_count(out, "; ", info->seats, "seat");
    add(out, " for guests; pool \"%s\"\n", name);
    add_count(out, "machine: ", info->pus, "PU");
    add_count(out, " in ", info->domains, "domain");
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
    add(out, "\n");
}

int weft_pool_describe(weft_pool *pool, char *text, size_t bytes)
{
    writer out = {text, bytes, 0};
    int err = text || !bytes ? wf_pool_meant(pool, &pool) : -EINVAL;
    if (err)
        return err;
    wf_binding_wait(pool);
    weft_pool_info info = info_of(pool);
    add_pool(&out, pool->name, &info);
    add_limits(&out, pool->size.limits.file, &info);
    for (unsigned i = 0; i < (unsigned)info.workers; i++) {
        weft_worker_info worker = worker_info_of(pool, i);
        add_worker(&out, info.bind, i, &worker);
    }
    return (int)out.used;
}
