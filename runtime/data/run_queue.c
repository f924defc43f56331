/* SPDX-License-Identifier: MIT */
/* data/run_queue.c - see run_queue.h. */
#include "data/run_queue.h"

#include "base/check.h"
#include "base/tunables.h"
#include "os/memory.h"
#include "os/urcu.h"

/* Mapped, not from the host's allocator: workers call this. */
static wf_ring *ring_of(int64_t items)
{
    size_t bytes = sizeof(wf_ring) + (size_t)items * sizeof(void *);
    wf_ring *ring = wf_reserve(bytes);
    if (ring) {
        ring->bytes = bytes;
        ring->mask = items - 1;
    }
    return ring;
}

static void free_rings(wf_ring *ring)
{
    while (ring) {
        wf_ring *older = ring->older;
        wf_unreserve(ring, ring->bytes);
        ring = older;
    }
}

void wf_run_queue_fini(wf_run_queue *queue)
{
    free_rings(queue->ring);
    free_rings(queue->retired);
    *queue = (wf_run_queue){0};
}

static void **slot_of(wf_ring *ring, int64_t index)
{
    return &ring->slot[index & ring->mask];
}

static void retire(wf_run_queue *queue, wf_ring *ring)
{
    ring->older = wf_load_relaxed(&queue->retired); /* re-checked by the exchange */
    /* pair RQ5 -> wf_run_queue_reclaim(): which rings there are */
    while (!wf_cas_acq_rel(&queue->retired, &ring->older, ring))
        ;
}

/* Room for the item at bottom; false: no memory. */
__attribute__((noinline, cold)) static bool grow(wf_run_queue *queue, wf_ring *ring, int64_t top,
                                                 int64_t bottom)
{
    wf_ring *larger = ring_of(ring ? 2 * (ring->mask + 1) : WF_RING_ITEMS);
    if (!larger)
        return false;
    for (int64_t i = top; i < bottom; i++) {
        void *item = wf_load_relaxed(slot_of(ring, i)); /* owner only: nobody else writes slots */
        wf_store_relaxed(slot_of(larger, i), item);     /* owner only: not known to others yet */
    }
    wf_store_release(&queue->ring, larger); /* pair RQ2 -> wf_run_queue_steal(): its slots are filled */
    if (ring)
        retire(queue, ring);
    return true;
}

bool wf_run_queue_reserve(wf_run_queue *queue)
{
    return queue->ring || grow(queue, NULL, 0, 0);
}

bool wf_run_queue_put(wf_run_queue *queue, void *item)
{
    int64_t bottom = wf_load_relaxed(&queue->bottom); /* owner only */
    int64_t top = wf_load_acquire(&queue->top);    /* pair RQ3 -> wf_run_queue_steal(): its slot was read */
    wf_ring *ring = wf_load_relaxed(&queue->ring); /* owner only */
    if (!ring || bottom - top > ring->mask)
        return grow(queue, ring, top, bottom) && wf_run_queue_put(queue, item);
    wf_store_relaxed(slot_of(ring, bottom), item); /* owner only: published by bottom */
    /* pair RQ1 -> wf_run_queue_steal(): the slot and what it points to; pair SL2: published before sleepers
     * are looked for */
    wf_store_seq_cst(&queue->bottom, bottom + 1);
    return true;
}

void *wf_run_queue_pop(wf_run_queue *queue)
{
    int64_t bottom = wf_load_relaxed(&queue->bottom); /* owner only */
    int64_t top = wf_load_relaxed(&queue->top);       /* hint: it only grows */
    if (bottom == top)
        return NULL;
    wf_ring *ring = wf_load_relaxed(&queue->ring); /* owner only */
    wf_store_seq_cst(&queue->bottom, --bottom);    /* pair RQ4 -> wf_run_queue_steal(): one sees the other */
    top = wf_load_seq_cst(&queue->top);            /* pair RQ4 -> wf_run_queue_steal() */
    void *item = top <= bottom ? wf_load_relaxed(slot_of(ring, bottom)) : NULL; /* owner only */
    if (top < bottom)
        return item;
    if (item && !wf_cas_seq_cst(&queue->top, &top, top + 1)) /* pair RQ4 -> wf_run_queue_steal() */
        item = NULL;
    /* pair RQ1 -> wf_run_queue_steal(): empty again; who reads this one after an old top finds a ring, too */
    wf_store_release(&queue->bottom, bottom + 1);
    return item;
}

