/* SPDX-License-Identifier: MIT */
/*
 * data/slab.h - blocks of one size, taken by few threads, given back by any, outliving who made them.
 *
 * - A slab has shelves. Each thread that takes often has one of its own; the others share some under a try-lock.
 * - A block goes back to the shelf that it came from, on a stack that takers empty as a whole: one exchange gives
 *   back, one exchange fetches all, so nothing can be popped that was pushed again meanwhile (no ABA). The thread whose
 *   own shelf it is puts it straight to those that it hands out.
 * - Memory is mapped in chunks of 16 KiB to 2 MiB and kept: blocks are type-stable until the slab goes.
 * - The slab goes when its maker has closed it and the last block has come back: blocks may outlive the maker.
 *
 * Words of a shelf:
 *   lock      1: somebody takes from it (shared shelves only)
 *   own       blocks to hand out, taker only; then fresh .. fresh_end, never handed out yet
 *   owner     the number of its only taker, which has ended when the slab is closed; 0: not known
 *   returned  top of the stack of blocks given back; CLOSED: closed, count down `out` instead
 *   made      how many different blocks were ever handed out
 * and of the slab:
 *   out       0 until closed; then the blocks still out: Closing adds made - own - returned, who gives back later takes 1:
 *             who brings it to 0 frees the slab. Before the closer's addition the word is below 0.
 *
 * Who may call together: takers of one unshared shelf never together; nobody takes at or after the closing; everything
 * else any thread, any time.
 */
#ifndef WF_DATA_SLAB_H
#define WF_DATA_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"

typedef struct wf_slab wf_slab;
typedef struct wf_shelf wf_shelf;

/* What each block begins with. While it is out, `next` is its user's; `home` is not to be changed. */
typedef struct wf_block {
    struct wf_block *next;
    wf_shelf *home;
} wf_block;

/* Blocks of `bytes`, a power of two from 32 to 1024, aligned to that. own: shelves for one thread each, shared:
 * at least one. NULL: no memory. */
wf_slab *wf_slab_create(size_t bytes, unsigned own, unsigned shared);
/* Numbers for so many takers, which no others ever have: the first of them. Before others know the slab: whose its own
 * shelves are, one after the other. And which the calling thread is; 0: none. */
uint64_t wf_slab_takers(unsigned count);
void wf_slab_owned_by(wf_slab *slab, uint64_t first);
void wf_slab_taker_is(uint64_t number);
/* No more is taken. Frees the slab, now or with the last block. */
void wf_slab_close(wf_slab *slab);

/* The only taker of that shelf; NULL: no memory. Zeroed at first, later as it was given back. */
void *wf_slab_take(wf_slab *slab, unsigned own);
/* From a shared shelf; `near` spreads callers. */
void *wf_slab_take_shared(wf_slab *slab, size_t near);
/* Any thread, once for each take. */
void wf_slab_give(void *block);

/* Any thread that holds the block: has the maker closed the slab? */
bool wf_slab_closed(const void *block);

/* A number that the maker left with the slab: blocks that outlive the maker still know it. */
void wf_slab_mark(wf_slab *slab, uint64_t mark);
uint64_t wf_slab_mark_of(const void *block);

#endif
