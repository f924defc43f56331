/* SPDX-License-Identifier: MIT */
/* exec/stream.c - see stream.h. */
#include "exec/stream.h"

#include <errno.h>
#include <string.h>

#include "base/config.h"
#include "base/tunables.h"
#include "exec/executor.h"
#include "os/clock.h"
#include "os/event.h"
#include "os/memory.h"
#include "sched/block.h"
#include "sched/pool.h"
#include "sched/tasks.h"

#define WINDOW_DEFAULT 1024
#define WINDOW_MAX (1u << 24)
#define CHUNK_MAX 64
#define LOCK_LOOKS 64

typedef struct cell {
    size_t index, weight;
    int status;
    uint32_t ready;
} cell;

struct weft_stream {
    weft_stream_config config;
    wf_door door;
    uint32_t window, mask, pumps_max;
    cell *cells;
    char *bytes;           /* of the cells: item, then result, aligned to 16 */
    size_t stride, out_at; /* from cell to cell; from item to result */
    int fd;                /* -1: nobody asked for one */

    uint64_t pulled __attribute__((aligned(WF_LINE))); /* under lock, as all of these */
    uint64_t weight_in;
    uint32_t lock, ended;
    int error; /* of the source */
    uint32_t chunk;

    uint64_t taken __attribute__((aligned(WF_LINE))); /* the consumer's, as all of these */
    uint64_t weight_out;

    uint32_t told __attribute__((aligned(WF_LINE)));
    uint32_t sleepers, armed; /* the consumer sleeps; it waits for the descriptor */
    uint32_t pumps, running, closed, users;

    uint64_t noted __attribute__((aligned(WF_LINE))); /* unordered: how many cells were noted in: */
    uint32_t *order;                                  /* ready ones, + 1, in the order in which they ended */
    uint32_t *free;                                   /* free ones */
};

static void *item_at(const weft_stream *s, uint32_t id)
{
    return s->bytes + id * s->stride;
}

static void *result_at(const weft_stream *s, uint32_t id)
{
    return s->bytes + id * s->stride + s->out_at;
}

/* ---- room ---------------------------------------------------------------------------------------- */

/* Items that may be pulled now; `of` them at most may be in between. */
static uint64_t room(const weft_stream *s, uint64_t of)
{
    uint64_t taken = wf_load_seq_cst(&s->taken);           /* pair SM1 -> pump(): one sees the other */
    uint64_t inside = wf_load_relaxed(&s->pulled) - taken; /* ordered by pair SM1: it came in before */
    uint64_t weight_out = wf_load_acquire(&s->weight_out); /* pair SM7 -> take_out(): what came in before */
    uint64_t weight = wf_load_relaxed(&s->weight_in) - weight_out; /* ordered by pair SM7 */
    if (inside && s->config.window_bytes && weight >= s->config.window_bytes / (s->window / of))
        return 0;
    return inside < of ? of - inside : 0;
}

static bool more_to_pull(const weft_stream *s)
{
    return !wf_load_relaxed(&s->ended) && /* under lock, or a hint */
           !wf_load_seq_cst(&s->closed);  /* pair SM5 -> weft_stream_close() */
}

/* ---- pulling, under lock --------------------------------------------------------------------------- */

static bool lock(weft_stream *s)
{
    for (int i = 0; i < LOCK_LOOKS; i++) {
        uint32_t open = 0;
        if (wf_cas_acquire(&s->lock, &open, 1u)) /* pair SM3 -> unlock() */
            return true;
        wf_pause();
    }
    return false;
}

static void unlock(weft_stream *s)
{
    wf_store_release(&s->lock, 0u); /* pair SM3 -> lock() */
}

/* Into the item's own bytes; 1: there is none any more; negative: the source failed. */
static int pull(weft_stream *s, uint32_t id)
{
    if (s->config.pull)
        return s->config.pull(item_at(s, id), s->config.ctx);
    return s->pulled == s->config.n;
}

