/* SPDX-License-Identifier: MIT */
/* os/machine.c - see machine.h. */
#include "os/machine.h"

#include <errno.h>
#include <hwloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/memory.h"

/* The affinity mask of the calling thread, however many CPUs the kernel was built for. */
static cpu_set_t *affinity(size_t *bytes)
{
    for (int cpus = 1024; cpus <= 1 << 20; cpus *= 2) {
        *bytes = CPU_ALLOC_SIZE((size_t)cpus);
        cpu_set_t *set = wf_alloc(*bytes);
        if (!set || sched_getaffinity(0, *bytes, set) == 0)
            return set;
        wf_free(set);
        if (errno != EINVAL)
            break;
    }
    return NULL;
}

/* Loaded once and kept: hwloc's own memory, shared by all pools of the process. */
static hwloc_topology_t topology;

/* Without it hwloc finds nothing and says so on stderr. */
static const char sysfs[] = "/sys/devices/system/cpu";

static void load(void)
{
    hwloc_topology_t t;
    if (access(sysfs, F_OK) || hwloc_topology_init(&t))
        return;
    unsigned long flags = HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING;
    if (hwloc_topology_set_io_types_filter(t, HWLOC_TYPE_FILTER_KEEP_NONE) ||
        hwloc_topology_set_icache_types_filter(t, HWLOC_TYPE_FILTER_KEEP_NONE) ||
        hwloc_topology_set_flags(t, flags) || hwloc_topology_load(t)) {
        hwloc_topology_destroy(t);
        return;
    }
    topology = t;
}

static hwloc_topology_t loaded(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return topology;
}

static int number_of(hwloc_obj_t object)
{
    return object ? (int)object->logical_index : 0;
}

static void describe(wf_pu *pu, hwloc_topology_t t, hwloc_obj_t object)
{
    static const hwloc_obj_type_t caches[] = {HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L2CACHE};
    pu->os_index = (int)object->os_index;
    hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(t, HWLOC_OBJ_CORE, object);
    pu->shares[WF_SAME_CORE] = number_of(core ? core : object);
    pu->shares[WF_SAME_PACKAGE] = number_of(hwloc_get_ancestor_obj_by_type(t, HWLOC_OBJ_PACKAGE, object));
    hwloc_obj_t cache = hwloc_get_ancestor_obj_by_type(t, caches[0], object);
    if (!cache)
        cache = hwloc_get_ancestor_obj_by_type(t, caches[1], object);
    pu->shares[WF_SAME_CACHE] = number_of(cache);
    pu->shares[WF_SAME_NODE] = object->nodeset ? hwloc_bitmap_first(object->nodeset) : 0;
}

/* PUs of the topology that the mask allows; 0: hwloc is of no use here. */
static int from_hwloc(wf_machine *machine, const cpu_set_t *mask, size_t bytes)
{
    hwloc_topology_t t = loaded();
    hwloc_obj_t object = NULL;
    int pus = 0;
    if (!t)
        return 0;
    while ((object = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_PU, object)) != NULL)
        if (CPU_ISSET_S(object->os_index, bytes, mask) && pus < machine->pus)
            describe(&machine->pu[pus++], t, object);
    return pus;
}

static int from_mask(wf_machine *machine, const cpu_set_t *mask, size_t bytes)
{
    int pus = 0;
    for (size_t cpu = 0; cpu < bytes * 8 && pus < machine->pus; cpu++)
        if (CPU_ISSET_S(cpu, bytes, mask)) {
            memset(&machine->pu[pus], 0, sizeof machine->pu[pus]);
            machine->pu[pus].shares[WF_SAME_CORE] = pus;
            machine->pu[pus++].os_index = (int)cpu;
        }
    return pus;
}

wf_machine *wf_machine_detect(bool ask_hwloc)
{
    size_t bytes;
    cpu_set_t *mask = affinity(&bytes);
    if (!mask)
        return NULL;
    int count = CPU_COUNT_S(bytes, mask);
    wf_machine *machine = wf_alloc(sizeof *machine + (size_t)count * sizeof machine->pu[0]);
    if (machine) {
        machine->pus = count;
        /* Fewer than the mask has: hwloc looks at another machine or at a part of this one. */
        if (!ask_hwloc || from_hwloc(machine, mask, bytes) != count)
            machine->pus = from_mask(machine, mask, bytes);
    }
    wf_free(mask);
    return machine;
}

enum wf_distance wf_distance(const wf_pu *a, const wf_pu *b)
{
    for (int d = WF_SAME_CORE; d < WF_SAME_MACHINE; d++)
        if (a->shares[d] == b->shares[d])
            return (enum wf_distance)d;
    return WF_SAME_MACHINE;
}

size_t wf_machine_cpus_bytes(const wf_machine *machine)
{
    int last = 0;
    for (int i = 0; i < machine->pus; i++)
        if (machine->pu[i].os_index > last)
            last = machine->pu[i].os_index;
    return CPU_ALLOC_SIZE((size_t)last + 1);
}

void wf_machine_cpus(const wf_machine *machine, int pu, enum wf_distance reach, cpu_set_t *set, size_t bytes)
{
    for (int i = 0; i < machine->pus; i++)
        if (i == pu || (reach > WF_SAME_CORE && wf_distance(&machine->pu[pu], &machine->pu[i]) <= reach))
            CPU_SET_S((size_t)machine->pu[i].os_index, bytes, set);
}
