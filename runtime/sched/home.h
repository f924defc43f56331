/* SPDX-License-Identifier: MIT */
/*
 * sched/home.h - where a task is to begin: on a node or at a worker's place, preferably or nowhere else; or in an area.
 *
 * - Preferred: the task lies in its node's inbox, as any other from outside. Who is to come first is woken.
 * - Strict: it lies in an inbox that the workers of its home alone look into: one for each node, in front of those for
 *   priorities, one for each area (sched/area.h), and one for each place. Which workers come: those that sit there
 *   (wf_worker.duty). Nobody looks into them before pool->bands says that there may be something.
 *
 * Who submits a strict task counts on nobody but its home's own. Submitter:
 *   H1 publish: the inbox's count   H2 a sleeper of the home: wake it, whoever watches; the sentinel, if it is of the home:
 *   call it from its nap   H3 none sleeps: who of the home sits, and is not away? Somebody: he looks before he sleeps.
 *   Nobody: see to it
 * A sleeper's last look (S3 of sleep.md) takes in the inboxes of its own home: either H2 sees S2, or S3 sees H1. A taker
 * (W2) and a leaver (L2) that see something strict for their node, or an area of theirs, wake another sleeper of it: they
 * may be who H2 woke.
 *
 * See to it (wf_home_see_to): what lies strictly where
 *   all who sit there are away (they wait, or stand still), and nobody there is idle: a spare is called, which takes it in
 *     the stead of one that is away, bound as that one is
 *   nobody sits any more, or all are away and the pool has no spares: it moves, from a place's inbox to that of its node,
 *     from a node's or an area's to where anybody takes it; then it has strayed
 * It is done by a submitter (H3), by who changed `duty` and by who goes away, after that, so one of them sees both; where a
 * spare had no place, by who makes room: a worker that gives its place up, a spare that goes back to rest; and by the monitor.
 */
#ifndef WF_SCHED_HOME_H
#define WF_SCHED_HOME_H

#include "sched/worker.h"

/* What a config asks for: node and worker count from 1, 0: none. A home that is not strict and has no worker is WF_NEAR. 0;
 * -EINVAL: both, no such worker, or strict without either; -ENODEV: strict, and nobody sits there. */
int wf_home_find(weft_pool *pool, int node, int worker, int strict, wf_home *home);

/* The inbox for a task with that priority; strict ones have none. self: of the pool, or NULL. */
wf_inbox *wf_home_inbox(const weft_pool *pool, const wf_worker *self, wf_home home, int priority);
/* After it was put there: H2, H3; or who is preferred is woken. */
void wf_home_published(weft_pool *pool, wf_worker *self, wf_home home);

/* What lies strictly for this worker; NULL: nothing. Is there any? */
wf_task *wf_home_take(wf_worker *self);
bool wf_home_visible(const wf_worker *self);
/* There is for its node: a sleeper is woken. For W2 and L2. */
void wf_home_pass_on(wf_worker *self);

/* May the caller run it? self: of the pool, or NULL. */
bool wf_home_is_here(const wf_worker *self, wf_home home);
bool wf_home_admits(const wf_worker *self, const wf_task *task);

/* What lies strictly for somebody who is away, for a spare; and for whom. One spare at a time works in the stead of each: until
 * it has left, and then it looks for more. */
wf_task *wf_home_take_for_other(wf_worker *spare, wf_worker **away);
void wf_home_left(wf_worker *spare, wf_worker *away);
/* True: a spare is wanted, or was called. */
bool wf_home_see_to(weft_pool *pool);
/* One that had to run elsewhere. */
void wf_home_strayed(weft_pool *pool);

/* How many wait for a home that is strict, dead ones too; and for what, in words. Hints. */
uint64_t wf_home_backlog(const weft_pool *pool, wf_home home);
const char *wf_home_waits_for(const weft_pool *pool, wf_home home);

#endif
