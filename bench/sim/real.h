/* SPDX-License-Identifier: MIT */
/* bench/sim/real.h - the simulation's jobs on a real pool of two workers, with what its counters say of them. */
#ifndef SIM_REAL_H
#define SIM_REAL_H

#include <weft/insight.h>

#include "work.h"

/* Rounds of an empty loop for a nanosecond of the simulation, about. */
#define REAL_SPINS_PER_NS 3

/* fib of tree->levels, each call spins for about tree->task; the value. */
long real_fib(const sim_tree *tree, weft_counters *done);
/* Its items spin as long as theirs take; how many ran. */
long real_loop(const sim_loop *loop, weft_counters *done);

#endif
