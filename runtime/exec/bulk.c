/* SPDX-License-Identifier: MIT */
/* exec/bulk.c - see bulk.h. */
#include "exec/bulk.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "exec/executor.h"
#include "exec/pieces.h"
#include "exec/queued.h"
#include "exec/running.h"
#include "exec/task_spec.h"
#include "par/map.h"
#include "par/near.h"
#include "sched/block.h"
#include "sched/self.h"
#include "sched/tasks.h"

/* ---- submit_many -------------------------------------------------------------------------------- */

typedef struct many {
    weft_task_fn *fn;
    char *args;
    size_t arg_size, n;
    weft_future **futures;
} many;

static int submit_one(const wf_door *door, const many *m, size_t i)
{
    wf_task *task = wf_tasks_new(door->pool, door->self, sizeof *task);
    if (!task)
        return -ENOMEM;
    wf_task_init(task, m->fn, m->args ? m->args + i * m->arg_size : NULL, m->futures ? 2 : 1);
    int err = wf_executor_put(door, task);
    if (err)
        wf_slab_give(task);
    else if (m->futures)
        m->futures[i] = task;
    return err;
}

static size_t submit_all(const wf_door *door, const many *m, int *err)
{
    size_t i = 0;
    while (i < m->n && !(*err = submit_one(door, m, i)))
        i++;
    if (i)
        wf_executor_notify(door);
    return i;
}

int weft_submit_many(weft_executor *executor, weft_task_fn *fn, void *args, size_t arg_size, size_t n,
                     weft_future **futures, size_t *accepted)
{
    const many m = {.fn = fn, .args = args, .arg_size = arg_size, .n = n, .futures = futures};
    wf_door door;
    for (size_t i = 0; futures && i < n; i++)
        futures[i] = NULL;
    if (accepted)
        *accepted = 0;
    if (!fn || (!args && arg_size))
        return -EINVAL;
    int err = wf_executor_find(executor, &door);
    if (err)
        return err;
    size_t done = submit_all(&door, &m, &err);
    if (accepted)
        *accepted = done;
    return err;
}

int weft_apply(weft_executor *executor, weft_task_fn *fn, void *arg, int *status)
{
    weft_future *future;
    int err = weft_submit(executor, fn, arg, &future);
    if (err)
        return err;
    err = weft_future_get(future, status);
    weft_future_release(future);
    return err;
}

/* ---- maps --------------------------------------------------------------------------------------- */

#define HELPERS_MAX 255

typedef struct shared_map {
    wf_items items; /* the same for a far executor */
    wf_map map;
    wf_pieces pieces;
    weft_pool *pool;
    wf_far *far; /* NULL: the items run here */
    const wf_running *lead;
} shared_map;

static const shared_map *map_of(const wf_items *items)
{
    return (const shared_map *)(const void *)items;
}

static const void *in_of(const wf_items *items, size_t i)
{
    const wf_map_call *c = &map_of(items)->map.call;
    return c->in + i * c->in_size;
}

static void *out_of(const wf_items *items, size_t i)
{
    const wf_map_call *c = &map_of(items)->map.call;
    return c->out + i * c->out_size;
}

static void item_ended(wf_items *items, size_t i, int status, const void *out)
{
    wf_map *map = &((shared_map *)(void *)items)->map;
    if (out && map->call.out_size)
        memcpy(out_of(items, i), out, map->call.out_size);
    wf_map_ended(map, i, status);
}

static void item_skipped(wf_items *items, size_t i)
{
    wf_map_skipped(&((shared_map *)(void *)items)->map, i);
}

/* wf_map.asked: who cancels the lead, or stops its executor, stops the items, wherever they run; who waits for it is asked for
 * himself. */
static bool lead_asked(const wf_map *map)
{
    const shared_map *s = (const shared_map *)(const void *)((const char *)map - offsetof(shared_map, map));
    return wf_task_should_stop(s->lead->task);
}

