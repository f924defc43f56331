/* SPDX-License-Identifier: MIT */
/*
 * data/run_queue.h - a growing deque of pointers: its owner puts and pops at the bottom, all take at the top.
 *
 *   top .. bottom - 1   the items' indices; 64 bits that only grow (bottom dips by one inside a pop)
 *   ring                item i lies in slot i & mask; replaced by one of twice the size when full
 *
 * Protocol. O: owner, T: thief (the owner may be one, for the oldest item).
 *   O put    fill the slot; bottom + 1
 *   O pop    bottom - 1; read top; above top: it is the owner's; at top, the last one: exchange top + 1 decides
 *   T steal  in a read section: read top, then bottom, then ring, then the slot; exchange top + 1 decides
 *   O drop   the oldest: read top, then the slot; exchange top + 1 decides
 *   O grow   copy to a larger ring; publish it; the old one is kept: a thief may read it until a grace period
 *            has passed. Its slots are never written again, so what a thief with a stale ring read at `top` is
 *            the item if its exchange succeeds.
 *
 * Orders. top and bottom are accessed in sequentially consistent order where the two sides meet: pop's write of
 * bottom and read of top, steal's read of top and read of bottom. (The published form has stand-alone fences there,
 * which ThreadSanitizer does not see; on x86 both cost one locked instruction a pop.) put's write of bottom is
 * sequentially consistent too: it is the "publish" before "look for sleepers", see sched/sleep.h. Every write of bottom
 * releases: whichever a thief reads, it sees a ring. (Since C++20 a relaxed store no longer hands on what the releasing
 * one before it published.)
 *
 * A slot is read before the exchange and may be overwritten meanwhile (then the exchange fails): it is atomic.
 *
 * Who may call together: O functions only the owner; T functions any thread, any time; but where rings are reclaimed, a
 * thief has called wf_grace_register() (os/urcu.h). Lock-free; pop and put wait-free but for the memory of a larger ring.
 * Source: Chase & Lev 2005; Le, Pop, Cohen & Zappa Nardelli 2013 (orders).
 */
#ifndef WF_DATA_RUN_QUEUE_H
#define WF_DATA_RUN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"

typedef struct wf_ring {
    struct wf_ring *older; /* of the retired ones */
    size_t bytes;          /* reserved */
    int64_t mask;
    void *slot[];
} wf_ring;

typedef struct wf_run_queue {
    int64_t top __attribute__((aligned(WF_LINE)));
    int64_t bottom __attribute__((aligned(WF_LINE)));
    wf_ring *ring;    /* NULL: nothing was ever put */
    wf_ring *retired; /* replaced, and maybe still read; together smaller than ring */
} wf_run_queue;

/* Before others know it, zeroed memory is an empty queue. O, or after all others are gone: */
void wf_run_queue_fini(wf_run_queue *queue);

/* O. Room for the first 256, so that their puts cannot fail. False: no memory. */
bool wf_run_queue_reserve(wf_run_queue *queue);
/* O. False: no memory for a larger ring; the item is not in. */
bool wf_run_queue_put(wf_run_queue *queue, void *item);
/* O. The newest; NULL: empty, or the last one was lost to a thief. */
void *wf_run_queue_pop(wf_run_queue *queue);
/* O. How many there are; thieves may take some meanwhile. */
size_t wf_run_queue_count(const wf_run_queue *queue);
/* O. What is at either end, left in there; NULL: empty. Others may take it at any time, or have just done so: a hint. */
void *wf_run_queue_newest(const wf_run_queue *queue);
void *wf_run_queue_oldest(const wf_run_queue *queue);
/* O. Takes that very item out, if it is the oldest; false: it is not, or a thief was quicker. */
bool wf_run_queue_drop(wf_run_queue *queue, const void *item);
/* Any thread, not in a read section. Frees the rings that were replaced, after a grace period; false: there are none, or
 * no grace period is to be had: they stay until fini. It waits for every read section of the process, also the host's:
 * so no worker does it. */
bool wf_run_queue_reclaim(wf_run_queue *queue);

/* T. The oldest; NULL: empty, or lost to somebody else. */
void *wf_run_queue_steal(wf_run_queue *queue);
/* T. How many there are: a hint. */
size_t wf_run_queue_backlog(const wf_run_queue *queue);
/* T. Was there ever anything, or room reserved for it? */
bool wf_run_queue_ever(const wf_run_queue *queue);
/* T. Is there anything? In sequentially consistent order. */
bool wf_run_queue_visible(const wf_run_queue *queue);

#endif
