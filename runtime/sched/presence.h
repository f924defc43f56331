/* SPDX-License-Identifier: MIT */
/*
 * sched/presence.h - who blocks in the middle of its work and goes on, comes from outside and leaves, is dismissed and
 * comes back. Who leaves a place (sched/places.h) sees to it that what is left to do finds somebody (sched/sleep.h).
 */
#ifndef WF_SCHED_PRESENCE_H
#define WF_SCHED_PRESENCE_H

#include "sched/worker.h"

/* The calling worker or guest is about to park in the middle of its work: its place is free. Nests. */
void wf_block_begin(wf_worker *self, enum wf_wait why, const void *what);
void wf_block_end(wf_worker *self);
/* A guest turns active, and leaves. */
void wf_guest_begin(wf_worker *self);
void wf_guest_end(wf_worker *self);

/* After places were added: for whom it had been too full. */
void wf_places_grew(weft_pool *pool);
/* The calling worker searches, and is not counted any more: who published until now may have counted on it. And again. */
void wf_count_out(wf_worker *self);
void wf_count_in(wf_worker *self);

#endif
