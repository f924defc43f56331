/* SPDX-License-Identifier: MIT */
/* data/task_stack.c - see task_stack.h. */
#include "data/task_stack.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/annotate.h"
#include "base/check.h"
#include "base/tunables.h"
#include "os/memory.h"
#include "os/thread.h"

_Static_assert(sizeof(weft_slot_) == WEFT_SLOT_BYTES_, "a slot is a cache line");

_Static_assert(
    offsetof(weft_worker_, top) == 0 && offsetof(weft_worker_, forks) < WF_LINE &&
        offsetof(weft_worker_, limit) == WF_LINE &&
        offsetof(weft_worker_, claim) == WF_LINE + sizeof(intptr_t) &&
        offsetof(weft_worker_, room) == WF_LINE + 2 * sizeof(intptr_t) &&
        offsetof(wf_task_stack, span) == 2 * WF_LINE,
    "what WEFT_LAYOUT_1 of the map stands for: the owner's words on one line, what others write on another");

_Static_assert(offsetof(wf_task_stack, within) > offsetof(weft_worker_, forks) &&
                   offsetof(wf_task_stack, around) < WF_LINE / 2,
               "behind the words of the head, in their line");

/* span: tail in bits 0..19, split in 20..39, epoch in 40..63. */
#define INDEX_BITS 20
#define INDEX_MASK ((UINT64_C(1) << INDEX_BITS) - 1)
#define EPOCH_MASK ((1u << 24) - 1)
_Static_assert(WF_SLOTS_MAX <= INDEX_MASK, "an index past the last slot fits, too");

static uint64_t span_of(uint32_t tail, uint32_t split, uint32_t epoch)
{
    return tail | (uint64_t)split << INDEX_BITS | (uint64_t)epoch << (2 * INDEX_BITS);
}
static uint32_t tail_of(uint64_t span)
{
    return (uint32_t)(span & INDEX_MASK);
}
static uint32_t split_of(uint64_t span)
{
    return (uint32_t)(span >> INDEX_BITS & INDEX_MASK);
}
static uint32_t epoch_of(uint64_t span)
{
    return (uint32_t)(span >> (2 * INDEX_BITS));
}

static intptr_t slot_at(const wf_task_stack *stack, uint32_t index)
{
    return stack->base + (intptr_t)index * WEFT_SLOT_BYTES_;
}
static uint32_t index_of(const wf_task_stack *stack, intptr_t slot)
{
    return (uint32_t)((slot - stack->base) / WEFT_SLOT_BYTES_);
}

/* What limit is to be while nobody asks. */
static intptr_t room_above(const wf_task_stack *stack, uint32_t split)
{
    return split + WF_PRIVATE_MAX < stack->slots ? slot_at(stack, split + WF_PRIVATE_MAX) : stack->end;
}

int wf_stack_init(wf_task_stack *stack)
{
    uint32_t slots = WF_SLOTS_MAX;
    void *memory;
    while (!(memory = wf_reserve((size_t)slots * WEFT_SLOT_BYTES_)))
        if ((slots /= 4) < WF_SLOTS_MIN)
            return -ENOMEM;
    stack->base = (intptr_t)memory;
    stack->slots = slots;
    stack->end = slot_at(stack, slots);
    stack->head.room = room_above(stack, 0);
    wf_store_relaxed(&stack->head.top, stack->base);        /* owner only */
    wf_store_relaxed(&stack->head.limit, stack->head.room); /* owner only, or hint: a request comes again */
    /* pair TS6 -> force(): base is there, and the rest */
    wf_store_release(&stack->head.claim, stack->base);
    return 0;
}

void wf_stack_fini(wf_task_stack *stack)
{
    if (stack->base)
        wf_unreserve((void *)stack->base, (size_t)stack->slots * WEFT_SLOT_BYTES_);
    stack->base = 0;
}

uint32_t wf_stack_depth(const wf_task_stack *stack)
{
    return index_of(stack, wf_load_relaxed(&stack->head.top)); /* owner only */
}

uint32_t wf_stack_epoch(const wf_task_stack *stack)
{
    return epoch_of(wf_load_relaxed(&stack->span)); /* owner only: thieves leave the epoch alone */
}

/* In limit; room is larger than both. */
enum { ASKED = 0, OFFERED = 1 };

void wf_stack_offer(wf_task_stack *stack)
{
    intptr_t room = stack->head.room;
    (void)wf_cas_relaxed(&stack->head.limit, &room,
                         (intptr_t)OFFERED); /* owner only, or a request stands there */
}

bool wf_stack_calm(wf_task_stack *stack)
{
    uint64_t span = wf_load_relaxed(&stack->span);         /* owner only: split */
    wf_store_relaxed(&stack->answers, stack->answers + 1); /* hint */
    stack->head.room = room_above(stack, split_of(span));
    /* pair SL1 -> wf_stack_ask(): who asked before this is seen by the caller's next look */
    return wf_exchange_seq_cst(&stack->head.limit, stack->head.room) == ASKED;
}

