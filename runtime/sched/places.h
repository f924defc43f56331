/* SPDX-License-Identifier: MIT */
/*
 * sched/places.h - who holds a place, and who leaves one to others.
 *
 * A place is free while active workers + active guests < open places. Nobody is woken (sched/sleep.h), and no searcher
 * takes children or pieces, without a free place: a guest occupies one. A worker that blocks, or that the monitor
 * finds standing still, leaves its place: an idle worker may use it, and where none is idle the place is vacant, and a
 * spare is called for it (sched/spare.h). A worker without a place stands (sched/resize.h): it is not counted at all.
 *
 * idle: what wf_census_read() said (sched/census.h).
 */
#ifndef WF_SCHED_PLACES_H
#define WF_SCHED_PLACES_H

#include "sched/census.h"

/* The node, of the pool's (wf_place.node), where the calling thread runs; 0: the pool has none there. */
unsigned wf_node_near(const weft_pool *pool);

/* May one more worker be active? The caller counts as searching or not at all. */
bool wf_place_free(const weft_pool *pool, uint64_t idle);

/* A worker's place is vacant, and nobody who is idle could use it: for one more spare. And may all spares
 * that work stay? For children and ranges guests count, for tasks they do not: one may wait for the task in a way
 * that nobody sees. */
enum wf_takes { WF_TAKES_TASKS, WF_TAKES_ALL };
bool wf_place_vacant(const weft_pool *pool, uint64_t idle, enum wf_takes takes);
bool wf_spare_has_place(const weft_pool *pool, enum wf_takes takes);
/* The same where workers are idle, too, that must not take what it is for (sched/home.h). */
bool wf_place_for_spare(const weft_pool *pool);
/* How many vacant ones, not counting those that the monitor adds (sched/monitor.h). */
unsigned wf_places_vacant(const weft_pool *pool, enum wf_takes takes);

/* For the monitor. Are all places held by active threads, or is no worker idle? No worker? Is one place not held by an
 * active worker? Is anybody active? Does anybody count as standing still? */
bool wf_is_full(const weft_pool *pool);
bool wf_nobody_idle(const weft_pool *pool);
bool wf_any_place_left(const weft_pool *pool);
bool wf_any_running(const weft_pool *pool);
bool wf_any_still(const weft_pool *pool);
/* An active thread stands still: its place is vacant, until it comes to search, to block or to leave; false: it is not
 * active any more. And it runs again. */
bool wf_place_is_left(wf_worker *worker);
void wf_place_is_held(wf_worker *worker);

/* Is anybody active but the calling worker? Anybody at all, worker or guest? The caller is not. */
bool wf_others_active(const wf_worker *self);
bool wf_any_active(const weft_pool *pool);
/* Has anybody been active since the last call, or is now? For the sentinel. */
bool wf_activity(wf_worker *self);

/* What pool->idle still counts of who was in that mode: its place had been left for others. */
uint64_t wf_left_by(const wf_worker *self, uint32_t mode);

#endif
