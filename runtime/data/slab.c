/* SPDX-License-Identifier: MIT */
/* data/slab.c - see slab.h. */
#include "data/slab.h"

#include "base/annotate.h"
#include "os/memory.h"
#include "os/thread.h"

#define CHUNK_MIN 16384
#define CHUNK_MAX (2u << 20)
#define CLOSED ((wf_block *)1)

typedef struct chunk {
    struct chunk *older;
    size_t bytes;
} chunk;

/* Lines by who writes them: nobody, takers, who gives back. */
struct wf_shelf {
    wf_slab *slab;
    uint64_t owner;
    uint32_t lock __attribute__((aligned(WF_LINE)));
    wf_block *own;
    char *fresh, *fresh_end;
    chunk *chunks;
    size_t chunk_bytes; /* of the next one */
    int64_t made;       /* blocks handed out for the first time */
    wf_block *returned __attribute__((aligned(WF_LINE)));
};

struct wf_slab {
    size_t bytes;
    unsigned own, shared;
    uint64_t mark;
    int64_t out;
    wf_shelf shelf[];
};

wf_slab *wf_slab_create(size_t bytes, unsigned own, unsigned shared)
{
    wf_slab *slab = wf_alloc(sizeof *slab + (own + shared) * sizeof slab->shelf[0]);
    if (!slab)
        return NULL;
    slab->bytes = bytes;
    slab->own = own;
    slab->shared = shared;
    for (unsigned i = 0; i < own + shared; i++) {
        slab->shelf[i].slab = slab;
        slab->shelf[i].chunk_bytes = CHUNK_MIN;
    }
    return slab;
}

uint64_t wf_slab_takers(unsigned count)
{
    static uint64_t given;
    return wf_add_relaxed(&given, (uint64_t)count) + 1; /* statistic: only their being new counts */
}

void wf_slab_owned_by(wf_slab *slab, uint64_t first)
{
    for (unsigned i = 0; i < slab->own; i++)
        slab->shelf[i].owner = first + i;
}

static __thread uint64_t taker;

void wf_slab_taker_is(uint64_t number)
{
    taker = number;
}

static void destroy(wf_slab *slab)
{
    for (unsigned i = 0; i < slab->own + slab->shared; i++)
        for (chunk *c = slab->shelf[i].chunks, *older; c; c = older) {
            older = c->older;
            wf_lsan_leaves(c, c->bytes);
            wf_unreserve(c, c->bytes);
        }
    wf_free(slab);
}

static int64_t length(const wf_block *block)
{
    int64_t blocks = 0;
    for (; block; block = block->next)
        blocks++;
    return blocks;
}

void wf_slab_close(wf_slab *slab)
{
    int64_t out = 0;
    if (!slab)
        return;
    for (unsigned i = 0; i < slab->own + slab->shared; i++) {
        wf_shelf *shelf = &slab->shelf[i];
        /* pair SB1 -> wf_slab_give(); pair SB4 -> wf_slab_closed() */
        wf_block *returned = wf_exchange_acq_rel(&shelf->returned, CLOSED);
        out += shelf->made - length(shelf->own) - length(returned);
    }
    if (wf_add_acq_rel(&slab->out, out) + out == 0) /* pair SB3 -> wf_slab_give() */
        destroy(slab);
}

bool wf_slab_closed(const void *block)
{
    /* pair SB4 -> wf_slab_close(): the maker is gone then, with all that it owned */
    return wf_load_acquire(&((const wf_block *)block)->home->returned) == CLOSED;
}

__attribute__((noinline)) static bool add_chunk(wf_shelf *shelf)
{
    chunk *c = wf_reserve(shelf->chunk_bytes);
    if (!c)
        return false;
    wf_lsan_looks_into(c, shelf->chunk_bytes);
    *c = (chunk){.older = shelf->chunks, .bytes = shelf->chunk_bytes};
    shelf->chunks = c;
    shelf->fresh = (char *)c + shelf->slab->bytes; /* the chunk's own head takes the first block's room */
    shelf->fresh_end = (char *)c + shelf->chunk_bytes;
    if (shelf->chunk_bytes < CHUNK_MAX)
        shelf->chunk_bytes *= 2;
    return true;
}

/* Never handed out before; NULL: no memory. */
static wf_block *fresh(wf_shelf *shelf)
{
    size_t bytes = shelf->slab->bytes;
    if (shelf->fresh == shelf->fresh_end && !add_chunk(shelf))
        return NULL;
    wf_block *block = (wf_block *)(void *)shelf->fresh;
    shelf->fresh += bytes;
    block->home = shelf;
    shelf->made++;
    return block;
}

/* There is none left to hand out. */
WF_TOGETHER __attribute__((noinline)) static wf_block *take_slow(wf_shelf *shelf)
{
    if (!wf_load_relaxed(&shelf->returned)) /* re-checked by the exchange */
        return fresh(shelf);
    wf_block *block = wf_exchange_acq_rel(&shelf->returned, NULL); /* pair SB1 -> wf_slab_give() */
    shelf->own = block->next;
    return block;
}

static wf_block *take(wf_shelf *shelf)
{
    wf_block *block = shelf->own;
    if (!block)
        return take_slow(shelf);
    shelf->own = block->next;
    return block;
}

void *wf_slab_take(wf_slab *slab, unsigned own)
{
    return take(&slab->shelf[own]);
}

static bool lock(wf_shelf *shelf)
{
    uint32_t open = 0;
    return wf_cas_acquire(&shelf->lock, &open, (uint32_t)1); /* pair SB2 -> unlock() */
}

static void unlock(wf_shelf *shelf)
{
    wf_store_release(&shelf->lock, (uint32_t)0); /* pair SB2 -> lock() */
}

void *wf_slab_take_shared(wf_slab *slab, size_t near)
{
    wf_shelf *shared = &slab->shelf[slab->own];
    for (size_t at = near;; at++) {
        wf_shelf *shelf = &shared[at % slab->shared];
        if (!lock(shelf)) {
            if (at - near >= slab->shared)
                wf_thread_yield();
            continue;
        }
        void *block = take(shelf);
        unlock(shelf);
        return block;
    }
}

/* One of the last blocks comes back to a closed slab. */
static void count_out(wf_slab *slab)
{
    /* pair SB3 -> wf_slab_close(): who frees it sees that all others are done with their blocks */
    if (wf_sub_acq_rel(&slab->out, (int64_t)1) == 1)
        destroy(slab);
}

WF_TOGETHER void wf_slab_give(void *given)
{
    wf_block *block = given;
    wf_shelf *shelf = block->home;
    if (taker && shelf->owner == taker) {
        block->next = shelf->own;
        shelf->own = block;
        return;
    }
    wf_block *top = wf_load_relaxed(&shelf->returned); /* re-checked by the exchange */
    do {
        if (top == CLOSED) {
            count_out(shelf->slab);
            return;
        }
        block->next = top;
    } while (
        !wf_cas_acq_rel(&shelf->returned, &top, block)); /* pair SB1 -> take_slow(): the block is done with */
}

void wf_slab_mark(wf_slab *slab, uint64_t mark)
{
    slab->mark = mark;
}

uint64_t wf_slab_mark_of(const void *block)
{
    return ((const wf_block *)block)->home->slab->mark;
}
