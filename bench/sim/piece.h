/* SPDX-License-Identifier: MIT */
/* bench/sim/piece.h - sched/loop.c restated: a loop in blocks, pieces that are cut from it, its owner's wait. */
#ifndef SIM_PIECE_H
#define SIM_PIECE_H

#include "pool.h"

/* The whole loop runs next. */
void sim_piece_root(sim_place *self);
/* wf_loop_cut: a piece from one of victim's ranges, the outermost that is worth it. */
bool sim_piece_cut(sim_place *self, sim_place *victim, wf_span *piece);
/* It runs next. */
void sim_piece_push(sim_place *self, wf_span piece);
/* One step of what is on top; false: the step's event is set, or it sleeps. */
bool sim_piece_step(sim_place *self);

#endif
