/* SPDX-License-Identifier: MIT */
/* exec/pieces.c - see pieces.h. */
#include "exec/pieces.h"

#define PIECES_EACH 4 /* while much is left: of what is left, everybody gets so many pieces */

void wf_pieces_init(wf_pieces *pieces, const wf_plan *plan, size_t items, size_t width, size_t unit)
{
    pieces->count = plan ? plan->count : 1;
    pieces->share = PIECES_EACH * (width > pieces->count ? width / pieces->count : 1);
    pieces->unit = unit;
    for (unsigned i = 0; i < pieces->count; i++) {
        pieces->stretch[i].place = plan ? plan->stretch[i].place : WF_NO_PLACE;
        pieces->stretch[i].next = i ? pieces->stretch[i - 1].end : 0;
        pieces->stretch[i].end = plan ? plan->stretch[i].end : items;
    }
}

/* Of those of which something is left; count: none. */
static unsigned nearest(wf_pieces *pieces, const wf_worker *self)
{
    unsigned best = pieces->count, least = UINT32_MAX;
    for (unsigned i = 0; i < pieces->count; i++) {
        if (wf_load_relaxed(&pieces->stretch[i].next) >=
            pieces->stretch[i].end) /* re-checked by the exchange */
            continue;
        unsigned far = self && pieces->count > 1 ? wf_layout_distance(self, pieces->stretch[i].place) : 0;
        if (far < least) {
            best = i;
            least = far;
        }
    }
    return best;
}

static bool take_from(wf_pieces *pieces, unsigned i, size_t *begin, size_t *end)
{
    size_t *next = &pieces->stretch[i].next, last = pieces->stretch[i].end;
    size_t from = wf_load_relaxed(next); /* re-checked by the exchange */
    do {
        if (from >= last)
            return false;
        size_t left = last - from, piece = left / pieces->share;
        piece = piece > pieces->unit ? piece : pieces->unit;
        *begin = from;
        *end = from + (piece < left ? piece : left);
    } while (!wf_cas_relaxed(next, &from, *end)); /* statistic: items bring nothing along */
    return true;
}

bool wf_pieces_take(wf_pieces *pieces, const wf_worker *self, size_t *begin, size_t *end)
{
    unsigned i;
    while ((i = nearest(pieces, self)) < pieces->count)
        if (take_from(pieces, i, begin, end))
            return true;
    return false;
}
