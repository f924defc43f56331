/* SPDX-License-Identifier: MIT */
/*
 * exec/window.h - the items between a stream's source and its consumer.
 *
 * - A ring of cells. pulled counts items that came in, taken those that went out; pulled - taken <= size, and so by weight.
 * - Ordered: item i lies in cell i % cells, and the consumer waits for that one. Unordered: ready items are noted in a
 *   second ring in the order in which they end; cells that come free are noted in a third.
 *
 *   puller    P1 lock, or leave: somebody else pulls   P2 there is more, and room: the source's next into a free cell
 *             P3 unlock
 *   runner    R1 run what it pulled   R2 its cell is READY
 *   consumer  C1 ready? copy, taken + 1: the cell is free
 *
 * Any number of pullers and runners (each runs what it pulled), one consumer.
 */
#ifndef WF_EXEC_WINDOW_H
#define WF_EXEC_WINDOW_H

#include <weft/stream.h>

#include "base/atomic.h"
#include "base/tunables.h"

#define WF_CHUNK_MAX 64

typedef struct wf_cell {
    size_t index, weight;
    int status;
    uint32_t ready;
} wf_cell;

typedef struct wf_window {
    weft_stream_config config;
    uint32_t size, mask;
    wf_cell *cells;
    char *bytes;           /* of the cells: item, then result, aligned to 16 */
    size_t stride, out_at; /* from cell to cell; from item to result */
    uint32_t closed;

    uint64_t pulled __attribute__((aligned(WF_LINE))); /* under lock, as all of these */
    uint64_t weight_in;
    uint32_t lock, ended;
    int error; /* of the source */

    uint64_t taken __attribute__((aligned(WF_LINE))); /* the consumer's, as all of these */
    uint64_t weight_out;

    uint64_t noted __attribute__((aligned(WF_LINE))); /* unordered: how many cells were noted in: */
    uint32_t *order;                                  /* ready ones, + 1, in the order in which they ended */
    uint32_t *free;                                   /* free ones */
} wf_window;

/* Of a sensible config, all zero before. False: no memory; fini in any case. */
bool wf_window_init(wf_window *w, const weft_stream_config *config);
void wf_window_fini(wf_window *w);

/* Any thread: items that may be pulled now; `of` them at most may be in between. */
static inline uint64_t wf_window_room(const wf_window *w, uint64_t of)
{
    uint64_t taken = wf_load_seq_cst(&w->taken);           /* pair SM1 -> pump(): one sees the other */
    uint64_t inside = wf_load_relaxed(&w->pulled) - taken; /* ordered by pair SM1: it came in before */
    uint64_t weight_out =
        wf_load_acquire(&w->weight_out); /* pair SM7 -> wf_window_take(): what came in before */
    uint64_t weight = wf_load_relaxed(&w->weight_in) - weight_out; /* ordered by pair SM7 */
    if (inside && w->config.window_bytes && weight >= w->config.window_bytes / (w->size / of))
        return 0;
    return inside < of ? of - inside : 0;
}

/* Any thread: may there be more in the source, and is it open? A hint, but for who pulls. */
static inline bool wf_window_more(const wf_window *w)
{
    return !wf_load_relaxed(&w->ended) && /* under lock, or a hint */
           !wf_load_seq_cst(&w->closed);  /* pair SM5 -> wf_window_close() */
}

/* Any thread: does nobody pull just now? A hint. */
bool wf_window_unlocked(const wf_window *w);
/* Pulls so many at most; how many it were. ids: room for so many. */
unsigned wf_window_pull(wf_window *w, unsigned most, uint32_t *ids);
/* Who pulled it, once, one of these three: runs it; after close it is dropped. */
void wf_window_run(wf_window *w, uint32_t id);
/* It will not run: it is dropped, and has that status. */
void wf_window_drop(wf_window *w, uint32_t id, int status);
/* It ran elsewhere. out: what it became; NULL: nothing, or hooks have made it in wf_window_result. */
void wf_window_ended(wf_window *w, uint32_t id, int status, const void *out);
/* Before that: the item; NULL: there are none. */
const void *wf_window_item(const wf_window *w, uint32_t id);
/* Room for its result, made zeros. */
void *wf_window_result(const wf_window *w, uint32_t id);

/* The consumer, as those that follow: is there a result? */
static inline bool wf_window_ready(const wf_window *w, uint32_t *id)
{
    uint32_t at = (uint32_t)w->taken & w->mask;
    if (!w->config.unordered) {
        *id = at;
        return wf_load_seq_cst(&w->cells[at].ready); /* pair SM4 -> wf_window_run() */
    }
    *id = wf_load_seq_cst(&w->order[at]) - 1; /* pair SM4 -> wf_window_run() */
    return *id != UINT32_MAX;
}

/* That one: to the caller, or dropped (out is NULL). Its cell is free after it. */
void wf_window_take(wf_window *w, uint32_t id, void *out, int *status, size_t *index);
/* Nothing more comes: WEFT_EEND, but the source's error first, if it had one. */
bool wf_window_at_end(wf_window *w, int *err);
/* Would the consumer get an item now, or the end? Sequentially consistent, before it sleeps. */
bool wf_window_comes_out(const wf_window *w);
/* Nothing more is pulled, and what was pulled is not run any more. */
void wf_window_close(wf_window *w);

#endif
