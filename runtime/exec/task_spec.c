/* SPDX-License-Identifier: MIT */
/* exec/task_spec.c - see task_spec.h. */
#include "exec/task_spec.h"

#include <errno.h>
#include <string.h>

#include "base/config.h"
#include "exec/executor.h"
#include "exec/future.h"
#include "exec/held.h"
#include "exec/limit.h"
#include "exec/queued.h"
#include "exec/timer.h"
#include "os/clock.h"
#include "os/memory.h"
#include "sched/block.h"
#include "sched/home.h"
#include "sched/self.h"
#include "sched/tasks.h"

#define RECORD_MAX (WF_TASK_BYTES << (WF_RECORD_SIZES - 1))

/* Of a task that was away. */
typedef struct ending {
    int status;
    const char *said;
} ending;

typedef struct rich {
    wf_held held; /* by its time to begin; before NULL: it has none */
    int (*fn)(void *arg);
    union {
        int (*fn2)(const void *arg, void *result);
        const ending *ending; /* when it has come back */
    };
    void *arg, *result;
    void (*destroy)(void *arg);
    const char *label;
    weft_stop *stop;
    bool blocking;
    wf_away away;
    wf_home home;
    void *block; /* of bytes that do not fit in here */
    _Alignas(16) unsigned char bytes[];
} rich;

static rich *rich_of(const wf_task *task)
{
    return (rich *)(uintptr_t)task;
}

/* Ran, or never will. */
static void end_argument(rich *r)
{
    if (r->destroy)
        r->destroy(r->arg);
    weft_stop_release(r->stop);
    r->stop = NULL;
}

static int call(rich *r)
{
    wf_worker *self = r->blocking ? wf_self() : NULL;
    if (self)
        wf_section_begin(self);
    int status = r->fn ? r->fn(r->arg) : r->fn2(r->arg, r->result);
    if (self)
        wf_section_end(self);
    return status;
}

static int run(void *arg)
{
    rich *r = arg;
    bool goes_away = r->away.is;
    int status = -ECANCELED;
    if (r->held.before && wf_held_begins(&r->held))
        wf_held_let_before_go(&r->held);
    if (!weft_stop_requested(r->stop))
        status = call(r);
    if (goes_away && status == WF_AWAY) /* it may have come back, and be gone */
        return status;
    if (status == -ECANCELED && weft_stop_requested(r->stop))
        (void)wf_task_ask(&r->held.wide.task);
    end_argument(r);
    return status;
}

/* The same of one that has come back. */
static int run_end(void *arg)
{
    rich *r = arg;
    const ending *e = r->ending;
    if (e->status == -ECANCELED && weft_stop_requested(r->stop))
        (void)wf_task_ask(&r->held.wide.task);
    if (e->status && e->said)
        (void)weft_fail(e->status, "%s", e->said);
    end_argument(r);
    return e->status;
}

static void cancelled(wf_task *task)
{
    end_argument(rich_of(task));
}

static void freed(wf_task *task)
{
    wf_held_let_before_go(&rich_of(task)->held);
    wf_free(rich_of(task)->block);
}

static const char *label(const wf_task *task)
{
    return rich_of(task)->label;
}

static void submit(wf_task *task)
{
    wf_worker *self = wf_self();
    weft_pool *pool = task->pool;
    wf_home home = rich_of(task)->home;
    if (self && self->pool != pool)
        self = NULL;
    if (home.kind == WF_NEAR)
        wf_tasks_submit(pool, self, task);
    else
        wf_tasks_submit_to(pool, self, task, home, WEFT_PRIORITY_NORMAL);
}

static wf_away *away(wf_task *task)
{
    rich *r = rich_of(task);
    return r->away.is ? &r->away : NULL;
}

static const wf_kind kind = {
    .cancelled = cancelled, .freed = freed, .label = label, .submit = submit, .away = away};

/* Its time has not come: nobody needs the alarm any more. */
static void timed_cancelled(wf_task *task)
{
    (void)wf_task_cancel(rich_of(task)->held.before);
    cancelled(task);
}

static const wf_kind timed = {.cancelled = timed_cancelled,
                              .freed = freed,
                              .needs = wf_held_needs,
                              .label = label,
                              .submit = submit,
                              .away = away};

/* With a limit, and perhaps with a time. Its place in the limit is in front of the other bytes. */
static wf_limited *limited_of(const wf_task *task)
{
    return (wf_limited *)(void *)rich_of(task)->bytes;
}

static void limited_cancelled(wf_task *task)
{
    if (rich_of(task)->held.before)
        (void)wf_task_cancel(rich_of(task)->held.before);
    cancelled(task);
}

static void limited_freed(wf_task *task)
{
    wf_limited_fini(limited_of(task));
    freed(task);
}

static wf_task *limited_needs(wf_task *task, size_t *at)
{
    const wf_task *before = rich_of(task)->held.before;
    return before && !wf_task_ended(before) ? wf_held_needs(task, at)
                                            : wf_limited_needs(limited_of(task), at);
}

