/* SPDX-License-Identifier: MIT */
/* exec/executors.c - see executors.h. */
#include "exec/executors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/config.h"
#include "base/text.h"
#include "exec/accept.h"
#include "exec/cycles.h"
#include "exec/executor.h"
#include "exec/limit.h"
#include "exec/queued.h"
#include "exec/serial.h"
#include "exec/timer.h"
#include "os/memory.h"
#include "os/thread.h"
#include "sched/area.h"
#include "sched/home.h"
#include "sched/part.h"
#include "sched/pool.h"
#include "sched/tasks.h"

/* ---- three engines --------------------------------------------------------------------------------- */

static unsigned width(const weft_executor *executor)
{
    return wf_tickets_limit(&((const wf_queued *)(const void *)executor)->tickets);
}

static unsigned full(const weft_executor *executor, unsigned *running)
{
    const wf_queued *q = (const wf_queued *)(const void *)executor;
    unsigned limit = wf_tickets_limit(&q->tickets);
    *running = wf_tickets_out(&q->tickets);
    return *running < limit ? 0 : *running - limit + 1;
}

/* Between who closes it and who set an alarm before he looks lies a lock of the timers. */
static bool closed(const weft_executor *executor)
{
    const wf_queued *q = (const wf_queued *)(const void *)executor;
    return wf_load_acquire(&q->closed); /* pair QU9 -> begin_anew(): open again, it has another epoch */
}

static bool cancels(const weft_executor *executor)
{
    /* hint: between who cancels and who gets in line for a limit lies that limit's lock */
    return wf_load_relaxed(&((const wf_queued *)(const void *)executor)->cancels);
}

#define ENGINE                                                                                     \
    .submit = wf_accept, .accept = wf_accept_later, .accept_held = wf_accept_held,                 \
    .comes = wf_accepted_comes, .comes_not = wf_accepted_comes_not, .cancels = cancels,            \
    .begin = wf_queued_waiter_begins, .end = wf_queued_waiter_ended, .width = width, .full = full, \
    .closed = closed

static const wf_engine queued = {ENGINE};
static const wf_engine serial = {ENGINE, .help = wf_serial_help};
static const wf_engine far_away = {ENGINE, .far = true};

static wf_queued *queued_of(weft_executor *executor)
{
    const wf_engine *engine = executor ? wf_engine_of(executor) : NULL;
    bool is = engine == &queued || engine == &serial || engine == &far_away;
    return is ? wf_queued_of(executor) : NULL;
}

static int usable(const wf_queued *q)
{
    if (!q)
        return -EINVAL;
    return q->base.pool->generation == wf_generation() ? 0 : -EOWNERDEAD;
}

/* ---- made ---------------------------------------------------------------------------------------- */

static bool sensible(const weft_executor_config *config)
{
    return config->engine >= WEFT_ENGINE_POOL && config->engine <= WEFT_ENGINE_SERIAL &&
           config->priority >= WEFT_PRIORITY_LOW && config->priority <= WEFT_PRIORITY_HIGH &&
           config->node >= 0 && (config->strict == 0 || config->strict == 1) &&
           !(config->strict && (config->blocking || config->engine == WEFT_ENGINE_SERIAL)) &&
           (!(config->start || config->finish) || (config->limit >= 1 && config->limit <= WF_LANES) ||
            config->engine == WEFT_ENGINE_SERIAL) &&
           config->limit >= 0 && (config->blocking == 0 || config->blocking == 1) &&
           config->when_full >= WEFT_BLOCK && config->when_full <= WEFT_CALLER_RUNS;
}

/* A record that is free again, or a new one. */
static wf_queued *take_record(weft_pool *pool)
{
    wf_queued *q;
    pthread_mutex_lock(&pool->locals_lock);
    for (q = wf_queued_of(pool->doors); q && q->base.pool; q = wf_queued_of(q->base.older))
        ;
    if (!q && (q = wf_alloc(sizeof *q)) != NULL) {
        wf_inbox_init(&q->inbox);
        q->inbox.owner = q;
        q->base.inbox = &q->inbox;
        q->base.older = pool->doors;
        pool->doors = &q->base;
    }
    if (q)
        q->base.pool = pool;
    pthread_mutex_unlock(&pool->locals_lock);
    return q;
}

static uint32_t limit_of(const weft_executor_config *config, const weft_pool *pool, wf_home home)
{
    if (config->engine == WEFT_ENGINE_SERIAL)
        return 1;
    if (config->limit)
        return (uint32_t)config->limit;
    if (config->blocking && pool->spares.most)
        return pool->spares.most;
    if (home.kind == WF_IN_AREA)
        return wf_area_size(pool, home.area);
    return pool->workers ? wf_load_relaxed(&pool->open) : 1; /* statistic */
}

