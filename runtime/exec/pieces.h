/* SPDX-License-Identifier: MIT */
/*
 * exec/pieces.h - the items of a map under an executor's limit, divided among those who run them.
 *
 * - The items are one stretch, or several that lie on different NUMA nodes (par/near.h). A stretch is taken from its
 *   beginning, piece by piece, by adding to the number of the next item.
 * - A piece is a share of what is left of its stretch, so pieces get smaller towards the end.
 * - Who takes one takes it from the stretch nearest to where he is, of those of which something is left. Where runners
 *   of an executor sit is the pool's affair: so a node's stretch begins there as soon as one of them is there.
 */
#ifndef WF_EXEC_PIECES_H
#define WF_EXEC_PIECES_H

#include "sched/layout.h"

typedef struct wf_pieces {
    unsigned count;     /* of stretches */
    size_t share, unit; /* of what is left: one of so many; no piece is smaller than that, but the last one */
    struct {
        uint32_t place; /* as in wf_plan */
        size_t next;    /* the first item that nobody has taken */
        size_t end;
    } stretch[WF_STRETCHES_MAX];
} wf_pieces;

/* plan: NULL: one stretch. width: so many take pieces at the same time. */
void wf_pieces_init(wf_pieces *pieces, const wf_plan *plan, size_t items, size_t width, size_t unit);
/* Any thread; self: the worker that it is, of the plan's pool, or NULL. False: nothing is left. */
bool wf_pieces_take(wf_pieces *pieces, const wf_worker *self, size_t *begin, size_t *end);

#endif