intptr_t wf_stack_push(wf_task_stack *stack, void (*run)(weft_slot_ *), const void *args, size_t bytes)
{
    intptr_t top = wf_load_relaxed(&stack->head.top); /* owner only */
    if (top >= stack->head.room)
        return 0;
    weft_slot_ *slot = (weft_slot_ *)top;
    slot->run = run;
    memcpy(slot->payload, args, bytes);
    wf_tsan_release(slot);
    /* pair TS1 -> wf_stack_force(): the slot is filled before top covers it */
    wf_store_release(&stack->head.top, top + WEFT_SLOT_BYTES_);
    return top;
}

/* The owner begins to change claim or split: an exposure is revoked, a commit waited out. */
static void claim_begin(wf_task_stack *stack)
{
    intptr_t claim = wf_load_relaxed(&stack->head.claim); /* re-checked by the exchange */
    for (unsigned spins = 0;; spins++) {
        if (!(claim & WF_CLAIM_COMMITTING)) {
            /* pair TS6 -> wf_stack_force(): F5 fails from here on, or was seen */
            if (wf_cas_acquire(&stack->head.claim, &claim, stack->base | WF_CLAIM_OWNER))
                return;
            continue;
        }
        if (spins % 64 == 63)
            wf_thread_yield();
        wf_pause();
        claim = wf_load_relaxed(&stack->head.claim); /* re-checked by the exchange */
    }
}

static void claim_end(wf_task_stack *stack, uint32_t split)
{
    wf_store_release(&stack->head.claim, slot_at(stack, split)); /* pair TS6 -> wf_stack_force() */
}

static void raise_split(wf_task_stack *stack, uint64_t span, uint32_t split)
{
    /* pair TS2 -> wf_stack_steal(): who sees the new split sees the slots below it */
    while (!wf_cas_seq_cst(&stack->span, &span, span_of(tail_of(span), split, epoch_of(span))))
        ;
}

bool wf_stack_publish(wf_task_stack *stack)
{
    claim_begin(stack);
    uint64_t span = wf_load_relaxed(&stack->span); /* re-checked by the exchange */
    uint32_t split = split_of(span), top = wf_stack_depth(stack);
    bool more = tail_of(span) >= split && top > split;
    if (more)
        raise_split(stack, span, split += (top - split + 1) / 2);
    claim_end(stack, split);
    return more;
}

bool wf_stack_publish_all(wf_task_stack *stack)
{
    claim_begin(stack);
    uint64_t span = wf_load_relaxed(&stack->span); /* re-checked by the exchange */
    uint32_t top = wf_stack_depth(stack);
    bool more = top > split_of(span);
    if (more)
        raise_split(stack, span, top);
    claim_end(stack, top);
    return more;
}

bool wf_stack_take_back(wf_task_stack *stack, intptr_t slot)
{
    uint32_t index = index_of(stack, slot), split;
    claim_begin(stack);
    uint64_t span = wf_load_relaxed(&stack->span); /* re-checked by the exchange */
    for (;;) {
        uint32_t tail = tail_of(span);
        split = split_of(span);
        if (tail > index || split <= index)
            break;
        uint32_t less = tail + (index - tail) / 2;
        /* ordered by pair TS2: a thief that took the slot has moved tail past it first */
        if (wf_cas_relaxed(&stack->span, &span, span_of(tail, less, epoch_of(span)))) {
            split = less;
            break;
        }
    }
    claim_end(stack, split);
    return split <= index;
}

void wf_stack_above(wf_task_stack *stack, intptr_t slot)
{
    wf_store_relaxed(&stack->head.top, slot + WEFT_SLOT_BYTES_); /* owner only: not past claim */
}

void wf_stack_joined(wf_task_stack *stack, intptr_t slot)
{
    uint32_t index = index_of(stack, slot);
    claim_begin(stack);
    uint64_t span = wf_load_relaxed(&stack->span); /* owner only: nothing is public, so no thief writes it */
    WF_CHECK(tail_of(span) == index + 1 && split_of(span) == index + 1, "all older children are taken");
    wf_store_relaxed(&((weft_slot_ *)slot)->state,
                     (uint64_t)0);            /* owner only: its thief is through with it */
    wf_store_relaxed(&stack->head.top, slot); /* owner only */
    /* ordered by pair TS6: claim_end(), behind which later slots of the same index are published */
    wf_store_relaxed(&stack->span, span_of(index, index, epoch_of(span)));
    claim_end(stack, index);
}