static void configure(wf_queued *q, const weft_executor_config *config)
{
    q->config = *config;
    snprintf(q->name, sizeof q->name, "%s", config->name ? config->name : "executor");
    q->config.name = q->name;
    weft_stop_retain(config->stop);
    if (config->engine == WEFT_ENGINE_SERIAL)
        wf_serial_is_made();
    if (config->priority)
        wf_tasks_banded(q->base.pool);
}

/* Nobody has it yet; who comes late for the one before may look at it. */
static void begin_anew(wf_queued *q)
{
    q->taken_before = wf_inbox_taken(&q->inbox);
    uint32_t limit = limit_of(&q->config, q->base.pool, q->home);
    wf_store_relaxed(&q->in_callers, (uint64_t)0); /* owner only */
    wf_store_relaxed(&q->cancels, 0u);             /* owner only */
    wf_store_relaxed(&q->stops, 0u);               /* owner only */
    wf_store_relaxed(&q->broken, 0);               /* owner only */
    q->lanes.count = limit < WF_LANES ? limit : WF_LANES;
    /* hint: who comes late finds one that refuses */
    wf_store_relaxed(&q->base.engine, q->far && !q->far->here ? &far_away
                                      : wf_queued_serial(q)   ? &serial
                                                              : &queued);
    wf_store_release(&q->closed, 0u); /* pair QU9 -> closed(): the epoch */
    wf_tickets_anew(&q->tickets, limit);
}

static int find_home(const weft_executor_config *config, weft_pool *pool, wf_home *home)
{
    wf_part part;
    if (!wf_part_read(&part, config->cpus, config->nodes, config->core_kind))
        return -EINVAL;
    if (!wf_part_is_less(&part))
        return wf_home_find(pool, config->node, 0, config->strict, home);
    if (config->node || config->blocking || config->engine == WEFT_ENGINE_SERIAL)
        return -EINVAL;
    return wf_area_find(pool, &part, home);
}

int wf_executor_create_far(weft_executor **executor, const weft_executor_config *given, wf_far *far)
{
    weft_executor_config config;
    weft_pool *pool;
    if (!executor)
        return -EINVAL;
    *executor = NULL;
    if (!wf_config_read(&config, sizeof config, sizeof config, given) || !sensible(&config))
        return -EINVAL;
    int err = wf_pool_meant(config.pool, &pool);
    if (err)
        return err;
    wf_home home;
    if ((err = find_home(&config, pool, &home)) != 0)
        return err;
    wf_queued *q = take_record(pool);
    if (!q)
        return -ENOMEM;
    q->home = home;
    q->far = far;
    configure(q, &config);
    begin_anew(q);
    *executor = &q->base;
    return 0;
}

int wf_executor_far(weft_executor *executor, wf_far **far, weft_pool **pool)
{
    const wf_queued *q = queued_of(executor);
    int err = usable(q);
    *far = err ? NULL : q->far;
    *pool = err ? NULL : q->base.pool;
    return err;
}

void wf_executor_widen(weft_executor *executor, unsigned limit)
{
    wf_tickets_widen(&wf_queued_of(executor)->tickets, limit);
}

int weft_executor_create(weft_executor **executor, const weft_executor_config *config)
{
    return wf_executor_create_far(executor, config, NULL);
}

/* ---- shut down ----------------------------------------------------------------------------------- */

int weft_executor_close(weft_executor *executor)
{
    wf_queued *q = queued_of(executor);
    int err = usable(q);
    if (err)
        return err;
    wf_store_seq_cst(&q->closed, 1u); /* pair QU4 -> accept() */
    wf_tickets_tell(&q->tickets);
    return 0;
}

/* While it is closed only its own tasks submit: what is quiet, has given all out, and is quiet still, stays so. */
static bool is_over(void *arg)
{
    const wf_queued *q = arg;
    return wf_tickets_quiet(&q->tickets) && !wf_accepted_left(q) && wf_tickets_quiet(&q->tickets) &&
           !wf_load_seq_cst(&q->taking_out); /* pair QU7 -> wf_queued_takes_out() */
}

/* A task that was accepted in time may come in late, and nobody else may ever run it. */
static bool is_over_or_has_turn(void *arg)
{
    const wf_queued *q = arg;
    return is_over(arg) || (wf_queued_visible(q) && wf_tickets_left(&q->tickets));
}

/* wf_crowd.running: where more may begin it waits for that. */
static unsigned running(const void *of)
{
    const wf_queued *q = of;
    unsigned out = wf_tickets_out(&q->tickets);
    return wf_accepted_left(q) && out < wf_tickets_limit(&q->tickets) ? 0 : out;
}

