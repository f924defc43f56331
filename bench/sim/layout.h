/* SPDX-License-Identifier: MIT */
/*
 * bench/sim/layout.h - sched/layout.c restated: the loop in stretches, one for each run of places on a node. How many
 * items each has is the library's wf_layout_by_places. There is one loop, place 0's, and with it one layout.
 */
#ifndef SIM_LAYOUT_H
#define SIM_LAYOUT_H

#include "pool.h"

/* wf_layout_lay, after wf_layout_by_places: what is the owner's own of all but the first item. */
wf_span sim_layout_lay(sim_place *owner, wf_span all);
/* wf_layout_next, wf_layout_end_if_empty. */
wf_range *sim_layout_next(sim_place *owner);
void sim_layout_end_if_empty(sim_pool *pool);
/* wf_layout_take: from victim, which is the owner. */
bool sim_layout_take(sim_place *self, bool home, sim_place **victim, wf_span *taken);
/* wf_layout_call. */
void sim_layout_call(sim_place *self);
/* units_laid_out of sched/visible.c. */
uint64_t sim_layout_units(const sim_pool *pool);
/* Are they on one node? */
bool sim_layout_same_node(const sim_pool *pool, unsigned a, unsigned b);

#endif
