/* SPDX-License-Identifier: MIT */
/* par/map.c - see map.h. */
#include "par/map.h"

#include <errno.h>
#include <weft/bulk.h>

#include "base/annotate.h"
#include "base/atomic.h"
#include "base/config.h"

void wf_map_stop(wf_map *m)
{
    wf_store_relaxed(&m->stop, 1u); /* hint: a few more items may start */
}

static void fail(wf_map *m, size_t index, int status)
{
    pthread_mutex_lock(&m->lock);
    m->failed++;
    if (index < m->index) {
        m->index = index;
        m->status = status;
    }
    pthread_mutex_unlock(&m->lock);
    if (m->call.config.on_error == WEFT_FAIL_FAST)
        wf_map_stop(m);
}

bool wf_map_stopped(const wf_map *m)
{
    return wf_load_relaxed(&m->stop); /* hint */
}

static void note(const wf_map *m, size_t index, int status)
{
    if (m->call.config.status)
        m->call.config.status[index] = status;
}

void wf_map_skipped(wf_map *m, size_t index)
{
    note(m, index, -ECANCELED);
}

void wf_map_ended(wf_map *m, size_t index, int status)
{
    if (status)
        fail(m, index, status);
    else
        (void)wf_add_relaxed(&m->done, (uint64_t)1); /* statistic: read after the loop */
    note(m, index, status);
}

static bool goes_on(wf_map *m)
{
    if (!wf_map_stopped(m) && m->asked && m->asked(m))
        wf_map_stop(m);
    return !wf_map_stopped(m);
}

void wf_map_items(size_t begin, size_t end, void *map)
{
    wf_map *m = map;
    const wf_map_call *c = &m->call;
    uint64_t done = 0;
    for (size_t i = begin; i < end; i++) {
        int status = -ECANCELED;
        if (goes_on(m)) {
            status = c->fn(c->out ? c->out + i * c->out_size : NULL, c->in ? c->in + i * c->in_size : NULL,
                           c->config.ctx);
            if (status)
                fail(m, i, status);
            else
                done++;
        }
        note(m, i, status);
    }
    (void)wf_add_relaxed(&m->done, done); /* statistic: read after the loop */
}

const void *wf_map_near(const wf_map_call *c, size_t *item_bytes)
{
    bool in = c->config.near == WEFT_NEAR_IN, out = c->config.near == WEFT_NEAR_OUT;
    *item_bytes = in ? c->in_size : out ? c->out_size : 0;
    return !*item_bytes ? NULL : in ? c->in : c->out;
}

bool wf_codec_fits(const weft_codec *codec, size_t size)
{
    return !codec || (size && codec->pack && codec->unpack);
}

int wf_map_check(wf_map_call *c, const weft_map_config *config)
{
    if (!wf_config_read(&c->config, sizeof c->config, sizeof c->config, config))
        return -EINVAL;
    if (!c->fn || (!c->in && c->in_size) || (!c->out && c->out_size))
        return -EINVAL;
    if (c->config.on_error != WEFT_FAIL_FAST && c->config.on_error != WEFT_COLLECT)
        return -EINVAL;
    if (!wf_codec_fits(c->config.in_codec, c->in_size) || !wf_codec_fits(c->config.out_codec, c->out_size))
        return -EINVAL;
    size_t item_bytes;
    if (c->config.near && !wf_map_near(c, &item_bytes))
        return -EINVAL;
    size_t size = c->in_size > c->out_size ? c->in_size : c->out_size;
    return size && c->n > (SIZE_MAX / 2) / size ? -EOVERFLOW : 0;
}

void wf_map_begin(wf_map *m, const wf_map_call *call)
{
    *m = (wf_map){.call = *call, .index = call->n};
    pthread_mutex_init(&m->lock, NULL);
}

int wf_map_end(wf_map *m)
{
    pthread_mutex_destroy(&m->lock);
    if (m->call.config.report)
        *m->call.config.report =
            (weft_map_report){.done = m->done, .failed = m->failed, .index = m->index, .status = m->status};
    return m->failed ? WEFT_EITEM : 0;
}

int wf_map_run(wf_map *m, weft_pool *pool)
{
    size_t item_bytes;
    const void *memory = wf_map_near(&m->call, &item_bytes);
    int err = memory ? weft_parallel_for_near(pool, 0, m->call.n, wf_map_items, m, memory, item_bytes)
                     : weft_parallel_for(pool, 0, m->call.n, wf_map_items, m);
    if (!err)
        return wf_map_end(m);
    pthread_mutex_destroy(&m->lock);
    return err;
}

int weft_parallel_map(weft_pool *pool, weft_item_fn *fn, const void *in, size_t in_size, void *out,
                      size_t out_size, size_t n, const weft_map_config *config)
{
    wf_map_call call = {.fn = fn, .in = in, .out = out, .in_size = in_size, .out_size = out_size, .n = n};
    wf_map m;
    int err = wf_map_check(&call, config);
    if (err)
        return err;
    wf_map_begin(&m, &call);
    return wf_map_run(&m, pool);
}