static bool pull_one(weft_stream *s, uint32_t *id)
{
    uint64_t at = s->pulled;
    *id = s->config.unordered ? s->free[at & s->mask] : (uint32_t)at & s->mask;
    int end = pull(s, *id);
    if (end) {
        s->error = end < 0 ? end : 0;
        wf_store_seq_cst(&s->ended, 1u); /* pair SM4 -> comes_out(); pair SM2 -> at_end() */
        return false;
    }
    cell *c = &s->cells[*id];
    c->index = (size_t)at;
    c->weight = s->config.weigh ? s->config.weigh(item_at(s, *id), s->config.ctx) : 0;
    wf_store_relaxed(&s->weight_in, s->weight_in + c->weight); /* under lock */
    wf_store_relaxed(&s->pulled, at + 1); /* under lock; ordered by pair SM2 for the end */
    return true;
}

static unsigned pull_chunk(weft_stream *s, uint32_t *ids)
{
    unsigned count = 0,
             most = s->config.chunk ? (unsigned)s->config.chunk : wf_load_relaxed(&s->chunk); /* hint */
    if (!more_to_pull(s) || !lock(s))
        return 0;
    while (count < most && more_to_pull(s) && room(s, s->window) && pull_one(s, &ids[count]))
        count++;
    unlock(s);
    return count;
}

/* ---- running ------------------------------------------------------------------------------------- */

static void tell(weft_stream *s)
{
    (void)wf_add_seq_cst(&s->told, 1u); /* pair SM4 -> sleep_until() */
    if (wf_load_seq_cst(&s->sleepers))  /* pair SM4 -> sleep_until() */
        wf_futex_wake_all(&s->told);
    if (wf_load_seq_cst(&s->armed) && wf_exchange_acq_rel(&s->armed, 0u)) /* pair SM4 -> arm() */
        wf_event_post(s->fd);
}

static const void *item_of(const weft_stream *s, uint32_t id)
{
    const char *items = s->config.items;
    return s->config.pull ? item_at(s, id) : items ? items + s->cells[id].index * s->config.in_bytes : NULL;
}

static int not_run(weft_stream *s, uint32_t id)
{
    if (s->config.drop_item)
        s->config.drop_item(item_at(s, id), s->config.ctx);
    return -ECANCELED;
}

static void run_one(weft_stream *s, uint32_t id)
{
    cell *c = &s->cells[id];
    void *out = memset(result_at(s, id), 0, s->config.out_bytes);
    bool late = wf_load_relaxed(&s->closed); /* hint: it saves work */
    c->status = late ? not_run(s, id) : s->config.fn(item_of(s, id), out, s->config.ctx);
    if (s->config.unordered) {
        uint64_t at = wf_add_seq_cst(&s->noted, (uint64_t)1); /* pair SM4 -> next_ready() */
        wf_store_seq_cst(&s->order[at & s->mask], id + 1);    /* pair SM4 -> next_ready() */
    } else {
        wf_store_seq_cst(&c->ready, 1u); /* pair SM4 -> next_ready() */
    }
}

/* Chunks grow until one lasts about WF_BLOCK_NS, and shrink again. */
static void adapt(weft_stream *s, uint64_t lasted)
{
    uint32_t chunk = wf_load_relaxed(&s->chunk),
             most = s->window / 8 < CHUNK_MAX ? s->window / 8 : CHUNK_MAX; /* hint */
    uint64_t block = s->door.pool->block_ticks;
    if (lasted * 2 < block && chunk * 2 <= most)
        wf_store_relaxed(&s->chunk, chunk * 2); /* hint */
    else if (lasted > block * 2 && chunk > 1)
        wf_store_relaxed(&s->chunk, chunk / 2); /* hint */
}

static void add_pump(weft_stream *s);

