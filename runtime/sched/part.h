/* SPDX-License-Identifier: MIT */
/*
 * sched/part.h - the part of the machine that a config confines its pool to: its cpus, nodes and core_kind.
 *
 * - The machine is cut to it before anything else is made of it: size, places, victims and binding know no other.
 * - All threads of the pool bind themselves within it, in whichever way (sched/binding.h).
 * - PUs outside it are none of the pool's plans, so following the machine (sched/follow.h) never finds one.
 */
#ifndef WF_SCHED_PART_H
#define WF_SCHED_PART_H

#include "sched/worker.h"

/* Which one is meant; false: a list or the number makes no sense. */
bool wf_part_read(wf_part *part, const char *cpus, const char *nodes, int core_kind);
/* Is there anything that it leaves out? */
bool wf_part_is_less(const wf_part *part);

/* Do the lists and the number of the config make sense? */
bool wf_part_sensible(const weft_pool_config *config);

/* Cuts the pool's machine, and puts in words to what. 0; -ENODEV: nothing is left of it; -ENOMEM. */
int wf_part_confine(weft_pool *pool, const weft_pool_config *config);

#endif
