/* SPDX-License-Identifier: MIT */
/* exec/stream.c - see stream.h. */
#include "exec/stream.h"

#include <errno.h>

#include "base/config.h"
#include "base/tunables.h"
#include "exec/pump.h"
#include "exec/queued.h"
#include "os/clock.h"
#include "os/event.h"
#include "os/memory.h"
#include "par/map.h"
#include "sched/block.h"
#include "sched/pool.h"
#include "sched/tasks.h"

#define WINDOW_DEFAULT 1024
#define WINDOW_MAX (1u << 24)

/* ---- the consumer runs items ---------------------------------------------------------------------- */

/* With a ticket. A far executor that was destroyed meanwhile takes its functions with it: no other one has them. */
static int pump_once(void *arg)
{
    weft_stream *s = arg;
    bool gone = s->far && wf_executor_epoch(s->door.executor) != s->epoch;
    return wf_pump_chunk(s, gone ? -ESHUTDOWN : 0);
}

/* In an event loop's thread, say, which is not to run items, nor wait for the source, if anybody else will. */
static bool leaves_it(weft_stream *s, const wf_door *door, int64_t deadline_ns)
{
    const wf_engine *engine = wf_engine_of(door->executor);
    if (door->self || (engine && engine->help) || (deadline_ns == WEFT_FOREVER && door->pool->take_over))
        return false;
    return wf_load_seq_cst(&s->pumps) || wf_pump_add(s); /* pair SM1 */
}

/* If it was destroyed the consumer goes on alone, under no limit; its record stays the pool's. */
static weft_executor *executor_of(const weft_stream *s)
{
    weft_executor *own = s->door.executor;
    return wf_executor_epoch(own) == s->epoch ? own : &s->door.pool->executor;
}

/* Its start hook failed: nothing of it runs any more. */
static bool drop_of_broken(weft_stream *s, weft_executor *executor)
{
    bool broken = wf_load_relaxed(&wf_queued_of(executor)->broken); /* hint: late, it is looked at again */
    return broken && wf_pump_chunk(s, -ECANCELED);
}

/* A chunk in the consumer, as a task of the executor. */
static bool help(weft_stream *s, int64_t deadline_ns)
{
    wf_task task;
    wf_entry entry;
    wf_pass pass;
    weft_executor *executor = executor_of(s);
    wf_door door;
    if (!wf_window_more(&s->window) || !wf_window_room(&s->window, s->window.size) ||
        wf_executor_find_any(executor, &door) || leaves_it(s, &door, deadline_ns))
        return false;
    if (wf_engine_of(executor) && !wf_engine_of(executor)->begin(executor, NULL, &pass))
        return drop_of_broken(s, executor);
    bool ran = false;
    if (!wf_pool_enter(door.pool, &entry)) {
        wf_task_init(&task, pump_once, s, 1);
        wf_tasks_goes_to(&task, executor->inbox);
        ran = wf_task_claim(&task) && wf_tasks_call(entry.self, &task);
        wf_pool_leave(&entry);
    }
    if (wf_engine_of(executor))
        wf_engine_of(executor)->end(executor, &pass);
    return ran;
}

/* ---- and waits ----------------------------------------------------------------------------------- */

/* Until when may the consumer sleep? With no pump left (its executor is shut down) it would run items itself, but others
 * hold the executor's tickets just now, and they do not tell. Nor does a pump that leaves: those that stay may all wait for the
 * task that the consumer is inside of. */
static int64_t turn_comes(const weft_stream *s, bool in_task, int64_t deadline_ns)
{
    uint32_t pumps = wf_load_seq_cst(&s->pumps); /* pair SM1 -> pump_cancelled() */
    bool alone = !pumps && wf_window_more(&s->window);
    return alone || (in_task && pumps) ? wf_look(deadline_ns) : deadline_ns;
}

/* 0, -EDEADLK. */
static int sleep_until(weft_stream *s, int64_t deadline_ns)
{
    wf_waiter waiter;
    wf_crowd item;
    int err = 0;
    wf_pump_awaited(s, &item);
    uint32_t told = wf_load_seq_cst(&s->told); /* pair SM4 -> tell() */
    wf_store_seq_cst(&s->sleepers, 1u);        /* pair SM4 -> tell() */
    if (!wf_window_comes_out(&s->window) && !(err = wf_waiter_begin(&waiter, &item.wide.task, deadline_ns))) {
        wf_block_while(&s->told, told, turn_comes(s, waiter.inside, deadline_ns), s);
        wf_waiter_done(&waiter);
    }
    wf_store_relaxed(&s->sleepers, 0u); /* hint: too late, it is woken for nothing */
    return err;
}

/* The descriptor is to be posted at the next one, or the end; true: there is one already, and maybe more. */
static bool arm(weft_stream *s)
{
    if (s->fd < 0)
        return false;
    wf_event_clear(s->fd);
    wf_store_seq_cst(&s->armed, 1u); /* pair SM4 -> tell() */
    if (!wf_window_comes_out(&s->window))
        return false;
    wf_event_post(s->fd);
    return true;
}

