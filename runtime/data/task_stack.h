/* SPDX-License-Identifier: MIT */
/*
 * data/task_stack.h - a worker's stack of forked, not yet joined children: private part, public part.
 *
 *      base          tail            split               top          end
 *       | taken, done |  public: to    |  private: the    |   free      |  guard page
 *       |   or joined |  be taken      |  owner's alone   |             |
 *
 * Words, and who writes them:
 *   top    owner: fork and join move it (inlined in weft/fork.h)
 *   limit  a fork at or above it takes the cold path. Owner: room = min(end, split + WF_PRIVATE_MAX) when
 *          nobody asks; anybody: ASKED, the owner: OFFERED, both below every slot: publish at the next fork
 *   claim  a join below it takes the cold path. Slots are 64-aligned; the low bits say who may write it:
 *          0          the owner runs user code; claim == the slot at split. A forcing thief may: EXPOSING
 *          OWNER      the owner is in a cold path that changes claim or split
 *          EXPOSING   a thief has put claim over private slots, to be revoked by the owner (-> OWNER)
 *          COMMITTING that thief publishes them; the owner's cold paths wait these few instructions out
 *   span   tail, split and epoch in one word. Thieves: tail + 1 while tail < split; owner: all else
 *   slot.state  who took it and under which epoch and top, joiner parked, done
 *
 * Protocol. O: owner, T: thief.
 *   O fork    fill the slot, top + 1 (inlined); or cold: wf_stack_calm, wf_stack_push
 *   O publish claim up to the new split (T never reads claim), then split up by exchange on span
 *   O join    top down (inlined); slot below claim: wf_stack_take_back: split down past it by exchange on
 *             span, unless tail is past it: then it was taken: top up again, wait for done, wf_stack_joined
 *   T force   when the owner does not answer (a long call, a block): at most one thief at a time (forcing)
 *             F1 nothing is public, private slots up to top   F2 claim -> over the older half, EXPOSING
 *             F3 a barrier in all threads (handed in)         F4 read top again: what was popped is left out
 *             F5 claim EXPOSING -> COMMITTING by exchange: fails if the owner revoked   F6 split up
 *             F7 claim without flags
 *             The owner's join (store top, compiler barrier, load claim) and F2 to F4 (store claim, barrier
 *             everywhere, load top) are an asymmetric Dekker pair: a join that did not see EXPOSING is seen
 *             by F4; one that did comes to the cold path and revokes, or finds the slots public.
 *   T steal   tail + 1 by exchange on span, then state += who, epoch, top; run; state = done
 *   T leapfrog the same, if span has the epoch and tail >= the top that the taken slot recorded
 *
 * Invariants: base <= tail <= split <= top (in slots) at every fork and join of the owner;
 * tail == split == the slot's index when the owner returns from a stolen child's join.
 *
 * Epoch: 24 bits, fresh from a counter that only grows for each stolen slot and each piece of a loop, the old one
 * put back at its end. A leapfrogger that holds epoch E knows that the child which it waits for has not ended; as
 * long as it has not, whatever its thief runs is a descendant, or belongs to a task that the thief runs inside the
 * child, which has to end first: so a task has no epoch of its own. To be fooled it would have to sleep between its
 * read of span and its exchange while the thief ends the child and starts exactly k * 2^24 other such things (more
 * than a second of nothing but steals) and stands at the same tail and split; it would then run an unrelated child on
 * top of its wait.
 * ABA on tail and split is harmless: a slot's content is read after the exchange, and it is what the slot
 * holds now that is taken.
 *
 * Who may call together: the functions marked O only the owner; those marked T any thread, any time.
 * Progress: lock-free but for O's wait while a thief commits. Sources: Faxen 2008 and 2010 (Wool), van Dijk & van de Pol 2014
 * (Lace: split), Wagner & Calder 1993 (leapfrogging), Ladan-Mozes, Lee & Vyukov 2011 (asymmetric fences).
 */
#ifndef WF_DATA_TASK_STACK_H
#define WF_DATA_TASK_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/fork.h>

#include "base/atomic.h"

/* Flags in claim, below the slot's address. */
#define WF_CLAIM_EXPOSING 1
#define WF_CLAIM_COMMITTING 2
#define WF_CLAIM_OWNER 4

/* slot.state: flags 3 bits | thief 13 | top 20 | epoch 24 */
#define WF_SLOT_PARKED 1u /* the joiner sleeps: wake it */
#define WF_SLOT_DONE 2u
#define WF_SLOT_TAKEN 4u
#define WF_THIEF_BITS 13

typedef struct wf_taken {
    unsigned thief;
    uint32_t top, epoch; /* the thief's, when it began */
} wf_taken;

/* Whose children those from a slot on are (sched/inside.h); 0: there is nobody. */
typedef struct wf_within {
    struct wf_running *running;
    intptr_t from;
} wf_within;

