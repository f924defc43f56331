/* SPDX-License-Identifier: MIT */
/*
 * sched/pools.h - all pools of the process, for who wants to see them all.
 *
 * A pool is in the list from when its threads have started until just before it is freed: found under the lock, it
 * stays as long as the lock is held. In a child of fork(2) the list begins anew: the parent's pools are not in it.
 */
#ifndef WF_SCHED_POOLS_H
#define WF_SCHED_POOLS_H

#include "sched/worker.h"

void wf_pools_add(weft_pool *pool);
void wf_pools_remove(weft_pool *pool);

/* False: others hold the lock, or the caller was interrupted while it did. Safe in a signal handler. */
bool wf_pools_try_lock(void);
void wf_pools_lock(void);
void wf_pools_unlock(void);
/* Under the lock: the oldest pool whose number is not below; NULL: none. Numbers only grow. */
const weft_pool *wf_pools_from(uint64_t number);

#endif