static void set_epoch(wf_task_stack *stack, uint32_t epoch)
{
    uint64_t span = wf_load_relaxed(&stack->span); /* re-checked by the exchange */
    /* ordered by pair TS2: what is forked from here on is published after this, not above an older epoch */
    while (!wf_cas_relaxed(&stack->span, &span, span_of(tail_of(span), split_of(span), epoch)))
        ;
}

uint32_t wf_stack_enter(wf_task_stack *stack)
{
    uint32_t outer = wf_stack_epoch(stack);
    stack->epochs = (stack->epochs + 1) & EPOCH_MASK;
    set_epoch(stack, stack->epochs);
    return outer;
}

void wf_stack_leave(wf_task_stack *stack, uint32_t epoch)
{
    set_epoch(stack, epoch);
}

void wf_stack_ask(wf_task_stack *stack)
{
    /* pair SL1 -> wf_stack_calm(): who finds that others have asked and were not answered yet, or asks and is
     * overwritten, has announced itself before the owner looks */
    if (wf_load_seq_cst(&stack->head.limit) != ASKED)
        wf_store_seq_cst(&stack->head.limit, (intptr_t)ASKED);
}

bool wf_stack_silent(const wf_task_stack *stack, uint64_t *mark)
{
    uint64_t span = wf_load_relaxed(&stack->span);                                          /* hint */
    *mark = span ^ (uint64_t)wf_load_relaxed(&stack->answers) << 32;                        /* hint */
    return wf_load_relaxed(&stack->head.limit) == ASKED && tail_of(span) >= split_of(span); /* hint */
}

bool wf_stack_private(const wf_task_stack *stack)
{
    return wf_load_relaxed(&stack->head.top) > wf_load_relaxed(&stack->head.claim); /* hint */
}

bool wf_stack_count(const wf_task_stack *stack, uint32_t *shared, uint32_t *own)
{
    *shared = *own = 0;
    if (!wf_load_acquire(&stack->head.claim)) /* pair TS6 -> wf_stack_init(): base is there, or nothing is */
        return false;
    uint64_t span = wf_load_relaxed(&stack->span);    /* hint */
    intptr_t top = wf_load_relaxed(&stack->head.top); /* hint; below 0 for a moment in some joins */
    uint32_t split = split_of(span), tail = tail_of(span);
    if (tail < split)
        *shared = split - tail;
    if (top > slot_at(stack, split))
        *own = index_of(stack, top) - split;
    return true;
}

/* F1: where split would go; 0: there is nothing to expose. */
static uint32_t exposable(const wf_task_stack *stack, intptr_t claim)
{
    uint64_t span = wf_load_relaxed(&stack->span);    /* re-checked by the exchange on claim */
    intptr_t top = wf_load_relaxed(&stack->head.top); /* re-checked by F4 */
    uint32_t split = split_of(span);
    if (tail_of(span) < split || claim != slot_at(stack, split) || top <= claim)
        return 0;
    return split + (index_of(stack, top) - split + 1) / 2;
}

static bool force(wf_task_stack *stack, bool (*barrier)(void))
{
    intptr_t claim = wf_load_acquire(&stack->head.claim); /* pair TS6 -> claim_end(), wf_stack_init() */
    uint32_t split = claim ? exposable(stack, claim) : 0; /* 0: a seat that nobody has used yet */
    if (!split)
        return false;
    intptr_t exposed = slot_at(stack, split) | WF_CLAIM_EXPOSING;
    if (!wf_cas_relaxed(&stack->head.claim, &claim, exposed)) /* F2; ordered by pair TS6 and the barrier */
        return false;
    bool passed = barrier();                          /* F3 */
    intptr_t top = wf_load_acquire(&stack->head.top); /* F4; pair TS1 -> wf_stack_push() */
    if (top < slot_at(stack, split))
        split = top > claim ? index_of(stack, top) : 0;
    if (!passed || !split) {
        (void)wf_cas_relaxed(&stack->head.claim, &exposed, claim); /* ordered by pair TS6: nothing happened */
        return false;
    }
    intptr_t committing = slot_at(stack, split) | WF_CLAIM_COMMITTING;
    if (!wf_cas_relaxed(&stack->head.claim, &exposed, committing)) /* F5; ordered by pair TS6: F7 tells */
        return false;
    raise_split(stack, wf_load_relaxed(&stack->span), split); /* F6; re-checked by the exchange */
    claim_end(stack, split);                                  /* F7 */
    return true;
}

bool wf_stack_force(wf_task_stack *stack, bool (*barrier)(void))
{
    uint32_t free = 0;
    if (!wf_cas_acquire(&stack->forcing, &free, 1u)) /* pair TS7 -> wf_stack_force(): one at a time */
        return false;
    bool done = force(stack, barrier);
    wf_store_release(&stack->forcing, 0u); /* pair TS7 -> wf_stack_force() */
    return done;
}

