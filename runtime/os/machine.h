/* SPDX-License-Identifier: MIT */
/*
 * os/machine.h - the PUs that this process may use, and how far they are from each other.
 *
 * - hwloc gives the tree, sched_getaffinity what may be used of it: hwloc alone does not apply the mask.
 * - The topology is loaded once a process, on first need (2 to 8 ms), without I/O objects and without
 *   letting hwloc rebind the calling thread while it looks.
 * - Where hwloc finds nothing, or is not asked, the mask alone counts and all PUs are equally far.
 */
#ifndef WF_OS_MACHINE_H
#define WF_OS_MACHINE_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

/* The smallest thing that two PUs share, from near to far. */
enum wf_distance { WF_SAME_CORE, WF_SAME_CACHE, WF_SAME_NODE, WF_SAME_PACKAGE, WF_SAME_MACHINE };

typedef struct wf_pu {
    int os_index;  /* what sched_setaffinity calls it */
    int shares[4]; /* by wf_distance: number of the core, last-level cache, node, package */
} wf_pu;

typedef struct wf_machine {
    int pus; /* at least 1 */
    wf_pu pu[];
} wf_machine;

/* The PUs of the calling thread's affinity mask now, in the order of the tree (neighbours are near);
 * to be freed with wf_free. NULL: no memory. */
wf_machine *wf_machine_detect(bool ask_hwloc);

enum wf_distance wf_distance(const wf_pu *a, const wf_pu *b);

/* The bytes of a CPU set that can hold each PU of the machine. */
size_t wf_machine_cpus_bytes(const wf_machine *machine);

/* Fills a zeroed set with the PUs that are no farther than `reach` from `pu` (WF_SAME_CORE: it alone). */
void wf_machine_cpus(const wf_machine *machine, int pu, enum wf_distance reach, cpu_set_t *set, size_t bytes);

#endif
