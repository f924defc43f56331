/* SPDX-License-Identifier: MIT */
/* exec/pump.c - see pump.h. */
#include "exec/pump.h"

#include <errno.h>

#include "os/clock.h"
#include "os/event.h"
#include "os/futex.h"
#include "os/memory.h"
#include "sched/block.h"
#include "sched/self.h"
#include "sched/tasks.h"

static void tell(weft_stream *s)
{
    (void)wf_add_seq_cst(&s->told, 1u); /* pair SM4 -> sleep_until() */
    if (wf_load_seq_cst(&s->sleepers))  /* pair SM4 -> sleep_until() */
        wf_futex_wake_all(&s->told);
    if (wf_load_seq_cst(&s->armed) && wf_exchange_acq_rel(&s->armed, 0u)) /* pair SM4 -> arm() */
        wf_event_post(s->fd);
}

/* ---- a chunk ------------------------------------------------------------------------------------- */

/* Chunks grow until one lasts about WF_BLOCK_NS, or wf_far.chunk_ns, and shrink again. */
static void adapt(weft_stream *s, uint64_t lasted)
{
    uint32_t chunk = wf_load_relaxed(&s->chunk); /* hint */
    if (lasted * 2 < s->lasts && chunk * 2 <= s->most)
        wf_store_relaxed(&s->chunk, chunk * 2); /* hint */
    else if (lasted > s->lasts * 2 && chunk > s->least)
        wf_store_relaxed(&s->chunk, chunk / 2); /* hint */
}

static unsigned pull_chunk(weft_stream *s, uint32_t *ids)
{
    size_t wanted = s->window.config.chunk;
    return wf_window_pull(&s->window, wanted ? (unsigned)wanted : wf_load_relaxed(&s->chunk), ids); /* hint */
}

static void tell_if_asked(weft_stream *s)
{
    bool sleeps = wf_load_seq_cst(&s->sleepers); /* pair SM4 -> sleep_until() */
    if (sleeps || wf_load_seq_cst(&s->armed))    /* pair SM4 -> arm() */
        tell(s);
}

static void run_here(weft_stream *s, const uint32_t *ids, unsigned count, int barred)
{
    for (unsigned i = 0; i < count; i++) {
        if (barred)
            wf_window_drop(&s->window, ids[i], barred);
        else
            wf_window_run(&s->window, ids[i]);
        tell_if_asked(s);
    }
}

/* ---- a chunk that runs elsewhere ------------------------------------------------------------------- */

typedef struct far_chunk {
    wf_items items;
    weft_stream *stream;
    const uint32_t *ids;
} far_chunk;

static const void *in_of(const wf_items *items, size_t i)
{
    const far_chunk *c = (const far_chunk *)(const void *)items;
    return wf_window_item(&c->stream->window, c->ids[i]);
}

static void *out_of(const wf_items *items, size_t i)
{
    const far_chunk *c = (const far_chunk *)(const void *)items;
    return wf_window_result(&c->stream->window, c->ids[i]);
}

static void item_ended(wf_items *items, size_t i, int status, const void *out)
{
    const far_chunk *c = (const far_chunk *)(void *)items;
    wf_window_ended(&c->stream->window, c->ids[i], status, out);
    tell_if_asked(c->stream);
}

static void item_skipped(wf_items *items, size_t i)
{
    const far_chunk *c = (const far_chunk *)(void *)items;
    run_here(c->stream, c->ids + i, 1, -ECANCELED);
}

static bool is_closed(const wf_items *items)
{
    const far_chunk *c = (const far_chunk *)(const void *)items;
    return wf_load_relaxed(&c->stream->window.closed); /* hint: it saves work */
}

wf_items wf_pump_items(const weft_stream_config *c)
{
    return (wf_items){.fn = (void (*)(void))c->fn,
                      .form = WF_ITEMS_OF_STREAM,
                      .label = "stream",
                      .has_in = c->pull || c->items,
                      .has_out = true,
                      .in_size = c->in_bytes,
                      .out_size = c->out_bytes,
                      .in_codec = c->in_codec,
                      .out_codec = c->out_codec,
                      .in = in_of,
                      .out = out_of,
                      .ended = item_ended,
                      .skipped = item_skipped,
                      .stopped = is_closed};
}

/* The thread waits: somebody else may have its place. */
static void run_far(weft_stream *s, const uint32_t *ids, unsigned count)
{
    far_chunk c = {.items = wf_pump_items(&s->window.config), .stream = s, .ids = ids};
    wf_worker *self = wf_self();
    if (self)
        wf_section_begin(self);
    size_t done = s->far->run(s->far, &c.items, 0, count);
    if (self)
        wf_section_end(self);
    run_here(s, ids + done, count - (unsigned)done, -ECANCELED);
}