bool wf_stack_public(const wf_task_stack *stack)
{
    /* pair SL2 -> wf_stack_publish(): the last look before sleep, after its announcement */
    uint64_t span = wf_load_seq_cst(&stack->span);
    return tail_of(span) < split_of(span);
}

static bool public_above(uint64_t span, uint32_t top, uint32_t epoch)
{
    return epoch_of(span) == epoch && tail_of(span) >= top && tail_of(span) < split_of(span);
}

bool wf_stack_public_above(const wf_task_stack *stack, uint32_t top, uint32_t epoch)
{
    return public_above(wf_load_seq_cst(&stack->span), top, epoch); /* pair SL3 -> wf_stack_publish() */
}

/* The exchange of both kinds of steal. */
static weft_slot_ *take(wf_task_stack *stack, uint64_t span)
{
    uint32_t tail = tail_of(span);
    /* pair TS2 -> wf_stack_publish(): the slot's content; -> wf_stack_take_back(): one of both gets it */
    if (!wf_cas_acquire(&stack->span, &span, span_of(tail + 1, split_of(span), epoch_of(span))))
        return NULL;
    weft_slot_ *slot = (weft_slot_ *)slot_at(stack, tail);
    wf_tsan_acquire(slot);
    return slot;
}

weft_slot_ *wf_stack_steal(wf_task_stack *stack)
{
    uint64_t span = wf_load_relaxed(&stack->span); /* re-checked by the exchange */
    return tail_of(span) < split_of(span) ? take(stack, span) : NULL;
}

weft_slot_ *wf_stack_steal_above(wf_task_stack *stack, uint32_t top, uint32_t epoch)
{
    uint64_t span = wf_load_relaxed(&stack->span); /* re-checked by the exchange */
    return public_above(span, top, epoch) ? take(stack, span) : NULL;
}

/* ---- slot.state -------------------------------------------------------------------------------- */

#define TOP_SHIFT (3 + WF_THIEF_BITS)
#define EPOCH_SHIFT (TOP_SHIFT + INDEX_BITS)

bool wf_slot_taken(weft_slot_ *slot, wf_taken by)
{
    uint64_t who = WF_SLOT_TAKEN | (uint64_t)by.thief << 3 | (uint64_t)by.top << TOP_SHIFT |
                   (uint64_t)by.epoch << EPOCH_SHIFT;
    /* An addition keeps the joiner's PARKED; all other bits were 0. What else a joiner reads that steals back is
     * ordered by pair TS2. */
    return wf_add_relaxed(&slot->state, who) & WF_SLOT_PARKED;
}

bool wf_slot_done(weft_slot_ *slot)
{
    wf_tsan_release(slot);
    /* pair TS5 -> wf_slot_is_done(): the result and all that the child wrote */
    return wf_exchange_release(&slot->state, (uint64_t)WF_SLOT_DONE) & WF_SLOT_PARKED;
}

bool wf_slot_is_done(const weft_slot_ *slot)
{
    return wf_load_acquire(&slot->state) & WF_SLOT_DONE; /* pair TS5 -> wf_slot_done() */
}

bool wf_slot_is_parked(const weft_slot_ *slot)
{
    /* pair SL3 -> wf_slot_park(): after publishing; either this sees the joiner or it sees the new split */
    return wf_load_seq_cst(&slot->state) & WF_SLOT_PARKED;
}

bool wf_slot_taken_by(const weft_slot_ *slot, wf_taken *by)
{
    uint64_t state = wf_load_relaxed(&slot->state); /* ordered by pair TS2: as wf_slot_taken() */
    by->thief = (unsigned)(state >> 3) & ((1u << WF_THIEF_BITS) - 1);
    by->top = (uint32_t)(state >> TOP_SHIFT & INDEX_MASK);
    by->epoch = (uint32_t)(state >> EPOCH_SHIFT) & EPOCH_MASK;
    return state & WF_SLOT_TAKEN;
}

bool wf_slot_park(weft_slot_ *slot)
{
    uint64_t state = wf_load_relaxed(&slot->state); /* re-checked by the exchange */
    /* pair SL3 -> wf_slot_is_parked(), wf_slot_done(): one of both sees the other */
    while (!(state & WF_SLOT_DONE))
        if (wf_cas_seq_cst(&slot->state, &state, state | WF_SLOT_PARKED))
            return true;
    return false;
}

void wf_slot_unpark(weft_slot_ *slot)
{
    uint64_t state = wf_load_relaxed(&slot->state); /* re-checked by the exchange */
    while (!(state & WF_SLOT_DONE) && (state & WF_SLOT_PARKED))
        if (wf_cas_relaxed(&slot->state, &state,
                           state & ~(uint64_t)WF_SLOT_PARKED)) /* hint: at worst one wake too many */
            break;
}
