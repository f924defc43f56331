/* SPDX-License-Identifier: MIT */
/* bench/sim/idle.h - sched/idle.c and find.c restated: what a place does that has nothing to do. */
#ifndef SIM_IDLE_H
#define SIM_IDLE_H

#include "pool.h"

/* Awake from the start, and counted as searching. */
void sim_idle_begin(sim_place *self);
/* What it had found has ended. */
void sim_idle_after_work(sim_place *self);
/* Woken from sleep, and counted as searching. */
sim_step sim_idle_woken;
sim_step sim_idle_nap_over;
/* wf_ask: its next fork publishes; true: its children were published in its stead. */
bool sim_ask(sim_place *self, sim_place *victim);

#endif
