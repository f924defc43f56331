/* SPDX-License-Identifier: MIT */
/*
 * sched/victims.h - at which place a worker sits, and whom it robs first.
 *
 * - Near ones first: same core, L2, last-level cache, node, package, then the rest of the machine; what is
 *   equal there goes by the distance of the NUMA nodes.
 * - Equally far ones form a ring that starts behind the worker's own group, as far into it as the worker
 *   stands in its own: where groups are of one size, each worker is the first victim of exactly one. (A ring
 *   that starts at 0 for everybody sends a whole node's thieves to worker 0.)
 */
#ifndef WF_SCHED_VICTIMS_H
#define WF_SCHED_VICTIMS_H

#include "os/machine.h"

/* The PU (of the machine) of worker `index`: all are used before any is used twice. */
static inline int wf_place_of(const wf_machine *machine, unsigned index)
{
    return (int)(index % (unsigned)machine->pus);
}

/* Fills `victims`, workers * (workers - 1) of them: worker 0's, then worker 1's, and so on. 0 or -ENOMEM. */
int wf_victims_fill(uint16_t *victims, const wf_machine *machine, unsigned workers);

#endif