static wf_task *the_end_of(const wf_queued *q, wf_crowd *end)
{
    *end = (wf_crowd){.of = q, .running = running, .is_one = wf_is_task_of};
    wf_crowd_init(end, "the end of", q->name);
    return &end->wide.task;
}

/* 0, -ETIMEDOUT, -EDEADLK. */
static int drain(wf_queued *q, int64_t deadline_ns)
{
    wf_crowd end;
    wf_task *awaited = the_end_of(q, &end);
    int err;
    if (!wf_queued_serial(q))
        return wf_tickets_wait(&q->tickets, is_over, q, awaited, deadline_ns);
    do {
        wf_serial_drain(q);
        err = wf_tickets_wait(&q->tickets, is_over_or_has_turn, q, awaited, deadline_ns);
    } while (!err && !is_over(q));
    return err;
}

int weft_executor_shutdown(weft_executor *executor, int mode, int64_t deadline_ns)
{
    wf_queued *q = queued_of(executor);
    wf_crowd end;
    int err = mode < WEFT_DRAIN || mode > WEFT_STOP_RUNNING ? -EINVAL : usable(q);
    if (!err && wf_queued_is_inside(q))
        err = wf_waits_for_itself(the_end_of(q, &end));
    if (!err)
        err = weft_executor_close(executor);
    if (err)
        return err;
    wf_alarms_cancel(executor);
    if (mode >= WEFT_CANCEL_PENDING)
        wf_store_seq_cst(&q->cancels, 1u); /* pair QU3 -> wf_queued_begin(); pair QU10 -> cancel_late() */
    if (mode == WEFT_STOP_RUNNING)
        wf_store_release(&q->stops, 1u); /* pair QU3 -> wf_queued_stops() */
    if (mode >= WEFT_CANCEL_PENDING) {
        wf_limits_cancel(executor);
        wf_queued_cancel_pending(q);
    }
    return drain(q, deadline_ns);
}

int weft_executor_destroy(weft_executor *executor)
{
    wf_queued *q = queued_of(executor);
    if (!executor)
        return 0;
    int err = weft_executor_shutdown(executor, WEFT_DRAIN, WEFT_FOREVER);
    if (err)
        return err;
    weft_pool *pool = q->base.pool;
    while (!wf_tickets_end(&q->tickets))
        wf_thread_yield(); /* a few instructions of theirs */
    wf_lanes_stop(&q->lanes, &q->config);
    if (q->far)
        q->far->gone(q->far);
    weft_stop_release(q->config.stop);
    q->config.stop = NULL;
    pthread_mutex_lock(&pool->locals_lock);
    q->base.pool = NULL;
    wf_store_relaxed(&q->base.epoch, q->base.epoch + 1); /* ordered by pair QU8: nobody is there */
    pthread_mutex_unlock(&pool->locals_lock);
    return 0;
}

/* ---- looked at ----------------------------------------------------------------------------------- */

int weft_executor_inspect(weft_executor *executor, weft_executor_state *state)
{
    wf_queued *q = queued_of(executor);
    int err = state ? usable(q) : -EINVAL;
    if (err)
        return err;
    uint64_t taken = wf_inbox_taken(&q->inbox), active = wf_tickets_out(&q->tickets);
    uint64_t accepted = wf_load_relaxed(&q->accepted),
             in_callers = wf_load_relaxed(&q->in_callers); /* statistic */
    uint64_t ended = taken - q->taken_before;
    weft_executor_state now = {.size = sizeof now,
                               .accepted = accepted - q->taken_before + in_callers,
                               .ended = (ended > active ? ended - active : 0) + in_callers,
                               .waiting = accepted > taken ? accepted - taken : 0,
                               .closed = (int)wf_load_relaxed(&q->closed), /* hint */
                               .broken = wf_load_relaxed(&q->broken),      /* hint */
                               .name = q->name};
    return wf_config_write(state, &now, sizeof now, sizeof now) ? 0 : -EINVAL;
}

int weft_executor_running(weft_executor *executor, char *given, size_t bytes)
{
    wf_queued *q = queued_of(executor);
    size_t length = 0;
    int err = !given && bytes ? -EINVAL : usable(q);
    if (err)
        return err;
    wf_text text = {.at = given, .end = bytes ? given + bytes - 1 : given};
    for (unsigned i = 0; i < q->lanes.count; i++) {
        const char *label = wf_load_acquire(&q->lanes.lane[i].label); /* pair LN2 -> wf_lane_label() */
        if (!label)
            continue;
        length += strlen(label) + 1;
        wf_text_str(&text, label);
        wf_text_str(&text, "\n");
    }
    if (bytes)
        *text.at = 0;
    return (int)length;
}