/* A chunk, if there is one to be had. */
static bool run_chunk(weft_stream *s)
{
    uint32_t ids[CHUNK_MAX];
    (void)wf_add_seq_cst(&s->running, 1u); /* pair SM5 -> weft_stream_close() */
    unsigned count = pull_chunk(s, ids);
    if (count)
        add_pump(s);
    uint64_t since = wf_ticks();
    for (unsigned i = 0; i < count; i++) {
        run_one(s, ids[i]);
        bool sleeps = wf_load_seq_cst(&s->sleepers); /* pair SM4 -> sleep_until() */
        if (sleeps || wf_load_seq_cst(&s->armed))    /* pair SM4 -> arm() */
            tell(s);
    }
    adapt(s, wf_ticks() - since);
    (void)wf_sub_seq_cst(&s->running, 1u);     /* pair SM5 -> weft_stream_close() */
    if (!count || wf_load_seq_cst(&s->closed)) /* pair SM5: the end, or the closer, is to be told, too */
        tell(s);
    return count;
}

/* ---- pumps --------------------------------------------------------------------------------------- */

static void let_go(weft_stream *s)
{
    if (wf_sub_acq_rel(&s->users, 1u) != 1) /* pair SM6 -> itself: all that others did with it */
        return;
    if (s->fd >= 0)
        wf_event_close(s->fd);
    wf_free(s->cells);
    wf_free(s->bytes);
    wf_free(s->order);
    wf_free(s->free);
    wf_free(s);
}

static bool count_pump(weft_stream *s)
{
    uint32_t pumps = wf_load_seq_cst(&s->pumps); /* pair SM1 -> pump() */
    while (pumps < s->pumps_max)
        if (wf_cas_seq_cst(&s->pumps, &pumps, pumps + 1)) /* pair SM1 -> pump() */
            return true;
    return false;
}

static int pump(void *arg)
{
    weft_stream *s = arg;
    do {
        while (room(s, s->window) && run_chunk(s))
            ;
        (void)wf_sub_seq_cst(&s->pumps,
                             1u); /* pair SM1 -> count_pump(): either it sees this or this the room */
    } while (more_to_pull(s) && room(s, s->window) && wf_load_relaxed(&s->lock) == 0 &&
             count_pump(s)); /* hint */
    let_go(s);
    return 0;
}

/* Its executor is being stopped: the consumer runs items itself. */
static void pump_cancelled(wf_task *task)
{
    weft_stream *s = task->arg;
    (void)wf_sub_seq_cst(&s->pumps, 1u); /* pair SM1 -> count_pump(), turn_comes() */
    tell(s);
    let_go(s);
}

static const wf_kind pump_kind = {.cancelled = pump_cancelled};

/* One more, if there is something for it; however full the queue is: it stands for the stream, which was accepted, and
 * nobody may have to wait here. */
static void add_pump(weft_stream *s)
{
    wf_door door;
    if (!more_to_pull(s) || !room(s, s->window) || !count_pump(s))
        return;
    wf_wide *wide = wf_executor_find(s->door.executor, &door)
                        ? NULL
                        : (void *)wf_tasks_new(door.pool, door.self, sizeof *wide);
    if (wide) {
        wf_task_init_wide(wide, &pump_kind, pump, s, 1);
        (void)wf_add_relaxed(&s->users, 1u); /* statistic: the caller is one */
        if (!wf_executor_submit_accepted(door.executor, &wide->task))
            return;
        (void)wf_sub_relaxed(&s->users, 1u); /* statistic: the caller is one */
        wf_slab_give(wide);
    }
    (void)wf_sub_seq_cst(&s->pumps,
                         1u); /* pair SM1 -> pump(): refused, or no memory; the consumer runs items itself */
}

/* ---- the consumer -------------------------------------------------------------------------------- */

static bool next_ready(const weft_stream *s, uint32_t *id)
{
    uint32_t at = (uint32_t)s->taken & s->mask;
    if (!s->config.unordered) {
        *id = at;
        return wf_load_seq_cst(&s->cells[at].ready); /* pair SM4 -> run_one() */
    }
    *id = wf_load_seq_cst(&s->order[at]) - 1; /* pair SM4 -> run_one() */
    return *id != UINT32_MAX;
}