size_t wf_run_queue_count(const wf_run_queue *queue)
{
    int64_t bottom = wf_load_relaxed(&queue->bottom);       /* owner only */
    return (size_t)(bottom - wf_load_relaxed(&queue->top)); /* hint: it only grows */
}

static void *at_end(const wf_run_queue *queue, bool newest)
{
    int64_t bottom = wf_load_relaxed(&queue->bottom); /* owner only */
    int64_t top = wf_load_relaxed(&queue->top);       /* hint: it only grows */
    wf_ring *ring = wf_load_relaxed(&queue->ring);    /* owner only */
    return top < bottom ? wf_load_relaxed(slot_of(ring, newest ? bottom - 1 : top)) : NULL; /* owner only */
}

void *wf_run_queue_newest(const wf_run_queue *queue)
{
    return at_end(queue, true);
}

void *wf_run_queue_oldest(const wf_run_queue *queue)
{
    return at_end(queue, false);
}

bool wf_run_queue_drop(wf_run_queue *queue, const void *item)
{
    int64_t top = wf_load_relaxed(&queue->top); /* re-checked by the exchange */
    /* statistic: the item is the owner's own, only their number moves */
    return wf_run_queue_oldest(queue) == item && wf_cas_relaxed(&queue->top, &top, top + 1);
}

bool wf_run_queue_reclaim(wf_run_queue *queue)
{
    wf_ring *retired = wf_exchange_acq_rel(&queue->retired, NULL); /* pair RQ5 -> retire() */
    if (!retired)
        return false;
    if (wf_grace_wait(queue)) {
        free_rings(retired);
        return true;
    }
    while (retired) { /* back to the others: they go with the queue */
        wf_ring *older = retired->older;
        retire(queue, retired);
        retired = older;
    }
    return false;
}

void *wf_run_queue_steal(wf_run_queue *queue)
{
    int64_t top = wf_load_seq_cst(&queue->top);       /* pair RQ4 -> wf_run_queue_pop() */
    int64_t bottom = wf_load_seq_cst(&queue->bottom); /* pair RQ1, RQ4 -> wf_run_queue_put(), _pop() */
    if (top >= bottom)
        return NULL;
    wf_read_begin();
    wf_ring *ring = wf_load_acquire(&queue->ring);    /* pair RQ2 -> grow() */
    void *item = wf_load_relaxed(slot_of(ring, top)); /* re-checked by the exchange */
    wf_read_end(queue);
    /* pair RQ3 -> wf_run_queue_put(): the slot was read; pair RQ4 -> wf_run_queue_pop() */
    return wf_cas_seq_cst(&queue->top, &top, top + 1) ? item : NULL;
}

size_t wf_run_queue_backlog(const wf_run_queue *queue)
{
    int64_t top = wf_load_relaxed(&queue->top), bottom = wf_load_relaxed(&queue->bottom); /* hint */
    return bottom > top ? (size_t)(bottom - top) : 0;
}

bool wf_run_queue_ever(const wf_run_queue *queue)
{
    return wf_load_acquire(&queue->ring); /* pair RQ2 -> grow() */
}

bool wf_run_queue_visible(const wf_run_queue *queue)
{
    int64_t top = wf_load_seq_cst(&queue->top);   /* pair RQ4 */
    return top < wf_load_seq_cst(&queue->bottom); /* pair SL2 -> wf_run_queue_put() */
}
