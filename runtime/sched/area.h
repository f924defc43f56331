/* SPDX-License-Identifier: MIT */
/*
 * sched/area.h - areas: those of a pool's places that are on a part of the machine, for executors that are confined to it.
 *
 * An area has an inbox, into which its places look as into their node's (sched/home.h); a place may be in several. It is made
 * when its first executor is, and stays as long as the pool: executors that mean the same places have the same area.
 */
#ifndef WF_SCHED_AREA_H
#define WF_SCHED_AREA_H

#include "sched/worker.h"

/* 0; -ENODEV: no worker sits there; -ENOMEM: the pool has WF_AREAS_MAX others. */
int wf_area_find(weft_pool *pool, const wf_part *part, wf_home *home);

/* How many of its places have a worker now. A hint. */
unsigned wf_area_size(const weft_pool *pool, unsigned area);

#endif