static void take_out(weft_stream *s, uint32_t id, void *out, int *status, size_t *index)
{
    cell *c = &s->cells[id];
    uint32_t at = (uint32_t)s->taken & s->mask;
    if (out)
        memcpy(out, result_at(s, id), s->config.out_bytes);
    else if (!c->status && s->config.drop)
        s->config.drop(result_at(s, id), s->config.ctx);
    if (status)
        *status = c->status;
    if (index)
        *index = c->index;
    if (s->config.unordered) {
        wf_store_relaxed(&s->order[at], 0u); /* ordered by pair SM1: used again after it is taken */
        s->free[at] = id;
    }
    wf_store_relaxed(&c->ready, 0u);                             /* ordered by pair SM1 */
    wf_store_release(&s->weight_out, s->weight_out + c->weight); /* pair SM7 -> room() */
    wf_store_seq_cst(&s->taken, s->taken + 1);                   /* pair SM1 -> room() */
}

/* Nothing more comes; the source's error first, if it had one. */
static bool at_end(weft_stream *s, int *err)
{
    if (!wf_load_acquire(&s->ended)) /* pair SM2 -> pull_one() */
        return false;
    if (s->taken != wf_load_relaxed(&s->pulled)) /* ordered by pair SM2 */
        return false;
    *err = s->error ? s->error : WEFT_EEND;
    s->error = 0;
    return true;
}

static int pump_once(void *arg)
{
    return run_chunk(arg);
}

