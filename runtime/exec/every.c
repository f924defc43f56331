/* SPDX-License-Identifier: MIT */
/* exec/every.c - see every.h. */
#include "exec/every.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "exec/timer.h"
#include "os/clock.h"
#include "os/memory.h"
#include "sched/tasks.h"

int weft_submit_at(weft_executor *executor, int64_t start_ns, weft_task_fn *fn, void *arg,
                   weft_future **future)
{
    const weft_task_spec spec = {.size = sizeof spec, .fn = fn, .arg = arg, .start_ns = start_ns};
    return weft_submit_task(executor, &spec, future);
}

int weft_submit_after(weft_executor *executor, int64_t delay_ns, weft_task_fn *fn, void *arg,
                      weft_future **future)
{
    int64_t now = wf_now_ns(), start = 0;
    if (delay_ns > 0)
        start = delay_ns < WF_FOREVER - now ? now + delay_ns : WF_FOREVER;
    return weft_submit_at(executor, start, fn, arg, future);
}

/* ---- series ------------------------------------------------------------------------------------- */

typedef struct series {
    wf_alarm alarm;
    wf_follower follower; /* of the tick */
    pthread_mutex_t lock;
    wf_task *tick; /* under the lock: one that has not told that it ended; NULL: there is none */
    int64_t due_ns, period_ns;
    weft_task_fn *fn;
    void *arg;
    weft_pool *pool;
    weft_executor *executor;
    uint64_t epoch; /* of the executor */
} series;

_Static_assert(sizeof(series) <= WF_RECORD_MAX, "it is in a record");

static wf_task *task_of(series *s)
{
    return &s->alarm.wide.task;
}

static void give_up(series *s)
{
    (void)wf_task_cancel(task_of(s));
    wf_task_release(task_of(s));
}

/* What the tick said is the series' now; without memory for it only the status is. */
static void finish(series *s, const wf_task *tick)
{
    const char *said = wf_task_said(tick);
    char *text = said ? wf_alloc(strlen(said) + 1) : NULL;
    if (!wf_task_claim_held(task_of(s))) {
        wf_free(text);
        wf_task_release(task_of(s));
        return;
    }
    if (text)
        wf_task_says(task_of(s), strcpy(text, said));
    (void)wf_task_complete(task_of(s), tick->status, true);
}

/* The next time that has not passed yet. */
static int64_t next_time(const series *s)
{
    int64_t late = wf_now_ns() - s->due_ns;
    int64_t periods = late > 0 ? late / s->period_ns + 1 : 1;
    return periods <= (WF_FOREVER - s->due_ns) / s->period_ns ? s->due_ns + periods * s->period_ns
                                                              : WF_FOREVER;
}

/* Set, it may ring and end at once, but for a reference of the caller's. Who cancels it or shuts its executor down
 * either finds it set, or is seen here: as closed, or as gone by who finds its record open again. */
static void set_again(series *s)
{
    bool kept = wf_task_retain(task_of(s));
    s->due_ns = next_time(s);
    if (!kept || !wf_alarm_set(&s->alarm, s->due_ns))
        give_up(s);
    else if (wf_task_ended(task_of(s)) || wf_executor_closed(s->executor) ||
             wf_executor_epoch(s->executor) != s->epoch)
        if (wf_alarm_unset(&s->alarm))
            give_up(s);
    if (kept)
        wf_task_release(task_of(s));
}

static void set_tick(series *s, wf_task *tick)
{
    pthread_mutex_lock(&s->lock);
    s->tick = tick;
    pthread_mutex_unlock(&s->lock);
}

static void tick_ended(wf_follower *follower, wf_task *tick)
{
    series *s = (series *)(void *)((char *)follower - offsetof(series, follower));
    set_tick(s, NULL);
    if (wf_task_state_of(tick) == WF_TASK_CANCELLED)
        give_up(s);
    else if (tick->status)
        finish(s, tick);
    else
        set_again(s);
}