static int usable(const weft_stream *s)
{
    if (!s)
        return -EINVAL;
    return s->generation == wf_generation() ? 0 : -EOWNERDEAD;
}

int weft_stream_next(weft_stream *s, int64_t deadline_ns, void *out, int *status, size_t *index)
{
    uint32_t id;
    int err = usable(s);
    while (!err) {
        if (wf_window_ready(&s->window, &id)) {
            wf_window_take(&s->window, id, out, status, index);
            if (wf_window_room(&s->window, (s->window.size + 1) / 2))
                (void)wf_pump_add(s);
            return 0;
        }
        if (wf_window_at_end(&s->window, &err)) {
            if (s->fd >= 0)
                wf_event_post(s->fd); /* the pump that ended it may be about to */
            break;
        }
        if (help(s, deadline_ns) || arm(s))
            continue;
        if (deadline_ns != WEFT_FOREVER && wf_now_ns() >= deadline_ns)
            return wf_window_comes_out(&s->window) ? weft_stream_next(s, 0, out, status, index) : -ETIMEDOUT;
        err = sleep_until(s, deadline_ns);
    }
    return err;
}

int weft_stream_fd(weft_stream *s)
{
    int err = usable(s);
    if (err || s->fd >= 0)
        return err ? err : s->fd;
    int fd = wf_event_create();
    if (fd < 0)
        return fd;
    s->fd = fd;
    wf_event_post(fd); /* look first */
    return fd;
}

void weft_stream_close(weft_stream *s)
{
    uint32_t id;
    if (usable(s)) /* what runs is not in this process */
        return;
    wf_window_close(&s->window);
    wf_store_seq_cst(&s->sleepers, 1u); /* pair SM4 -> tell() */
    for (;;) {
        uint32_t told = wf_load_seq_cst(&s->told); /* pair SM4 -> tell() */
        if (!wf_load_seq_cst(&s->running))         /* pair SM5 -> wf_pump_chunk() */
            break;
        wf_block_while(&s->told, told, WEFT_FOREVER, s);
    }
    while (wf_window_ready(&s->window, &id))
        wf_window_take(&s->window, id, NULL, NULL, NULL);
    wf_pump_let_go(s);
}

/* ---- opening ------------------------------------------------------------------------------------- */

static bool sensible(const weft_stream_config *c)
{
    bool array = !c->pull && (c->n == 0 || (c->items && c->in_bytes) || (!c->items && !c->in_bytes));
    return c->fn && (array || (c->pull && !c->items && !c->n)) && c->window <= WINDOW_MAX &&
           c->chunk <= WF_CHUNK_MAX && (!c->window_bytes == !c->weigh) && (c->pull || !c->drop_item) &&
           c->in_bytes < SIZE_MAX / 4 && c->out_bytes < SIZE_MAX / 4 &&
           wf_codec_fits(c->in_codec, c->in_bytes) && wf_codec_fits(c->out_codec, c->out_bytes) &&
           (c->unordered == 0 || c->unordered == 1);
}

static size_t less(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many are on the way there, and for how long. */
static void suit(weft_stream *s, const wf_far *far)
{
    size_t width = wf_engine_of(s->door.executor)->width(s->door.executor);
    s->lanes = (uint32_t)(far->width ? less(far->width, width) : width);
    s->chunk = s->least = far->unit > 1 && s->most > 1 ? (uint32_t)less(far->unit, s->most) : 1;
    s->lasts *= (uint64_t)(far->chunk_ns / WF_BLOCK_NS);
}

/* 0, or why they cannot run there. */
static int find_far(weft_stream *s, const weft_stream_config *config)
{
    const wf_items items = wf_pump_items(config);
    s->far = wf_far_of(s->door.executor);
    if (!s->far)
        return 0;
    suit(s, s->far);
    return s->far->check(s->far, &items);
}

int weft_stream_open(weft_stream **stream, const weft_stream_config *given)
{
    weft_stream_config config;
    wf_door door;
    if (!stream)
        return -EINVAL;
    *stream = NULL;
    if (!given || !wf_config_read(&config, sizeof config, sizeof config, given) || !sensible(&config))
        return -EINVAL;
    if (!config.window)
        config.window = WINDOW_DEFAULT;
    int err = wf_executor_find_any(config.executor, &door);
    if (!err && wf_executor_closed(door.executor) && !wf_executor_is_around(door.executor))
        err = -ESHUTDOWN;
    weft_stream *s = err ? NULL : wf_alloc(sizeof *s);
    if (!s)
        return err ? err : -ENOMEM;
    s->door = door;
    s->epoch = wf_executor_epoch(door.executor);
    s->generation = wf_generation();
    s->lasts = door.pool->block_ticks;
    s->chunk = s->least = 1;
    s->most = (uint32_t)less(config.window / 8, WF_CHUNK_MAX);
    s->fd = -1;
    s->users = 1;
    err = find_far(s, &config);
    if (!err && !wf_window_init(&s->window, &config))
        err = -ENOMEM;
    if (err) {
        wf_pump_let_go(s);
        return err;
    }
    *stream = s;
    (void)wf_pump_add(s);
    return 0;
}