static const wf_kind limited = {.cancelled = limited_cancelled,
                                .freed = limited_freed,
                                .needs = limited_needs,
                                .any = true,
                                .label = label,
                                .limited = limited_of,
                                .submit = submit,
                                .away = away};

static const rich *rich_or_null(const wf_task *task)
{
    const wf_kind *of = wf_task_kind(task);
    return of == &kind || of == &timed || of == &limited ? rich_of(task) : NULL;
}

weft_stop *wf_task_stop(const wf_task *task)
{
    const rich *r = rich_or_null(task);
    return r ? r->stop : NULL;
}

/* ---- making ------------------------------------------------------------------------------------- */

static size_t up16(size_t bytes)
{
    return (bytes + 15) & ~(size_t)15;
}

static bool sensible(const weft_task_spec *spec)
{
    return !spec->fn != !spec->fn2 && (spec->blocking == 0 || spec->blocking == 1) &&
           !(spec->strict && spec->blocking) && (spec->arg || !spec->arg_bytes) &&
           spec->arg_bytes <= SIZE_MAX / 4 && spec->result_bytes <= SIZE_MAX / 4 &&
           (spec->fn2 || !spec->result_bytes);
}

static void fill(rich *r, const weft_task_spec *spec, unsigned char *bytes)
{
    size_t before = up16(spec->arg_bytes);
    r->fn = spec->fn;
    r->fn2 = spec->fn2;
    r->arg = spec->arg;
    if (spec->arg_bytes)
        r->arg = memcpy(bytes, spec->arg, spec->arg_bytes);
    r->result = spec->result_bytes ? memset(bytes + before, 0, spec->result_bytes) : NULL;
    r->destroy = spec->destroy;
    r->label = spec->label;
    r->blocking = spec->blocking;
}

/* Its own token if it has a deadline, else the one that was given. */
static int stop_of(const weft_task_spec *spec, weft_stop **stop)
{
    if (spec->deadline_ns)
        return weft_stop_create(stop, spec->stop, spec->deadline_ns);
    weft_stop_retain(spec->stop);
    *stop = spec->stop;
    return 0;
}

/* With memory for its bytes; NULL: there is none. */
static rich *make(weft_pool *pool, const wf_worker *self, const weft_task_spec *spec)
{
    size_t bytes = up16(spec->arg_bytes) + spec->result_bytes;
    size_t fixed = sizeof(rich) + (spec->limit ? up16(sizeof(wf_limited)) : 0);
    bool inside = bytes <= RECORD_MAX - fixed;
    void *block = inside ? NULL : wf_alloc(bytes);
    rich *r = inside || block ? (void *)wf_tasks_new(pool, self, fixed + (inside ? bytes : 0)) : NULL;
    if (!r || stop_of(spec, &r->stop)) {
        if (r)
            wf_slab_give(r);
        wf_free(block);
        return NULL;
    }
    r->block = block;
    fill(r, spec, inside ? r->bytes + (fixed - sizeof(rich)) : block);
    if (spec->limit)
        wf_limited_init((wf_limited *)(void *)r->bytes, spec->limit, &r->held);
    return r;
}

/* Refused: the argument is the caller's still. */
static void unmake(rich *r, const weft_task_spec *spec)
{
    if (spec->limit)
        wf_limited_fini((wf_limited *)(void *)r->bytes);
    weft_stop_release(r->stop);
    wf_free(r->block);
    wf_slab_give(r);
}

static int submit_now(const wf_door *door, rich *r, weft_future **future)
{
    r->held.before = NULL;
    wf_task *task = &r->held.wide.task;
    int err = 0;
    wf_task_init_wide(&r->held.wide, &kind, run, r, future ? 2 : 1);
    if (r->blocking && !wf_engine_of(door->executor))
        wf_tasks_submit_blocking(door->pool, door->self, task);
    else if (r->home.kind != WF_NEAR)
        submit(task);
    else
        err = wf_executor_submit(door, task);
    if (!err && future)
        *future = task;
    return err;
}

/* Before others know it: who waits for it sees from the first that it is not his to run. */
static void goes_home(rich *r)
{
    wf_task *task = &r->held.wide.task;
    if (r->home.strict)
        wf_tasks_goes_to(task, wf_home_inbox(task->pool, NULL, r->home, WEFT_PRIORITY_NORMAL));
}

/* Through the limit. Accepted, it is in the executor's count until it comes or is cancelled. */
static int submit_limited(const wf_door *door, rich *r, weft_future **future)
{
    wf_task *task = &r->held.wide.task;
    int err = wf_executor_accept(door);
    if (err)
        return err;
    (void)wf_held_init(&r->held, &limited, run, future ? 2 : 1, NULL, door->executor);
    goes_home(r);
    if (future)
        *future = task;
    wf_limited_enter(limited_of(task));
    return 0;
}