/* Begun, it may end the series at once, but for a reference of the caller's. Who cancels that finds the tick, or is seen. */
static void begin_tick(series *s, wf_task *tick)
{
    wf_task_init(tick, s->fn, s->arg, 1);
    wf_tasks_goes_to(tick, NULL);
    s->follower.ended = tick_ended;
    wf_task_follow(tick, &s->follower);
    set_tick(s, tick);
    if (wf_task_ended(task_of(s)) || wf_executor_submit_held(s->executor, tick, s->epoch)) {
        (void)wf_task_cancel(tick);
        wf_task_release(tick);
    }
}

/* With no memory for a tick it is left out. */
static void ring(wf_alarm *self)
{
    series *s = (series *)(void *)self;
    if (wf_task_ended(task_of(s)) || wf_executor_epoch(s->executor) != s->epoch) {
        give_up(s);
        return;
    }
    wf_task *tick = wf_tasks_new(s->pool, NULL, sizeof *tick);
    if (tick && wf_task_retain(task_of(s))) {
        begin_tick(s, tick);
        wf_task_release(task_of(s));
    } else {
        if (tick)
            wf_slab_give(tick);
        set_again(s);
    }
}

/* With a reference; NULL: there is none. */
static wf_task *tick_of(series *s)
{
    pthread_mutex_lock(&s->lock);
    wf_task *tick = s->tick && wf_task_retain(s->tick) ? s->tick : NULL;
    pthread_mutex_unlock(&s->lock);
    return tick;
}

/* Nor does a tick begin any more: it lies dead in its queue until somebody meets it. */
static void cancelled(wf_task *task)
{
    series *s = (series *)(void *)task;
    if (wf_alarm_unset(&s->alarm)) {
        wf_task_release(task);
        return;
    }
    wf_task *tick = tick_of(s);
    if (!tick)
        return;
    (void)wf_task_cancel(tick);
    wf_task_release(tick);
}

/* Who waits for the series may run the tick. */
static wf_task *needs_tick(wf_task *task, size_t *at)
{
    return (*at)++ ? NULL : tick_of((series *)(void *)task);
}

/* wf_kind.some: a tick that waits for its own series never ends. */
static bool tick_ends(const wf_task *task, bool (*ends)(const wf_task *part))
{
    wf_task *tick = tick_of((series *)(uintptr_t)task);
    bool can = !tick || ends(tick);
    if (tick)
        wf_task_release(tick);
    return can;
}

static const char *label(const wf_task *task)
{
    (void)task;
    return "a series";
}

static void freed(wf_task *task)
{
    pthread_mutex_destroy(&((series *)(void *)task)->lock);
}

static const wf_kind kind = {.cancelled = cancelled,
                             .freed = freed,
                             .needs = needs_tick,
                             .anew = true,
                             .some = tick_ends,
                             .label = label};

static int begin(const wf_door *door, const series *wanted, weft_future **future)
{
    wf_alarm *alarm;
    int err = wf_alarm_new(door, sizeof(series), &kind, future ? 3 : 2, &alarm);
    if (err)
        return err;
    series *s = (series *)(void *)alarm;
    s->due_ns = wanted->due_ns;
    s->period_ns = wanted->period_ns;
    s->fn = wanted->fn;
    s->arg = wanted->arg;
    s->pool = door->pool;
    s->executor = door->executor;
    s->epoch = wf_executor_epoch(door->executor);
    pthread_mutex_init(&s->lock, NULL);
    s->tick = NULL;
    alarm->ring = ring;
    if (!wf_alarm_set(alarm, s->due_ns)) {
        freed(task_of(s));
        wf_slab_give(alarm);
        return -ESHUTDOWN;
    }
    if (future)
        *future = task_of(s);
    if (wf_executor_closed(door->executor))
        (void)wf_task_cancel(task_of(s));
    wf_task_release(task_of(s));
    return 0;
}

int weft_submit_every(weft_executor *executor, int64_t first_ns, int64_t period_ns, weft_task_fn *fn,
                      void *arg, weft_future **future)
{
    const series wanted = {
        .due_ns = first_ns > 0 ? first_ns : wf_now_ns(), .period_ns = period_ns, .fn = fn, .arg = arg};
    wf_door door;
    if (future)
        *future = NULL;
    if (!fn || period_ns < 1)
        return -EINVAL;
    int err = wf_executor_find(executor, &door);
    if (!err && wf_executor_closed(door.executor))
        err = -ESHUTDOWN;
    return err ? err : begin(&door, &wanted, future);
}
