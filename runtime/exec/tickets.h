/* SPDX-License-Identifier: MIT */
/*
 * exec/tickets.h - how many may run tasks of an executor at the same time, in one word, and who waits for that.
 *
 *   state = active | leaving | entries   tickets that are out; who gave one back and looks once more; runners that are
 *                                        in the pool's queues, not begun
 *   take    active + 1, below the limit; lent: above it
 *   entry   entries + 1 while active + entries < limit; when it begins: entries - 1, and active + 1 below the limit, else
 *           leaving + 1
 *   give    active - 1, leaving + 1; when it has looked once more: leaving - 1, its last access
 *   come    leaving + 1, before anything else: who may be late, when the executor is destroyed
 *   end     0: gone. Who is late then finds no ticket, until the record is used again
 * All accesses to state are sequentially consistent: who makes room in it and looks for tasks then, and who puts a task and
 * looks at state then, cannot both see nothing.
 *
 * Who waits, for a ticket or for anything else that comes with one, sleeps on a word that changes when somebody tells:
 *   wait   waiting + 1; look at turn; ready? else sleep while turn is the same; waiting - 1
 *   tell   after the change: waiting? turn + 1, wake all
 */
#ifndef WF_EXEC_TICKETS_H
#define WF_EXEC_TICKETS_H

#include "data/task.h"
#include "sched/worker.h"

typedef struct wf_tickets {
    uint64_t state __attribute__((aligned(WF_LINE)));
    uint32_t turn;    /* changes when who waits should look */
    uint32_t waiting; /* how many do */
    uint32_t limit;
} wf_tickets;

/* From now on for so many; who makes it more looks for tasks then. While somebody is here. */
void wf_tickets_widen(wf_tickets *t, uint32_t limit);
unsigned wf_tickets_limit(const wf_tickets *t);
/* How many are out. */
unsigned wf_tickets_out(const wf_tickets *t);
/* There is one to be had, or there will never be. */
bool wf_tickets_left(const wf_tickets *t);
/* Would one more runner be of use? Only a hint. */
bool wf_tickets_lack_entry(const wf_tickets *t);
/* Nobody is active or on the way, but for who is leaving. */
bool wf_tickets_quiet(const wf_tickets *t);
/* For this many, and nobody is there. */
void wf_tickets_anew(wf_tickets *t, uint32_t limit);
/* False: somebody is here, and leaves soon. */
bool wf_tickets_end(wf_tickets *t);
/* The executor is not destroyed until the caller leaves. False: it was; then all its tasks have ended. */
bool wf_tickets_come(wf_tickets *t);

bool wf_tickets_take(wf_tickets *t);
void wf_tickets_lend(wf_tickets *t);
/* One more runner is needed, and counted now. */
bool wf_tickets_enter(wf_tickets *t);
/* A runner begins. False: without a ticket, it is leaving. */
bool wf_tickets_begin(wf_tickets *t);
void wf_tickets_give(wf_tickets *t);
/* Who has given or come; his last access: the executor may be gone after it. */
void wf_tickets_leave(wf_tickets *t);

void wf_tickets_tell(wf_tickets *t);
/* Sleeps until somebody tells that it is ready, or the deadline; ready is looked at once more before. 0; -ETIMEDOUT;
 * -EDEADLK: it never will be, as `awaited` cannot end (exec/cycles.h). A worker's place is free meanwhile. */
int wf_tickets_wait(wf_tickets *t, bool (*ready)(void *arg), void *arg, wf_task *awaited,
                    int64_t deadline_ns);

#endif