static bool is_stopped(const wf_items *items)
{
    return wf_map_stopped(&map_of(items)->map) || lead_asked(&map_of(items)->map);
}

static wf_items items_of(const wf_map_call *c)
{
    return (wf_items){.fn = (void (*)(void))c->fn,
                      .form = WF_ITEMS_OF_MAP,
                      .label = "map",
                      .has_in = c->in,
                      .has_out = c->out,
                      .fail_fast = c->config.on_error == WEFT_FAIL_FAST,
                      .in_size = c->in_size,
                      .out_size = c->out_size,
                      .in_array = c->in,
                      .out_array = c->out,
                      .count = c->n,
                      .in_codec = c->config.in_codec,
                      .out_codec = c->config.out_codec,
                      .in = in_of,
                      .out = out_of,
                      .ended = item_ended,
                      .skipped = item_skipped,
                      .stopped = is_stopped};
}

static void run_far(shared_map *s, size_t begin, size_t end)
{
    for (begin = s->far->run(s->far, &s->items, begin, end); begin < end; begin++)
        wf_map_skipped(&s->map, begin);
}

static int help(void *shared)
{
    shared_map *s = shared;
    size_t begin, end;
    const wf_worker *self = wf_self();
    self = self && self->pool == s->pool ? self : NULL;
    while (wf_pieces_take(&s->pieces, self, &begin, &end)) {
        if (lead_asked(&s->map))
            wf_map_stop(&s->map);
        if (s->far)
            run_far(s, begin, end);
        else
            wf_map_items(begin, end, &s->map);
    }
    return 0;
}

static int help_lead(void *shared)
{
    wf_tasks_innermost()->leader = ((shared_map *)shared)->lead;
    return help(shared);
}

/* As many as there is room for. */
static size_t submit_helpers(const wf_door *door, shared_map *s, wf_task **helpers, size_t wanted)
{
    size_t count = 0;
    for (; count < wanted; count++) {
        wf_task *helper = wf_tasks_new(door->pool, door->self, sizeof *helper);
        if (!helper)
            break;
        wf_task_init(helper, help_lead, s, 2);
        if (wf_engine_of(door->executor)->submit(door->executor, door->self, helper, WEFT_REJECT)) {
            wf_slab_give(helper);
            break;
        }
        helpers[count] = helper;
    }
    return count;
}

/* They use what lies here: as a join, this always waits. Who has begun may have taken a piece: it is not asked to stop
 * unless all are. */
static void end_helpers(const wf_door *door, const shared_map *s, wf_task **helpers, size_t count)
{
    bool stopped = wf_load_relaxed(&s->map.stop); /* hint */
    for (size_t i = 0; i < count; i++)
        if (wf_task_cancel(helpers[i]) == WF_TASK_PENDING)
            wf_tasks_dead(door->self, helpers[i]);
        else if (stopped)
            (void)wf_task_ask(helpers[i]);
    for (size_t i = 0; i < count; i++) {
        if (!wf_task_ended(helpers[i]))
            (void)wf_block_for(helpers[i], false, WEFT_FOREVER);
        wf_task_release(helpers[i]);
    }
}

typedef struct lead_call {
    weft_executor *executor;
    wf_map_call call;
} lead_call;

static size_t width_of(const lead_call *l)
{
    const wf_far *far = wf_far_of(l->executor);
    size_t width = wf_engine_of(l->executor)->width(l->executor), n = l->call.n ? l->call.n : 1;
    if (far && far->width && far->width < width)
        width = far->width;
    if (width > HELPERS_MAX + 1)
        width = HELPERS_MAX + 1;
    return width < n ? width : n;
}

/* Ranks and processes are on no node of this pool. */
static void divide(wf_pieces *pieces, const lead_call *l, size_t width)
{
    wf_plan plan;
    size_t item_bytes;
    const wf_far *far = wf_far_of(l->executor);
    const void *memory = wf_map_near(&l->call, &item_bytes);
    bool known = !far && memory && wf_near_plan(l->executor->pool, memory, item_bytes, l->call.n, &plan);
    wf_pieces_init(pieces, known ? &plan : NULL, l->call.n, width, far && far->unit ? far->unit : 1);
}