static void limited_time_has_come(wf_follower *follower, wf_task *alarm)
{
    wf_task *task = (wf_task *)(void *)((char *)follower - offsetof(wf_held, follower));
    const wf_held *held = &rich_of(task)->held;
    if (wf_task_state_of(alarm) != WF_TASK_CANCELLED && !wf_task_ended(task) && !wf_slab_closed(held) &&
        !wf_executor_accept_held(held->executor, held->epoch)) {
        wf_limited_enter(limited_of(task));
        return;
    }
    (void)wf_task_cancel(task);
    wf_task_release(task);
}

/* The alarm rang, or will never. */
static void time_has_come(wf_follower *follower, wf_task *alarm)
{
    wf_task *task = (wf_task *)(void *)((char *)follower - offsetof(wf_held, follower));
    if (wf_task_state_of(alarm) == WF_TASK_CANCELLED)
        (void)wf_task_cancel(task);
    wf_held_ended(follower, alarm);
}

/* Who closes the executor cancels what it finds set; what is set later sees that it is closed. */
static int submit_timed(const wf_door *door, rich *r, const weft_task_spec *spec, weft_future **future)
{
    wf_task *alarm, *task = &r->held.wide.task;
    int err = wf_executor_closed(door->executor) ? -ESHUTDOWN : wf_alarm_at(door, spec->start_ns, &alarm);
    if (err)
        return err;
    (void)wf_held_init(&r->held, spec->limit ? &limited : &timed, run, future ? 3 : 2, alarm, door->executor);
    goes_home(r);
    wf_task_release(alarm);
    r->held.follower.ended = spec->limit ? limited_time_has_come : time_has_come;
    if (future)
        *future = task;
    wf_held_follow(&r->held);
    if (wf_executor_closed(door->executor))
        (void)wf_task_cancel(task);
    wf_task_release(task);
    return 0;
}

/* Other executors know where their tasks run. */
static int home_of(const wf_door *door, const weft_task_spec *spec, wf_home *home)
{
    int err = wf_home_find(door->pool, spec->node, spec->worker, spec->strict, home);
    if (err || !wf_engine_of(door->executor))
        return err;
    *home = (wf_home){.kind = WF_NEAR};
    return spec->strict ? -EINVAL : 0;
}

static int submit_spec(const wf_door *door, const weft_task_spec *spec, bool goes_away, weft_future **future)
{
    wf_home home;
    int err = home_of(door, spec, &home);
    if (err)
        return err;
    rich *r = make(door->pool, door->self, spec);
    if (!r)
        return -ENOMEM;
    r->home = home;
    r->away = (wf_away){.is = goes_away};
    err = spec->start_ns > wf_now_ns() ? submit_timed(door, r, spec, future)
          : spec->limit                ? submit_limited(door, r, future)
                                       : submit_now(door, r, future);
    if (err)
        unmake(r, spec);
    return err;
}

int wf_task_submit(weft_executor *executor, const weft_task_spec *spec, weft_future **future)
{
    wf_door door;
    int err = wf_executor_find_any(executor, &door);
    return err ? err : submit_spec(&door, spec, false, future);
}

int wf_task_submit_away(weft_executor *executor, const weft_task_spec *spec, weft_future **future)
{
    wf_door door;
    int err = wf_executor_find_any(executor, &door);
    return err ? err : submit_spec(&door, spec, true, future);
}

void wf_task_comes_back(wf_task *task, int status, const char *said)
{
    const ending end = {.status = status, .said = said};
    rich_of(task)->ending = &end;
    task->fn = run_end;
    wf_queued_end(task);
}

int weft_submit_task(weft_executor *executor, const weft_task_spec *given, weft_future **future)
{
    weft_task_spec spec;
    wf_door door;
    if (future)
        *future = NULL;
    if (!given || !wf_config_read(&spec, sizeof spec, sizeof spec, given) || !sensible(&spec))
        return -EINVAL;
    int err = spec.limit ? wf_limit_usable(spec.limit) : 0;
    if (!err)
        err = wf_executor_find_any(executor, &door);
    if (err)
        return err;
    wf_far *far = wf_far_of(door.executor);
    return far ? far->submit(far, door.executor, &spec, future) : submit_spec(&door, &spec, false, future);
}

/* ---- afterwards ---------------------------------------------------------------------------------- */

const void *weft_future_result(const weft_future *future)
{
    const rich *r = wf_future_usable(future) ? NULL : rich_or_null(future);
    return r && wf_task_state_of(future) == WF_TASK_DONE ? r->result : NULL;
}

const char *weft_future_label(const weft_future *future)
{
    return wf_future_usable(future) ? NULL : wf_task_label(future);
}

const char *weft_future_error(const weft_future *future)
{
    int err = wf_future_usable(future);
    if (err)
        return weft_strerror(err);
    const char *said = wf_task_ended(future) ? wf_task_said(future) : NULL;
    return said ? said : weft_strerror(weft_future_status(future));
}
