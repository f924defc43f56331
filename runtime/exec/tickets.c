/* SPDX-License-Identifier: MIT */
/* exec/tickets.c - see tickets.h. */
#include "exec/tickets.h"

#include <errno.h>

#include "exec/cycles.h"
#include "os/clock.h"
#include "sched/block.h"

#define COUNT_BITS 21
#define COUNT_MASK ((1u << COUNT_BITS) - 1)
#define ENTRY UINT64_C(1)
#define LEAVING (UINT64_C(1) << COUNT_BITS)
#define ACTIVE (UINT64_C(1) << 2 * COUNT_BITS)
#define GONE (UINT64_C(1) << 63) /* as if very many were out */

static uint32_t entries_in(uint64_t state)
{
    return (uint32_t)state & COUNT_MASK;
}

static uint32_t active_in(uint64_t state)
{
    return (uint32_t)(state / ACTIVE);
}

static uint32_t limit_of(const wf_tickets *t)
{
    return wf_load_relaxed(&t->limit); /* hint: who is late sees another one's */
}

unsigned wf_tickets_limit(const wf_tickets *t)
{
    return limit_of(t);
}

/* ---- looking ------------------------------------------------------------------------------------- */

unsigned wf_tickets_out(const wf_tickets *t)
{
    return active_in(wf_load_relaxed(&t->state)); /* statistic: what who looks knows of is in it */
}

bool wf_tickets_left(const wf_tickets *t)
{
    uint64_t state = wf_load_seq_cst(&t->state); /* pair QU1 -> wf_tickets_give() */
    return state & GONE || active_in(state) < limit_of(t);
}

bool wf_tickets_lack_entry(const wf_tickets *t)
{
    uint64_t state = wf_load_relaxed(&t->state); /* hint */
    return active_in(state) + entries_in(state) < limit_of(t);
}

bool wf_tickets_quiet(const wf_tickets *t)
{
    uint64_t state = wf_load_seq_cst(&t->state); /* pair QU1 -> wf_tickets_give() */
    return !active_in(state) && !entries_in(state);
}

/* ---- its life ------------------------------------------------------------------------------------ */

void wf_tickets_anew(wf_tickets *t, uint32_t limit)
{
    wf_store_relaxed(&t->limit, limit);       /* hint: nobody has it yet but who is late */
    wf_store_release(&t->state, (uint64_t)0); /* pair QU8 -> wf_tickets_come(): what the executor is */
}

void wf_tickets_widen(wf_tickets *t, uint32_t limit)
{
    wf_store_relaxed(&t->limit, limit); /* hint: who has just seen the old one did as much as that lets */
}

bool wf_tickets_end(wf_tickets *t)
{
    uint64_t none = 0;
    return wf_cas_acquire(&t->state, &none, GONE); /* pair QU8 -> wf_tickets_leave() */
}

bool wf_tickets_come(wf_tickets *t)
{
    uint64_t state = wf_load_relaxed(&t->state); /* re-checked by the exchange, or gone for good */
    while (!(state & GONE))
        if (wf_cas_acquire(&t->state, &state, state + LEAVING)) /* pair QU8 -> wf_tickets_anew() */
            return true;
    return false;
}

/* ---- taking, giving ------------------------------------------------------------------------------ */

bool wf_tickets_take(wf_tickets *t)
{
    uint64_t state = wf_load_seq_cst(&t->state); /* pair QU1 -> wf_tickets_give() */
    while (active_in(state) < limit_of(t))
        if (wf_cas_seq_cst(&t->state, &state, state + ACTIVE)) /* pair QU1 -> wf_tickets_give() */
            return true;
    return false;
}

void wf_tickets_lend(wf_tickets *t)
{
    (void)wf_add_seq_cst(&t->state, ACTIVE); /* pair QU1 -> wf_tickets_quiet() */
}

bool wf_tickets_enter(wf_tickets *t)
{
    uint64_t state = wf_load_seq_cst(&t->state); /* pair QU1 -> wf_tickets_give() */
    while (active_in(state) + entries_in(state) < limit_of(t))
        if (wf_cas_seq_cst(&t->state, &state, state + ENTRY)) /* pair QU1 -> wf_tickets_give() */
            return true;
    return false;
}

bool wf_tickets_begin(wf_tickets *t)
{
    uint64_t state = wf_load_relaxed(&t->state), now; /* re-checked by the exchange */
    do
        now = state - ENTRY + (active_in(state) < limit_of(t) ? ACTIVE : LEAVING);
    while (!wf_cas_seq_cst(&t->state, &state, now)); /* pair QU1 -> wf_tickets_give() */
    return active_in(now) > active_in(state);
}

void wf_tickets_give(wf_tickets *t)
{
    /* pair QU1 -> wf_tickets_enter(): either it counts this one no more or the look behind sees what was put */
    (void)wf_sub_seq_cst(&t->state, ACTIVE - LEAVING);
}

void wf_tickets_leave(wf_tickets *t)
{
    wf_tickets_tell(t);
    (void)wf_sub_seq_cst(&t->state, LEAVING); /* pair QU8 -> wf_tickets_end() */
}

/* ---- who waits ----------------------------------------------------------------------------------- */

void wf_tickets_tell(wf_tickets *t)
{
    if (!wf_load_seq_cst(&t->waiting)) /* pair QU2 -> wf_tickets_wait() */
        return;
    (void)wf_add_seq_cst(&t->turn, 1u); /* pair QU2 -> wf_tickets_wait() */
    wf_futex_wake_all(&t->turn);
}

int wf_tickets_wait(wf_tickets *t, bool (*ready)(void *arg), void *arg, wf_task *awaited, int64_t deadline_ns)
{
    if (ready(arg))
        return 0;
    (void)wf_add_seq_cst(&t->waiting, 1u); /* pair QU2 -> wf_tickets_tell() */
    int err = 0;
    for (;;) {
        uint32_t turn = wf_load_seq_cst(&t->turn); /* pair QU2 -> wf_tickets_tell() */
        if (ready(arg))
            break;
        wf_waiter waiter;
        err = deadline_ns == WEFT_FOREVER || wf_now_ns() < deadline_ns
                  ? wf_waiter_begin(&waiter, awaited, deadline_ns)
                  : -ETIMEDOUT;
        if (err)
            break;
        wf_block_while(&t->turn, turn, deadline_ns, arg);
        wf_waiter_done(&waiter);
    }
    (void)wf_sub_seq_cst(&t->waiting, 1u); /* pair QU2 -> wf_tickets_tell() */
    return err;
}
