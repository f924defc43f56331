/* SPDX-License-Identifier: MIT */
/*
 * sched/layout.h - a loop that is laid out over the NUMA nodes of its pool: which of its items begin where.
 *
 * - In pools on more than one node, and only loops inside no other. All others know of it by a NULL or a zero.
 * - A plan divides the items: by places, so that of n places the k-th has the k-th n-th, as WEFT_NUMA_BLOCKED divides
 *   pages; or by the pages of an array (par/near.h). Neighbours on one node make one stretch.
 * - Each stretch is a range (data/range.h) in a record of the loop's owner. The first of its own node is the owner's own
 *   range; of the others it takes block after block when that is empty, near ones first. The first thief from a
 *   stretch's node takes all that is left of it and runs it as a piece: from that its neighbours cut. A thief from
 *   elsewhere that finds nothing else cuts half, from the far end.
 * - A stretch only shrinks. So when the owner has found all of them empty, all units are somebody's, and its wait need
 *   not look at them again. One that is left over from the loop before is empty.
 * - pool->laid_out counts the loops of which a stretch may be left, so that thieves ask all workers only then. It is raised
 *   before the stretches are there, and lowered by the owner, between two blocks, when all are empty. The last look before
 *   sleep does without it.
 * - Who finds out first that the loop lasts, its owner or a thief, wakes a sleeper for each stretch, on its node.
 *
 * Whose node a stretch is for is a hint: any thread may take any unit, and each goes to one.
 */
#ifndef WF_SCHED_LAYOUT_H
#define WF_SCHED_LAYOUT_H

#include "sched/worker.h"

#define WF_NO_PLACE UINT32_MAX /* of a stretch that is near to nobody */

typedef struct wf_plan {
    unsigned count;
    struct {
        uint32_t place; /* one on its node, by the worker's index */
        size_t end;     /* items before it; the last one's are all */
    } stretch[WF_STRETCHES_MAX];
} wf_plan;

/* When the pool's nodes are known. 0 or -ENOMEM. */
int wf_layout_init(weft_pool *pool);
void wf_layout_fini(weft_pool *pool);
/* Under sizing.turn, when it has changed who sits. */
void wf_layout_follow(weft_pool *pool);

/* False: the pool's places are on one node, on more than there are stretches, or it is not worth it. */
bool wf_layout_by_places(const weft_pool *pool, size_t items, wf_plan *plan);
/* self's outermost loop, whose record is there: what is its own of all but the first unit; may be nothing. */
wf_span wf_layout_lay(wf_worker *self, const wf_plan *plan, uint32_t root);
/* Owner, after each block: when all stretches are empty the loop is laid out no more. */
void wf_layout_end_if_empty(wf_worker *self);
/* Owner: the nearest stretch of which something is left; NULL: there is none. */
wf_range *wf_layout_next(wf_worker *self);

/* Is it worth asking all? */
static inline bool wf_layout_some(const weft_pool *pool)
{
    return wf_load_relaxed(&pool->laid_out); /* hint: who sleeps has looked at all */
}
/* From self, also a guest, to a stretch's place. 0: it is self's node. */
unsigned wf_layout_distance(const wf_worker *self, uint32_t place);
/* From somebody's loop: a stretch of self's node, or a half of any. */
bool wf_layout_take(wf_worker *self, bool home, wf_worker **owner, wf_span *taken);
/* It lasts: who takes part in it calls others. */
void wf_layout_call(wf_worker *self, wf_worker *owner);

#endif
