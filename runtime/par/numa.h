/* SPDX-License-Identifier: MIT */
/*
 * par/numa.h - memory by NUMA node; the public face is weft/numa.h, the kernel's calls are in os/nodes.h.
 *
 *   1 homes   the nodes that the memory is for: one, or that of each of the pool's places, in their order
 *   2 lay     a policy for the pages, by parts or in turn; nothing is there yet
 *   3 touch   by all workers: where the kernel took the policy it does not matter by which one. If it did not, who touches
 *             decides: for local memory that is the caller alone
 */
#ifndef WF_PAR_NUMA_H
#define WF_PAR_NUMA_H

#include <weft/numa.h>

#endif
