/* SPDX-License-Identifier: MIT */
/* exec/window.c - see window.h. */
#include "exec/window.h"

#include <errno.h>
#include <string.h>

#include "os/memory.h"

#define LOCK_LOOKS 64

/* Of one that was pulled; one of an array stays there. */
static void *item_at(const wf_window *w, uint32_t id)
{
    return w->bytes + id * w->stride;
}

static void *result_at(const wf_window *w, uint32_t id)
{
    return w->bytes + id * w->stride + w->out_at;
}

const void *wf_window_item(const wf_window *w, uint32_t id)
{
    const char *items = w->config.items;
    return w->config.pull ? item_at(w, id) : items ? items + w->cells[id].index * w->config.in_bytes : NULL;
}

void wf_window_close(wf_window *w)
{
    wf_store_seq_cst(&w->closed, 1u); /* pair SM5 -> wf_window_more() */
}

/* ---- pulling, under lock --------------------------------------------------------------------------- */

static bool lock(wf_window *w)
{
    for (int i = 0; i < LOCK_LOOKS; i++) {
        uint32_t open = 0;
        if (wf_cas_acquire(&w->lock, &open, 1u)) /* pair SM3 -> unlock() */
            return true;
        wf_pause();
    }
    return false;
}

static void unlock(wf_window *w)
{
    wf_store_release(&w->lock, 0u); /* pair SM3 -> lock() */
}

bool wf_window_unlocked(const wf_window *w)
{
    return !wf_load_relaxed(&w->lock); /* hint */
}

/* Into the bytes of its cell; 1: there is none any more; negative: the source failed. */
static int pull(wf_window *w, uint32_t id)
{
    if (w->config.pull)
        return w->config.pull(item_at(w, id), w->config.ctx);
    return w->pulled == w->config.n;
}

static bool pull_one(wf_window *w, uint32_t *id)
{
    uint64_t at = w->pulled;
    *id = w->config.unordered ? w->free[at & w->mask] : (uint32_t)at & w->mask;
    int end = pull(w, *id);
    if (end) {
        w->error = end < 0 ? end : 0;
        wf_store_seq_cst(&w->ended,
                         1u); /* pair SM4 -> wf_window_comes_out(); pair SM2 -> wf_window_at_end() */
        return false;
    }
    wf_cell *c = &w->cells[*id];
    c->index = (size_t)at;
    c->weight = w->config.weigh ? w->config.weigh(wf_window_item(w, *id), w->config.ctx) : 0;
    wf_store_relaxed(&w->weight_in, w->weight_in + c->weight); /* under lock */
    wf_store_relaxed(&w->pulled, at + 1); /* under lock; ordered by pair SM2 for the end */
    return true;
}

unsigned wf_window_pull(wf_window *w, unsigned most, uint32_t *ids)
{
    unsigned count = 0;
    if (!wf_window_more(w) || !lock(w))
        return 0;
    while (count < most && wf_window_more(w) && wf_window_room(w, w->size) && pull_one(w, &ids[count]))
        count++;
    unlock(w);
    return count;
}

/* ---- running ------------------------------------------------------------------------------------- */

void *wf_window_result(const wf_window *w, uint32_t id)
{
    return memset(result_at(w, id), 0, w->config.out_bytes);
}

static void set_ready(wf_window *w, uint32_t id, int status)
{
    w->cells[id].status = status;
    if (w->config.unordered) {
        uint64_t at = wf_add_seq_cst(&w->noted, (uint64_t)1); /* pair SM4 -> wf_window_ready() */
        wf_store_seq_cst(&w->order[at & w->mask], id + 1);    /* pair SM4 -> wf_window_ready() */
    } else {
        wf_store_seq_cst(&w->cells[id].ready, 1u); /* pair SM4 -> wf_window_ready() */
    }
}

static void drop_item(const wf_window *w, uint32_t id)
{
    if (w->config.drop_item)
        w->config.drop_item(item_at(w, id), w->config.ctx);
}

