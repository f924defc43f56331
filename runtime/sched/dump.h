/* SPDX-License-Identifier: MIT */
/*
 * sched/dump.h - what everybody does just now, as text; the public face is weft/insight.h.
 *
 * - A line is made in a buffer on the stack and written at once. With all pools it is made under the lock of their
 *   list, so that its pool cannot go, and written without: whoever creates or destroys a pool never waits for a
 *   descriptor.
 * - All words of others are read by relaxed loads; what they point to is read only where it outlives the pool's
 *   threads: slots and loops lie in the pool's own memory, task records in its slab.
 */
#ifndef WF_SCHED_DUMP_H
#define WF_SCHED_DUMP_H

#include "sched/worker.h"

#endif
