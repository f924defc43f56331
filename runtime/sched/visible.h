/* SPDX-License-Identifier: MIT */
/*
 * sched/visible.h - what others may take from a pool's workers, guests and spares just now: public children and what is
 * left of ranges. Looks only; in sequentially consistent order, for who looks once more before it sleeps.
 */
#ifndef WF_SCHED_VISIBLE_H
#define WF_SCHED_VISIBLE_H

#include "sched/worker.h"

/* Is there anything left in victim's ranges? */
bool wf_range_visible(const wf_worker *victim);
/* In these, or of its loop that is laid out over nodes? */
bool wf_loop_visible(const wf_worker *victim);

/* Units of its open ranges, that others may cut; a hint. */
uint64_t wf_units_of(const wf_worker *worker);

/* Does anybody but this one show a child or a range? NULL: anybody at all. */
bool wf_visible(const weft_pool *pool, const wf_worker *but);

#endif
