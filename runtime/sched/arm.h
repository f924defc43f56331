/* SPDX-License-Identifier: MIT */
/*
 * sched/arm.h - the monitor's bell: who turns the pool fully active rings it (sched/monitor.h tells when, and what for).
 *
 *   OFF     the pool has no spares, and so nobody to call
 *   NONE    no thread was needed yet, or none could be had: it is made by who rings, again WF_SPARE_RETRY_NS later at the
 *           earliest
 *   PARKED  it sleeps: the ring wakes it
 *   AWAKE   it works or naps, and will look before it parks: a ring is this one load
 *
 * R1 the ringer changes pool->idle or a queue (seq_cst)   R2 reads state (seq_cst)
 * M1 the monitor: state = PARKED (seq_cst)   M2 looks once more whether it is needed   M3 parks
 * Either R2 sees M1 or M2 sees R1.
 */
#ifndef WF_SCHED_ARM_H
#define WF_SCHED_ARM_H

#include "sched/worker.h"

enum wf_bell { WF_AWAKE, WF_OFF, WF_PARKED, WF_NONE };

/* Before anybody knows the pool; main: of its thread, the argument is the pool. */
void wf_arm_init(weft_pool *pool, void *(*main)(void *pool));
void wf_arm_slow(weft_pool *pool);

/* Any thread. */
static inline void wf_arm(weft_pool *pool)
{
    if (wf_load_seq_cst(&pool->monitor.state) >= WF_PARKED) /* pair MO1 -> wf_arm_parks(): R2 */
        wf_arm_slow(pool);
}

/* The monitor's: M1; and it stays awake after all, or was woken. */
void wf_arm_parks(weft_pool *pool);
void wf_arm_stays(weft_pool *pool);

/* Ends the monitor's thread, if there is one; nobody rings any more. And is it to end? */
void wf_arm_end(weft_pool *pool);
bool wf_arm_ends(const weft_pool *pool);

#endif
