/* SPDX-License-Identifier: MIT */
/*
 * sched/sleep.h - who is awake, and waking one more when there is work for it.
 *
 * A worker is in one of these states, counted in one word (pool->idle):
 *   active      runs user code                (all that are not counted)
 *   searching   awake, looks for work         searching
 *   sentinel    naps, looks round in between  sentinel: NONE, SHORT nap, LONG nap; at most one
 *   sleeping    parked until somebody wakes it
 *   blocked     parked at a join, a loop's end, a future
 * Guests are not counted here: their seats say ACTIVE, WAITING or IDLE.
 *
 * Nobody is woken, and no searcher takes work, without a free place: sched/places.h.
 *
 * The pool is watched while one worker searches or naps: that one asks and forces. Unwatched, only publishers
 * wake anybody. The rule that keeps work from being stranded: while somebody is active and somebody sleeps, the
 * pool is watched, or no place is free, or one thread alone is active and its next fork comes to the cold path (its
 * limit is lowered), publishes, and wakes. So who takes work and leaves the pool unwatched wakes another if anybody
 * else is active: a request alone is not answered in a long call. Whoever turns active while nobody watches offers its
 * first fork at once: a long call may follow it in which no request can be answered. Without force it does so
 * whenever somebody is idle.
 *
 * One watcher is enough to strand nothing, but a large pool would get up one by one. So where there is more than a
 * crumb, sleepers are also woken while few watch (wf_census_few_watch): at most half as many as are active.
 *
 * Eventcount. Publisher: P1 publish (seq_cst), P2 read pool->idle (seq_cst), P3 nobody watches, or few, and
 * somebody sleeps: wake one. Sleeper: S1 count itself as sleeping (seq_cst), S2 asleep (seq_cst), S3 look at
 * everything once more (seq_cst), S4 park. Either P2 sees S1, or S3 sees P1; a publisher that sees S1 but
 * not yet S2 finds nobody to wake, and then S3 sees P1.
 */
#ifndef WF_SCHED_SLEEP_H
#define WF_SCHED_SLEEP_H

#include "sched/census.h"

/* Before its threads: `workers` search. And those that could not be created do not. */
void wf_sleep_start(weft_pool *pool, unsigned workers);
void wf_sleep_absent(weft_pool *pool, unsigned workers);

/* After publishing: wakes a sleeper if nobody watches, or few and it is more than a crumb. The sentinel is woken from a
 * long nap if there is surely more than a crumb, or if somebody's request was answered that had stood for a while: the
 * one that it left behind itself when it lay down is answered at once by a stream of tiny calls, and would never let
 * it sleep. */
enum wf_amount { WF_CRUMB, WF_ASKED_FOR, WF_PLENTY };
void wf_notify(wf_worker *self, enum wf_amount amount);

/* After submitting a task; self NULL: from outside. Places do not count: a guest that holds one may wait for the task
 * in a way that nobody sees. A long nap becomes a short one, and so do the next ones: a stream of tasks
 * that their submitter takes back wakes the sentinel once in a while only. Where a place is vacant a spare is called. */
void wf_notify_task(weft_pool *pool, wf_worker *self);

/* A worker or guest leaves its place: a sleeper may take it, or be woken from a long nap. idle: wf_census_read(). */
void wf_notify_sleepers(wf_worker *self, uint64_t idle, enum wf_amount amount);
/* One sleeper, near ones first: for who has no place, those of the node where it runs. self NULL: the caller is outside; a
 * sleeper on its own PU would have to wait for it. */
void wf_wake_one(weft_pool *pool, wf_worker *self);
/* The same, of those whose place is on that node (wf_place.node); false: none of them slept. Whoever watches. */
bool wf_wake_on_node(weft_pool *pool, wf_worker *self, unsigned node);
/* That one, if it sleeps. */
bool wf_wake_worker(wf_worker *worker, wf_worker *self);
/* Who turns active publishes its first fork unasked where nobody looks round; a watcher that can use force needs no
 * help. */
void wf_offer_unasked(wf_worker *self, uint64_t idle);

/* Somebody outside waits for a pending task and will not run it itself: a napping sentinel is woken from a short nap,
 * too. */
void wf_urge(weft_pool *pool);

/* A searching worker whose PU a guest uses wakes one that has a PU of its own; then it should sleep. */
bool wf_give_way(wf_worker *self);

/* A worker turns from active to searching, and back: true: nobody watches any more, though somebody sleeps. Who
 * published until now counted on this worker: it has to look once more, and to wake another if need be. */
void wf_search_begin(wf_worker *self);
bool wf_search_end(wf_worker *self);
/* A searching worker wants to nap as the sentinel; false: there is one already. */
bool wf_nap_begin(wf_worker *self, bool lengthy);
/* And searches again. */
void wf_nap_end(wf_worker *self);

/* A searching worker counts as sleeping (S1, S2). */
void wf_sleep_begin(wf_worker *self);
/* It stays awake after all, or was woken: it searches again. */
void wf_sleep_end(wf_worker *self);
/* Parked until woken or the pool stops. */
void wf_sleep(wf_worker *self);

/* There is something to take: wakes one sleeper if nobody watches. */
void wf_wake_for_shown(weft_pool *pool);
/* Do all workers count as sleeping? How often has any of them turned active? */
bool wf_all_sleep(const weft_pool *pool);
uint64_t wf_entries(const weft_pool *pool);

/* What pool->idle says at a moment. */
typedef struct wf_census {
    unsigned searching, sleeping, blocked;
    int sentinel; /* index; -1: nobody naps */
} wf_census;
wf_census wf_sleep_census(const weft_pool *pool);
/* Does the worker count as sleeping? A hint. */
bool wf_sleeps(const wf_worker *worker);

/* The pool is being destroyed: idle workers do not wait for more work, but sleep as soon as all others are idle. */
void wf_sleep_closing(weft_pool *pool);
bool wf_closing(const weft_pool *pool);

/* Out of sleep, nap or park, whichever it is in. */
void wf_rouse(wf_worker *worker);
/* Somebody is active now, and no worker looks round in between: the one that stands and looks at the machine goes on
 * with it (sched/follow.h). */
void wf_rouse_follower(weft_pool *pool);
/* Wakes everybody for good. */
void wf_sleep_stop(weft_pool *pool);
bool wf_stopped(const weft_pool *pool);

#endif