/* Its function has borrowed it, or had another one like it. */
static void drop_borrowed(const wf_window *w, uint32_t id)
{
    if (w->config.in_codec)
        drop_item(w, id);
}

void wf_window_drop(wf_window *w, uint32_t id, int status)
{
    drop_item(w, id);
    (void)wf_window_result(w, id);
    set_ready(w, id, status);
}

void wf_window_ended(wf_window *w, uint32_t id, int status, const void *out)
{
    if (status || !w->config.out_codec) {
        void *result = wf_window_result(w, id);
        if (out && w->config.out_bytes)
            memcpy(result, out, w->config.out_bytes);
    }
    drop_borrowed(w, id);
    set_ready(w, id, status);
}

void wf_window_run(wf_window *w, uint32_t id)
{
    if (wf_load_relaxed(&w->closed)) { /* hint: it saves work */
        wf_window_drop(w, id, -ECANCELED);
        return;
    }
    int status = w->config.fn(wf_window_item(w, id), wf_window_result(w, id), w->config.ctx);
    drop_borrowed(w, id);
    set_ready(w, id, status);
}

/* ---- taking out ---------------------------------------------------------------------------------- */

void wf_window_take(wf_window *w, uint32_t id, void *out, int *status, size_t *index)
{
    wf_cell *c = &w->cells[id];
    uint32_t at = (uint32_t)w->taken & w->mask;
    if (out)
        memcpy(out, result_at(w, id), w->config.out_bytes);
    else if (!c->status && w->config.drop)
        w->config.drop(result_at(w, id), w->config.ctx);
    if (status)
        *status = c->status;
    if (index)
        *index = c->index;
    if (w->config.unordered) {
        wf_store_relaxed(&w->order[at], 0u); /* ordered by pair SM1: used again after it is taken */
        w->free[at] = id;
    }
    wf_store_relaxed(&c->ready, 0u);                             /* ordered by pair SM1 */
    wf_store_release(&w->weight_out, w->weight_out + c->weight); /* pair SM7 -> wf_window_room() */
    wf_store_seq_cst(&w->taken, w->taken + 1);                   /* pair SM1 -> wf_window_room() */
}

bool wf_window_at_end(wf_window *w, int *err)
{
    if (!wf_load_acquire(&w->ended)) /* pair SM2 -> pull_one() */
        return false;
    if (w->taken != wf_load_relaxed(&w->pulled)) /* ordered by pair SM2 */
        return false;
    *err = w->error ? w->error : WEFT_EEND;
    w->error = 0;
    return true;
}

bool wf_window_comes_out(const wf_window *w)
{
    uint32_t id;
    return wf_window_ready(w, &id) || (wf_load_seq_cst(&w->ended) &&             /* pair SM4 -> pull_one() */
                                       w->taken == wf_load_relaxed(&w->pulled)); /* ordered by pair SM4 */
}

/* ---- making -------------------------------------------------------------------------------------- */

static size_t up16(size_t bytes)
{
    return (bytes + 15) & ~(size_t)15;
}

bool wf_window_init(wf_window *w, const weft_stream_config *config)
{
    size_t cells = 1, own = config->pull ? up16(config->in_bytes) : 0;
    w->config = *config;
    w->size = (uint32_t)config->window;
    while (cells < w->size)
        cells *= 2;
    w->mask = (uint32_t)cells - 1;
    w->out_at = own;
    w->stride = own + up16(config->out_bytes);
    if (w->stride > SIZE_MAX / cells / 2)
        return false;
    w->cells = wf_alloc(cells * sizeof *w->cells);
    w->bytes = wf_alloc(cells * w->stride);
    w->order = wf_alloc(config->unordered ? cells * sizeof *w->order : 1);
    w->free = wf_alloc(config->unordered ? cells * sizeof *w->free : 1);
    for (size_t i = 0; w->free && config->unordered && i < cells; i++)
        w->free[i] = (uint32_t)i;
    return w->cells && w->bytes && w->order && w->free;
}

void wf_window_fini(wf_window *w)
{
    wf_free(w->cells);
    wf_free(w->bytes);
    wf_free(w->order);
    wf_free(w->free);
}
