/* SPDX-License-Identifier: MIT */
/* par/map.c - see map.h. */
#include "par/map.h"

#include <errno.h>
#include <pthread.h>

#include "base/annotate.h"
#include "base/atomic.h"
#include "base/config.h"

typedef struct map {
    weft_item_fn *fn;
    const char *in;
    char *out;
    size_t in_size, out_size;
    weft_map_config config;
    uint32_t stop;        /* 1: no further item starts */
    uint64_t done;        /* items with status 0 */
    pthread_mutex_t lock; /* of the rest; taken only when an item fails, never while one runs */
    size_t failed, index;
    int status;
} map;

static void fail(map *m, size_t index, int status)
{
    pthread_mutex_lock(&m->lock);
    m->failed++;
    if (index < m->index) {
        m->index = index;
        m->status = status;
    }
    pthread_mutex_unlock(&m->lock);
    if (m->config.on_error == WEFT_FAIL_FAST)
        wf_store_relaxed(&m->stop, 1u); /* hint: a few more items may start */
}

static void run_items(size_t begin, size_t end, void *ctx)
{
    map *m = ctx;
    uint64_t done = 0;
    for (size_t i = begin; i < end; i++) {
        int status = -ECANCELED;
        if (!wf_load_relaxed(&m->stop)) { /* hint */
            status = m->fn(m->out ? m->out + i * m->out_size : NULL, m->in ? m->in + i * m->in_size : NULL,
                           m->config.ctx);
            if (status)
                fail(m, i, status);
            else
                done++;
        }
        if (m->config.status)
            m->config.status[i] = status;
    }
    (void)wf_add_relaxed(&m->done, done); /* statistic: read after the loop */
}

static int check(const map *m, size_t n)
{
    if (!m->fn || (!m->in && m->in_size) || (!m->out && m->out_size))
        return -EINVAL;
    if (m->config.on_error != WEFT_FAIL_FAST && m->config.on_error != WEFT_COLLECT)
        return -EINVAL;
    size_t size = m->in_size > m->out_size ? m->in_size : m->out_size;
    return size && n > (SIZE_MAX / 2) / size ? -EOVERFLOW : 0;
}

int weft_parallel_map(weft_pool *pool, weft_item_fn *fn, const void *in, size_t in_size, void *out,
                      size_t out_size, size_t n, const weft_map_config *config)
{
    map m = {.fn = fn, .in = in, .out = out, .in_size = in_size, .out_size = out_size, .index = n};
    if (!wf_config_read(&m.config, sizeof m.config, sizeof m.config, config))
        return -EINVAL;
    int err = check(&m, n);
    if (err)
        return err;
    pthread_mutex_init(&m.lock, NULL);
    err = weft_parallel_for(pool, 0, n, run_items, &m);
    pthread_mutex_destroy(&m.lock);
    if (err)
        return err;
    if (m.config.report)
        *m.config.report =
            (weft_map_report){.done = m.done, .failed = m.failed, .index = m.index, .status = m.status};
    return m.failed ? WEFT_EITEM : 0;
}
