/* SPDX-License-Identifier: MIT */
/*
 * sched/note.h - what a worker notes down about itself for weft_pool_counters and weft_dump.
 *
 * Single writer: who sits in the record. A note is a relaxed load and store of one word, never a locked instruction;
 * who reads finds each word as it was a moment ago. Threads outside share the pool's record: they add.
 */
#ifndef WF_SCHED_NOTE_H
#define WF_SCHED_NOTE_H

#include "sched/worker.h"

/* One more, in the own record. */
static inline void wf_count(uint64_t *counter)
{
    wf_store_relaxed(counter, *counter + 1); /* statistic */
}

/* One more, in pool->outside. */
static inline void wf_count_shared(uint64_t *counter)
{
    (void)wf_add_relaxed(counter, (uint64_t)1); /* statistic */
}

/* What it begins to run that its user's code did not call itself, or goes on with. */
static inline void wf_note_origin(wf_worker *self, const wf_origin *origin)
{
    wf_store_relaxed(&self->origin.what, origin->what);   /* hint for others, as all of these */
    wf_store_relaxed(&self->origin.slot, origin->slot);   /* hint; or the loop, or the argument */
    wf_store_relaxed(&self->origin.owner, origin->owner); /* hint; or the function */
    wf_store_relaxed(&self->origin.since, origin->since); /* hint */
}

/* That it is about to park, and what for. */
static inline void wf_note_wait(wf_worker *self, enum wf_wait why, const void *what)
{
    wf_store_relaxed(&self->waits, (uintptr_t)what | why); /* hint */
}

#endif
