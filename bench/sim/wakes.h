/* SPDX-License-Identifier: MIT */
/* bench/sim/wakes.h - sched/sleep.c, presence.c and places.c restated: who counts as what, and who is woken. */
#ifndef SIM_WAKES_H
#define SIM_WAKES_H

#include "pool.h"

enum sim_amount { SIM_CRUMB, SIM_ASKED_FOR, SIM_PLENTY };

void sim_notify(sim_place *self, enum sim_amount amount);
/* wf_wake_on_node, and only when one sleeps. */
void sim_wake_on_node(sim_place *self, unsigned place);
/* A place that sleeps in the middle of its work. */
void sim_wake_waiter(sim_place *self, sim_place *waiter);
void sim_block_begin(sim_place *self);
void sim_block_end(sim_place *self);
void sim_search_begin(sim_place *self);
/* Nobody watches any more. */
bool sim_search_end(sim_place *self);
bool sim_nap_begin(sim_place *self, bool lengthy);
void sim_nap_end(sim_place *self);
bool sim_others_active(const sim_place *self);
bool sim_activity(sim_place *self);
bool sim_visible(const sim_place *self);
/* wf_range_visible, wf_loop_visible. */
bool sim_range_visible(const sim_place *victim);
bool sim_loop_visible(const sim_place *victim);
/* Owner of what self runs, if it sleeps: woken. */
bool sim_wake_origin(sim_place *self);

#endif