/* A chunk in the consumer, as a task of the executor. */
static bool help(weft_stream *s, int64_t deadline_ns)
{
    wf_task task;
    wf_entry entry;
    wf_pass pass;
    weft_executor *executor = s->door.executor;
    wf_door door;
    bool alone = !wf_load_seq_cst(&s->pumps); /* pair SM1 */
    if (!more_to_pull(s) || !room(s, s->window) || wf_executor_find(executor, &door))
        return false;
    if (!door.self && !alone && (deadline_ns != WEFT_FOREVER || !door.pool->take_over))
        return false;
    if (wf_engine_of(executor) && !wf_engine_of(executor)->begin(executor, NULL, &pass))
        return false;
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

/* The look again, before the consumer waits: an item, or the end. */
static bool comes_out(const weft_stream *s)
{
    uint32_t id;
    return next_ready(s, &id) || (wf_load_seq_cst(&s->ended) &&             /* pair SM4 -> pull_one() */
                                  s->taken == wf_load_relaxed(&s->pulled)); /* ordered by pair SM4 */
}

/* Until when may the consumer sleep? With no pump left (its executor is shut down) it would run items itself, but others
 * hold the executor's tickets just now, and they do not tell. */
static int64_t turn_comes(const weft_stream *s, int64_t deadline_ns)
{
    int64_t look = wf_now_ns() + WF_LOOK_NS;
    bool alone = !wf_load_seq_cst(&s->pumps) && more_to_pull(s); /* pair SM1 -> pump_cancelled() */
    return alone && look < deadline_ns ? look : deadline_ns;
}

static void sleep_until(weft_stream *s, int64_t deadline_ns)
{
    uint32_t told = wf_load_seq_cst(&s->told); /* pair SM4 -> tell() */
    wf_store_seq_cst(&s->sleepers, 1u);        /* pair SM4 -> tell() */
    if (!comes_out(s))
        wf_block_while(&s->told, told, turn_comes(s, deadline_ns), s);
    wf_store_relaxed(&s->sleepers, 0u); /* hint: too late, it is woken for nothing */
}

/* The descriptor is to be posted at the next one, or the end; true: there is one already, and maybe more. */
static bool arm(weft_stream *s)
{
    if (s->fd < 0)
        return false;
    wf_event_clear(s->fd);
    wf_store_seq_cst(&s->armed, 1u); /* pair SM4 -> tell() */
    if (!comes_out(s))
        return false;
    wf_event_post(s->fd);
    return true;
}

int weft_stream_next(weft_stream *s, int64_t deadline_ns, void *out, int *status, size_t *index)
{
    uint32_t id;
    int err;
    if (!s)
        return -EINVAL;
    for (;;) {
        if (next_ready(s, &id)) {
            take_out(s, id, out, status, index);
            if (room(s, (s->window + 1) / 2))
                add_pump(s);
            return 0;
        }
        if (at_end(s, &err))
            return err;
        if (help(s, deadline_ns) || arm(s))
            continue;
        if (deadline_ns != WEFT_FOREVER && wf_now_ns() >= deadline_ns)
            return next_ready(s, &id) ? weft_stream_next(s, 0, out, status, index) : -ETIMEDOUT;
        sleep_until(s, deadline_ns);
    }
}

int weft_stream_fd(weft_stream *s)
{
    if (!s)
        return -EINVAL;
    if (s->fd >= 0)
        return s->fd;
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
    if (!s)
        return;
    wf_store_seq_cst(&s->closed, 1u);   /* pair SM5 -> run_chunk() */
    wf_store_seq_cst(&s->sleepers, 1u); /* pair SM4 -> tell() */
    for (;;) {
        uint32_t told = wf_load_seq_cst(&s->told); /* pair SM4 -> tell() */
        if (!wf_load_seq_cst(&s->running))         /* pair SM5 -> run_chunk() */
            break;
        wf_block_while(&s->told, told, WEFT_FOREVER, s);
    }
    while (next_ready(s, &id))
        take_out(s, id, NULL, NULL, NULL);
    let_go(s);
}

/* ---- opening ------------------------------------------------------------------------------------- */

static bool sensible(const weft_stream_config *c)
{
    bool array = !c->pull && (c->n == 0 || (c->items && c->in_bytes) || (!c->items && !c->in_bytes));
    return c->fn && (array || (c->pull && !c->items && !c->n)) && c->window <= WINDOW_MAX &&
           c->chunk <= CHUNK_MAX && (!c->window_bytes == !c->weigh) && (c->pull || !c->drop_item) &&
           c->in_bytes < SIZE_MAX / 4 && c->out_bytes < SIZE_MAX / 4 &&
           (c->unordered == 0 || c->unordered == 1);
}

static size_t up16(size_t bytes)
{
    return (bytes + 15) & ~(size_t)15;
}

static bool make_cells(weft_stream *s)
{
    size_t cells = 1, own = s->config.pull ? up16(s->config.in_bytes) : 0;
    while (cells < s->window)
        cells *= 2;
    s->mask = (uint32_t)cells - 1;
    s->out_at = own;
    s->stride = own + up16(s->config.out_bytes);
    if (s->stride > SIZE_MAX / cells / 2)
        return false;
    s->cells = wf_alloc(cells * sizeof *s->cells);
    s->bytes = wf_alloc(cells * s->stride);
    s->order = wf_alloc(s->config.unordered ? cells * sizeof *s->order : 1);
    s->free = wf_alloc(s->config.unordered ? cells * sizeof *s->free : 1);
    for (size_t i = 0; s->free && s->config.unordered && i < cells; i++)
        s->free[i] = (uint32_t)i;
    return s->cells && s->bytes && s->order && s->free;
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
    int err = wf_executor_find(config.executor, &door);
    if (!err && wf_executor_closed(door.executor) && !wf_executor_runs_here(door.executor))
        err = -ESHUTDOWN;
    weft_stream *s = err ? NULL : wf_alloc(sizeof *s);
    if (!s)
        return err ? err : -ENOMEM;
    s->config = config;
    s->door = door;
    s->window = config.window ? (uint32_t)config.window : WINDOW_DEFAULT;
    s->pumps_max = door.pool->workers ? door.pool->workers : 1;
    s->chunk = 1;
    s->fd = -1;
    s->users = 1;
    if (!make_cells(s)) {
        let_go(s);
        return -ENOMEM;
    }
    *stream = s;
    add_pump(s);
    return 0;
}