bool wf_pump_chunk(weft_stream *s, int barred)
{
    uint32_t ids[WF_CHUNK_MAX];
    (void)wf_add_seq_cst(&s->running, 1u); /* pair SM5 -> weft_stream_close() */
    unsigned count = pull_chunk(s, ids);
    if (count)
        (void)wf_pump_add(s);
    uint64_t since = wf_ticks();
    if (s->far && !barred && count)
        run_far(s, ids, count);
    else
        run_here(s, ids, count, barred);
    adapt(s, wf_ticks() - since);
    (void)wf_sub_seq_cst(&s->running, 1u); /* pair SM5 -> weft_stream_close() */
    if (!count ||
        wf_load_seq_cst(&s->window.closed)) /* pair SM5: the end, or the closer, is to be told, too */
        tell(s);
    return count;
}

/* ---- pumps --------------------------------------------------------------------------------------- */

void wf_pump_let_go(weft_stream *s)
{
    if (wf_sub_acq_rel(&s->users, 1u) != 1) /* pair SM6 -> itself: all that others did with it */
        return;
    if (s->fd >= 0)
        wf_event_close(s->fd);
    wf_window_fini(&s->window);
    wf_free(s);
}

static bool has_work(const weft_stream *s)
{
    return wf_window_more(&s->window) && wf_window_room(&s->window, s->window.size);
}

static bool count_pump(weft_stream *s)
{
    const weft_pool *pool = s->door.pool;
    uint32_t open = pool->workers ? wf_load_relaxed(&pool->open) : 1; /* statistic */
    uint32_t most = s->far ? s->lanes : open;
    uint32_t pumps = wf_load_seq_cst(&s->pumps); /* pair SM1 -> pump() */
    while (pumps < most)
        if (wf_cas_seq_cst(&s->pumps, &pumps, pumps + 1)) /* pair SM1 -> pump() */
            return true;
    return false;
}

static int pump(void *arg)
{
    weft_stream *s = arg;
    do {
        while (wf_window_room(&s->window, s->window.size) && wf_pump_chunk(s, 0))
            ;
        /* pair SM1 -> count_pump(): either it sees this or this the room */
        (void)wf_sub_seq_cst(&s->pumps, 1u);
    } while (has_work(s) && wf_window_unlocked(&s->window) && count_pump(s));
    wf_pump_let_go(s);
    return 0;
}

/* Its executor is being stopped: the consumer runs items itself. */
static void pump_cancelled(wf_task *task)
{
    weft_stream *s = task->arg;
    (void)wf_sub_seq_cst(&s->pumps, 1u); /* pair SM1 -> count_pump(), turn_comes() */
    tell(s);
    wf_pump_let_go(s);
}

static const wf_kind pump_kind = {.cancelled = pump_cancelled};

static bool submit(weft_stream *s)
{
    wf_door door; /* by the pool: the executor may be gone */
    wf_wide *wide = wf_executor_find(&s->door.pool->executor, &door)
                        ? NULL
                        : (void *)wf_tasks_new(door.pool, door.self, sizeof *wide);
    if (!wide)
        return false;
    wf_task_init_wide(wide, &pump_kind, pump, s, 1);
    (void)wf_add_relaxed(&s->users, 1u); /* statistic: the caller is one */
    if (!wf_executor_submit_held(s->door.executor, &wide->task, s->epoch))
        return true;
    (void)wf_sub_relaxed(&s->users, 1u); /* statistic: the caller is one */
    wf_slab_give(wide);
    return false;
}

bool wf_pump_add(weft_stream *s)
{
    if (!has_work(s) || !count_pump(s) || submit(s))
        return true;
    (void)wf_sub_seq_cst(&s->pumps, 1u); /* pair SM1 -> pump() */
    return false;
}

/* ---- who waits for one ----------------------------------------------------------------------------- */

/* wf_crowd.running: a pump that has not begun, or is about to leave, is alive. */
static unsigned running(const void *of)
{
    /* hint: who added one had not left himself */
    return wf_load_relaxed(&((const weft_stream *)of)->pumps);
}

static bool is_pump(const wf_task *task, const void *of)
{
    return wf_task_kind(task) == &pump_kind && task->arg == of;
}

void wf_pump_awaited(const weft_stream *s, wf_crowd *item)
{
    *item = (wf_crowd){.of = s, .running = running, .is_one = is_pump};
    wf_crowd_init(item, "a stream", NULL);
}