/* All items were come to, but perhaps not all of them run. */
static int answer_of(const wf_map *map, int err)
{
    return err || map->done == map->call.n ? err : -ECANCELED;
}

static int lead(void *given)
{
    const lead_call *l = given;
    wf_task *helpers[HELPERS_MAX];
    wf_door door;
    wf_far *far = wf_far_of(l->executor);
    size_t width = width_of(l);
    shared_map s = {
        .items = items_of(&l->call), .pool = l->executor->pool, .far = far, .lead = wf_tasks_innermost()};
    int err = wf_executor_find_any(l->executor, &door);
    if (err)
        return err;
    divide(&s.pieces, l, width);
    wf_map_begin(&s.map, &l->call);
    s.map.asked = lead_asked;
    size_t count = submit_helpers(&door, &s, helpers, width - 1);
    (void)help(&s);
    end_helpers(&door, &s, helpers, count);
    return answer_of(&s.map, wf_map_end(&s.map));
}

/* The pool's own: its loops cut better. */
static int lead_of_pool(void *given)
{
    const lead_call *l = given;
    shared_map s = {.lead = wf_tasks_innermost()};
    wf_map_begin(&s.map, &l->call);
    s.map.asked = lead_asked;
    return answer_of(&s.map, wf_map_run(&s.map, l->executor->pool));
}

static int check(weft_executor *executor, const weft_map_config *config, lead_call *l)
{
    wf_door door;
    int err = wf_map_check(&l->call, config);
    if (!err)
        err = wf_executor_find_any(executor, &door);
    if (err)
        return err;
    l->executor = door.executor;
    l->call.config.size = sizeof l->call.config;
    wf_far *far = wf_far_of(door.executor);
    if (far && l->call.config.ctx)
        return -EINVAL;
    const wf_items items = items_of(&l->call);
    return far ? far->check(far, &items) : 0;
}

/* The lead runs in this process, whatever the executor is. */
static int submit_lead(lead_call *l, int (*fn)(void *l), weft_future **future)
{
    const weft_task_spec spec = {
        .size = sizeof spec, .fn = fn, .arg = l, .arg_bytes = sizeof *l, .label = "map"};
    return wf_task_submit(l->executor, &spec, future);
}

static int apply_lead(lead_call *l, int *status)
{
    weft_future *future = NULL;
    if (!wf_far_of(l->executor))
        return weft_apply(l->executor, lead, l, status);
    int err = submit_lead(l, lead, &future);
    if (err)
        return err;
    err = weft_future_get(future, status);
    weft_future_release(future);
    return err;
}

int weft_executor_map(weft_executor *executor, weft_item_fn *fn, const void *in, size_t in_size, void *out,
                      size_t out_size, size_t n, const weft_map_config *config)
{
    lead_call l = {
        .call = {.fn = fn, .in = in, .out = out, .in_size = in_size, .out_size = out_size, .n = n}};
    int status = 0, err = check(executor, config, &l);
    if (!err && !wf_engine_of(l.executor))
        return weft_parallel_map(l.executor->pool, fn, in, in_size, out, out_size, n, &l.call.config);
    if (!err)
        err = apply_lead(&l, &status);
    return err ? err : status;
}

int weft_executor_map_async(weft_executor *executor, weft_item_fn *fn, const void *in, size_t in_size,
                            void *out, size_t out_size, size_t n, const weft_map_config *config,
                            weft_future **future)
{
    lead_call l = {
        .call = {.fn = fn, .in = in, .out = out, .in_size = in_size, .out_size = out_size, .n = n}};
    if (!future)
        return -EINVAL;
    *future = NULL;
    int err = check(executor, config, &l);
    if (err)
        return err;
    return submit_lead(&l, wf_engine_of(l.executor) ? lead : lead_of_pool, future);
}
