/* SPDX-License-Identifier: MIT */
/*
 * par/reduce.h - parallel_reduce; the public face is weft/parallel.h.
 *
 * A loop whose pieces have a state (sched/loop.h), here an accumulator. A piece runs upwards, so that each of its
 * blocks continues where the one before ended, and nothing is combined inside it; the one exception, its last unit, which
 * it may run first, has an accumulator of its own. data/partials.h combines what meets, in the order of the items. What
 * begins at the first item accumulates in the caller's result itself: a loop that nobody cuts touches no other memory
 * and combines nothing.
 *
 * Memory for accumulators is there before the first item: address space that the worker keeps for its next call, and
 * of which only those pages are taken that accumulators come to lie in.
 */
#ifndef WF_PAR_REDUCE_H
#define WF_PAR_REDUCE_H

#include <weft/parallel.h>

#endif
