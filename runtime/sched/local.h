/* SPDX-License-Identifier: MIT */
/*
 * sched/local.h - worker-local values; the public face is weft/local.h.
 *
 * - One pointer per index, written and read by who has the index; so a get is two loads.
 * - A thread that has no index (outside, or no seat was free) finds its value in a list by its thread id.
 * - The pool knows its sets and ends them with itself.
 */
#ifndef WF_SCHED_LOCAL_H
#define WF_SCHED_LOCAL_H

#include <weft/local.h>

#include "sched/worker.h"

/* Ends all sets of a pool that nobody uses any more. */
void wf_local_destroy_all(weft_pool *pool);

/* weft_local_create for a pool that was found to be usable. */
int wf_local_create(weft_local **local, weft_pool *pool, const weft_local_config *config);

#endif