typedef struct wf_task_stack {
    union {
        weft_worker_ head; /* first: what weft_self_ points to */
        struct {           /* in the room in its first line, which a fork has at hand: */
            char first_words[sizeof(intptr_t) + sizeof(uint64_t)];
            wf_within within;  /* O writes, T reads */
            wf_within *around; /* O: where the next one goes; NULL: there */
        };
    };
    uint64_t span __attribute__((aligned(WF_LINE)));
    uint32_t forcing;                                /* 1: a thief is between F1 and F7 */
    uint32_t answers;                                /* how often the owner came to the cold path of a fork */
    intptr_t base __attribute__((aligned(WF_LINE))); /* slot 0; 0: no memory yet */
    intptr_t end;                                    /* past the last slot */
    uint32_t slots;
    uint32_t epochs; /* the last one drawn */
} wf_task_stack;

/* O, of a zeroed stack, whose words thieves may look at already. Tries fewer slots when there is no memory
 * for many. 0 or -ENOMEM. */
int wf_stack_init(wf_task_stack *stack);
void wf_stack_fini(wf_task_stack *stack);

/* O. limit back to room, in sequentially consistent order: requests from before are answered by what the
 * caller does next, later ones lower it again. True: somebody else had asked. */
bool wf_stack_calm(wf_task_stack *stack);
/* O. The next fork takes the cold path and publishes, though nobody has asked yet. */
void wf_stack_offer(wf_task_stack *stack);
/* O. A private child with a copy of the arguments; its slot; 0: no room. */
intptr_t wf_stack_push(wf_task_stack *stack, void (*run)(weft_slot_ *), const void *args, size_t bytes);
/* O. The older half of the private children, at least one of them, becomes public; false: none is private
 * or some are public already. */
bool wf_stack_publish(wf_task_stack *stack);
/* O, before it sleeps with children that it has not joined: all become public. False: none was private. */
bool wf_stack_publish_all(wf_task_stack *stack);
/* O, top is at the slot. True: the child is private now and was not taken; false: it was taken. */
bool wf_stack_take_back(wf_task_stack *stack, intptr_t slot);
/* O, of a taken child: what runs meanwhile forks above it. */
void wf_stack_above(wf_task_stack *stack, intptr_t slot);
/* O, of a taken child that is done: the stack ends at the slot. */
void wf_stack_joined(wf_task_stack *stack, intptr_t slot);
/* O. A fresh epoch begins; the one to put back at its end. */
uint32_t wf_stack_enter(wf_task_stack *stack);
void wf_stack_leave(wf_task_stack *stack, uint32_t epoch);
/* O. Index of top; the epoch now. */
uint32_t wf_stack_depth(const wf_task_stack *stack);
uint32_t wf_stack_epoch(const wf_task_stack *stack);

/* T. How many children are public, and how many private: hints. False: no stack is there yet. */
bool wf_stack_count(const wf_task_stack *stack, uint32_t *shared, uint32_t *own);
/* T. Asks the owner to publish. */
void wf_stack_ask(wf_task_stack *stack);
/* T. Has it been asked and not answered, with nothing public? *mark changes whenever it does. */
bool wf_stack_silent(const wf_task_stack *stack, uint64_t *mark);
/* T. A hint: are there children that are not public? */
bool wf_stack_private(const wf_task_stack *stack);
/* T. Publishes the older half of the private children in the owner's stead; false: there are none, the owner
 * was quicker, or `barrier` failed. */
bool wf_stack_force(wf_task_stack *stack, bool (*barrier)(void));
/* T. Is there something to steal? */
bool wf_stack_public(const wf_task_stack *stack);
bool wf_stack_public_above(const wf_task_stack *stack, uint32_t top, uint32_t epoch);
/* T. Takes the oldest public slot; NULL: none, or lost to somebody else. */
weft_slot_ *wf_stack_steal(wf_task_stack *stack);
/* T. The same, only what was forked above `top` under `epoch`. */
weft_slot_ *wf_stack_steal_above(wf_task_stack *stack, uint32_t top, uint32_t epoch);

/* T, of the slot that it took. True: the joiner sleeps already, and could not ask the thief for anything. */
bool wf_slot_taken(weft_slot_ *slot, wf_taken by);
/* T. The child is done. True: the joiner sleeps. Nothing of the slot may be touched any more. */
bool wf_slot_done(weft_slot_ *slot);
/* Joiner, or T that runs it. */
bool wf_slot_is_done(const weft_slot_ *slot);
bool wf_slot_is_parked(const weft_slot_ *slot);
/* Joiner. Who took it; false: not written yet, or done. */
bool wf_slot_taken_by(const weft_slot_ *slot, wf_taken *by);
/* Joiner. From now on done wakes it. False: done already. */
bool wf_slot_park(weft_slot_ *slot);
/* Joiner. */
void wf_slot_unpark(weft_slot_ *slot);

#endif
