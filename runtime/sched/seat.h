/* SPDX-License-Identifier: MIT */
/*
 * sched/seat.h - threads outside a pool that enter it: guests and their seats.
 *
 * A seat is a worker record without a thread. It is taken with one exchange and left with one; its task
 * stack is mapped when it is first used and kept. Nothing is registered anywhere, so a thread that was a
 * guest may end without telling anybody. A thread may be a guest of one pool inside another.
 */
#ifndef WF_SCHED_SEAT_H
#define WF_SCHED_SEAT_H

#include "sched/worker.h"

/* Lies on the guest's stack while it is inside. */
typedef struct wf_visit {
    weft_pool *pool;
    wf_worker *seat;           /* NULL: none was free, the call runs serially */
    weft_worker_ *outer;       /* what weft_self_ was before */
    struct wf_visit *previous; /* of the same thread, in another pool */
} wf_visit;

void wf_seat_enter(weft_pool *pool, wf_visit *visit);
/* A spare's, which nobody else takes. False: no memory for its task stack. */
bool wf_seat_enter_own(wf_worker *seat, wf_visit *visit);
void wf_seat_leave(wf_visit *visit);

/* Is the calling thread inside the pool, at whatever depth? */
bool wf_inside(const weft_pool *pool);
/* The pool that the calling thread visits, with a seat or without; NULL: none. */
weft_pool *wf_visited(void);
/* Is any guest inside? Spares do not count. */
bool wf_seats_taken(const weft_pool *pool);

#endif
