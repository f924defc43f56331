/* SPDX-License-Identifier: MIT */
/* bench/sim/child.h - weft/fork.h, par/fork.c and sched/steal.c restated: tasks that fork, join and are stolen. */
#ifndef SIM_CHILD_H
#define SIM_CHILD_H

#include "pool.h"

/* A task that runs next. */
void sim_task_push(sim_place *self, const sim_node *node);
/* A stolen child that runs next. */
void sim_child_push(sim_place *self, sim_place *victim, weft_slot_ *slot);
/* One step of what is on top; false: the step's event is set, or it sleeps. */
bool sim_task_step(sim_place *self);
bool sim_stolen_step(sim_place *self);

#endif
