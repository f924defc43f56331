/* SPDX-License-Identifier: MIT */
/*
 * os/machine.h - the PUs that a pool may use, and how far they are from each other.
 *
 * - hwloc gives the tree, sched_getaffinity what may be used of it: hwloc alone does not apply the mask.
 * - The process's own topology is loaded once, on first need (2 to 8 ms), without I/O objects and without
 *   letting hwloc rebind the calling thread while it looks. A host that has loaded one hands it over: it is
 *   only read, while the machine is made.
 * - Where hwloc finds nothing, or is not asked, the mask alone counts and all PUs are equally far.
 * - A topology can describe another machine (synthetic, from a file). Then no mask applies, and nothing can
 *   be bound: hwloc's own binding calls would succeed there and do nothing.
 * - A level that the machine does not have is as fine as the level below it: without any cache two cores
 *   share none.
 * - A machine that is confined to a part of itself is as one whose mask has no other PUs.
 */
#ifndef WF_OS_MACHINE_H
#define WF_OS_MACHINE_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The smallest thing that two PUs share, from near to far; CACHE is the last level. */
enum wf_distance { WF_SAME_CORE, WF_SAME_L2, WF_SAME_CACHE, WF_SAME_NODE, WF_SAME_PACKAGE, WF_SAME_MACHINE };

/* Who described the machine. */
enum wf_source { WF_MASK, WF_HWLOC, WF_HOST, WF_SYNTHETIC, WF_XML };

/* Cores of the fastest kind, or whose kind is not known; all others. */
enum wf_core_kind { WF_CORES_ALL, WF_CORES_PERFORMANCE, WF_CORES_EFFICIENCY };

typedef struct wf_pu {
    int os_index;  /* what sched_setaffinity calls it */
    int tree;      /* which it is of the machine's PUs in the order of the tree */
    int core_rank; /* its core's, 0 <= core_rank < core_kinds, slow and frugal ones first; -1: not known */
    int node;      /* its own memory's, as the kernel counts nodes; -1: not known */
    int domain;    /* the PUs of one node that share a cache, or the node's where no cores share one */
    uint64_t shares[5]; /* by wf_distance: which core, L2, last-level cache, node (of `nodes`), package */
} wf_pu;

typedef struct wf_machine {
    int pus;           /* at least 1 */
    int domains;       /* 0 <= pu.domain < domains */
    int nodes;         /* side of `nearer` */
    int core_kinds;    /* of the whole machine; 0: not known */
    int whole;         /* PUs that it had before it was confined; 0: it is not */
    int mask_pus;      /* in the affinity mask of the thread that looked, whatever the machine */
    size_t cpus_bytes; /* of a CPU set that holds each PU and that the kernel accepts */
    enum wf_source source;
    bool here;        /* it is this system: its PUs can be bound to */
    uint16_t *nearer; /* [from * nodes + to]: how many nodes are nearer to `from` than `to` is */
    wf_pu pu[];
} wf_machine;

/* Has this system more than one NUMA node? */
static inline bool wf_machine_several_nodes(const wf_machine *machine)
{
    return machine->here && machine->nodes > 2; /* one row is for PUs without a node */
}

/* The PUs of the calling thread's affinity mask now: one of each core in the order of the tree (neighbours
 * are near), then the second ones of the cores that have them, and so on. To be freed with wf_free, like all
 * machines below. NULL: no memory. */
wf_machine *wf_machine_detect(bool ask_hwloc);

/* The same from a host's loaded hwloc_topology_t, which must not change during the call. If it is this
 * system: the PUs that it has and the mask allows, else all of them. 0; -ENOMEM; -EINVAL: not loaded, of
 * another hwloc, or no PU is left. */
int wf_machine_given(wf_machine **machine, void *topology);

/* A machine that nobody owns: from an hwloc synthetic description or from an XML file's path, whatever the
 * environment says, and as if `allowed` were the affinity mask (NULL: all PUs). Errors as above. */
int wf_machine_imagined(wf_machine **machine, enum wf_source source, const char *text,
                        const cpu_set_t *allowed, size_t bytes);

/* What all of its three say. The lists are valid ones (base/numbers.h), of numbers as the kernel counts; NULL: all. */
typedef struct wf_part {
    const char *cpus, *nodes; /* a PU is of its own memory's node */
    enum wf_core_kind core_kind;
} wf_part;

/* Is a PU of the machine in the part? */
bool wf_machine_has(const wf_machine *machine, const wf_pu *pu, const wf_part *part);
/* Leaves the machine those of its PUs that are in the part, in the order and the domains of a machine that has no others.
 * 0; -ENODEV: it has none of them, -ENOMEM: it is as before. */
int wf_machine_confine(wf_machine *machine, const wf_part *part);

enum wf_distance wf_distance(const wf_pu *a, const wf_pu *b);

/* The distance of two PUs in steps, 0 <= step < wf_machine_steps(): by wf_distance, and where that is equal
 * by the distance of their nodes. */
unsigned wf_machine_step(const wf_machine *machine, int from, int to);
unsigned wf_machine_steps(const wf_machine *machine);

/* Fills a zeroed set of cpus_bytes with the PU, or with all of its domain. */
void wf_machine_cpus(const wf_machine *machine, int pu, bool domain, cpu_set_t *set);

#endif
