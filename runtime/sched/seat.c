/* SPDX-License-Identifier: MIT */
/* sched/seat.c - see seat.h. */
#include "sched/seat.h"

#include "base/annotate.h"
#include "base/check.h"
#include "sched/presence.h"
#include "sched/self.h"

static __thread wf_visit *visits; /* of the calling thread, the innermost first */

/* Where the calling thread sat last: its lines are still in its cache. A new one begins at the first seat: who wakes and who
 * steals look at all that were ever used. Two that are seldom inside together share one until they meet there. */
static __thread struct {
    const weft_pool *pool; /* only compared */
    unsigned seat;
} last;

static unsigned first_seat(const weft_pool *pool)
{
    return last.pool == pool && last.seat < pool->guests ? last.seat : 0;
}

static void count_seat(weft_pool *pool, unsigned seat)
{
    uint32_t used =
        wf_load_seq_cst(&pool->seats_used); /* pair SL6 -> wf_visible(): where another guest counted it */
    while (used <= seat && !wf_cas_seq_cst(&pool->seats_used, &used, seat + 1)) /* pair SL6 -> wf_visible() */
        ;
}

static bool take(wf_worker *seat)
{
    uint32_t idle = WF_IDLE;
    if (wf_load_relaxed(&seat->mode) != WF_IDLE) /* re-checked by the exchange */
        return false;
    /* pair SL4 -> wf_guest_end(): what the guest before left here; -> wf_activity() */
    if (!wf_cas_seq_cst(&seat->mode, &idle, (uint32_t)WF_ACTIVE))
        return false;
    wf_tsan_acquire(seat);
    return true;
}

/* Taken, with a task stack; NULL: all are taken, or there is no memory for another stack. */
static wf_worker *find_seat(weft_pool *pool)
{
    if (!pool->guests)
        return NULL;
    unsigned at = first_seat(pool);
    for (unsigned i = 0; i < pool->guests; i++, at = at + 1 < pool->guests ? at + 1 : 0) {
        wf_worker *seat = wf_worker_at(pool, pool->workers + at);
        if (!take(seat))
            continue;
        if (seat->stack.base || wf_stack_init(&seat->stack) == 0) {
            count_seat(pool, at);
            last.pool = pool;
            last.seat = at;
            return seat;
        }
        wf_guest_end(seat); /* it held a place for a moment */
        return NULL;
    }
    return NULL;
}

WF_TOGETHER void wf_seat_enter(weft_pool *pool, wf_visit *visit)
{
    *visit = (wf_visit){.pool = pool, .seat = find_seat(pool), .outer = weft_self_, .previous = visits};
    visits = visit;
    if (visit->seat) {
        weft_self_ = &visit->seat->stack.head;
        wf_guest_begin(visit->seat);
    } else {
        weft_self_ = wf_outside();
    }
}

bool wf_seat_enter_own(wf_worker *seat, wf_visit *visit)
{
    weft_pool *pool = seat->pool;
    if (!seat->stack.base && wf_stack_init(&seat->stack))
        return false;
    wf_store_seq_cst(&seat->mode, (uint32_t)WF_ACTIVE); /* pair SL4 -> wf_activity() */
    count_seat(pool, seat->index - pool->workers);
    *visit = (wf_visit){.pool = pool, .seat = seat, .outer = weft_self_, .previous = visits};
    visits = visit;
    weft_self_ = &seat->stack.head;
    wf_guest_begin(seat);
    return true;
}

WF_TOGETHER void wf_seat_leave(wf_visit *visit)
{
    wf_worker *seat = visit->seat;
    weft_self_ = visit->outer;
    visits = visit->previous;
    if (!seat)
        return;
    WF_CHECK(wf_stack_depth(&seat->stack) == 0, "a guest left with children that it had not joined");
    wf_tsan_release(seat);
    wf_guest_end(seat);
}

WF_TOGETHER bool wf_inside(const weft_pool *pool)
{
    const wf_worker *own = wf_self();
    for (const wf_visit *visit = visits; visit; visit = visit->previous) {
        if (visit->pool == pool)
            return true;
        own = wf_worker_of(visit->outer);
    }
    return own && own->pool == pool;
}

weft_pool *wf_visited(void)
{
    return visits ? visits->pool : NULL;
}

bool wf_seats_taken(const weft_pool *pool)
{
    for (unsigned i = 0; i < pool->guests; i++)
        if (wf_load_acquire(&wf_worker_at(pool, pool->workers + i)->mode) !=
            WF_IDLE) /* pair SL4 -> wf_guest_end() */
            return true;
    return false;
}
