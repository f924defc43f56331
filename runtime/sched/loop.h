/* SPDX-License-Identifier: MIT */
/*
 * sched/loop.h - running loops, cutting pieces from those of others.
 *
 * Owner: O1 record and latch (all units), O2 range (seq_cst) of all units but the first, O3 somebody to wake? O4 the
 * first, then block by block until the range is empty, O5 reports its items; waits until the latch opens: helps with
 * what belongs to the loop (pieces of it anywhere; children forked above such a piece), spins, parks.
 * Thief: T1 peeks a range, T2 cuts it by exchange, T3 only now reads the root's record: its units are not
 * reported, so the latch is closed and the record valid, T4 runs the piece: keeps its first unit, others may cut the
 * rest, T5 reports the units that it ran itself; the last one wakes a parked owner.
 * So whoever takes something runs something, and the first item of a loop runs in its caller.
 * On several NUMA nodes the outermost loop has more than one range: sched/layout.h. T2 is the same for each.
 *
 * A block lasts about WF_BLOCK_NS; the first is one unit, and none is more than WF_BLOCK_GROWTH times the one
 * before. What is left and known to last less than WF_SHORT_NS is left alone by thieves, unless it does not move.
 *
 * Every unit is reported exactly once, by who ran it: sum of reports == units. A thief whose exchange
 * succeeded owns its units; the owner's wait cannot end before they are reported.
 */
#ifndef WF_SCHED_LOOP_H
#define WF_SCHED_LOOP_H

#include "sched/layout.h"

/* A range that was seen with something to cut, and the piece once it was cut. */
typedef struct wf_piece {
    wf_loop *from;
    wf_span span;
} wf_piece;

/* Runs a whole loop; self is inside its pool. */
void wf_loop_run(wf_worker *self, size_t begin, size_t items, weft_range_fn *body, void *ctx);
/* The same, laid out over nodes in this way if it is inside no other loop and its pool is on several; NULL: by places. */
void wf_loop_run_planned(wf_worker *self, size_t begin, size_t items, weft_range_fn *body, void *ctx,
                         const wf_plan *plan);
/* The same with a state for each piece: the caller's own and each that was cut. A worker is in one piece of a loop at a
 * time, for it waits for nothing but what its piece began. */
void wf_loop_run_stateful(wf_worker *self, size_t begin, size_t items, const wf_stateful *body, void *ctx);

/* Cuts a piece from one of victim's ranges, the outermost that is worth it. */
bool wf_loop_cut(wf_worker *self, wf_worker *victim, wf_piece *piece);
/* Runs it. */
void wf_loop_run_piece(wf_worker *self, const wf_piece *piece);
#endif
