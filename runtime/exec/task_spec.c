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
#include "par/map.h"
#include "sched/block.h"
#include "sched/home.h"
#include "sched/self.h"
#include "sched/tasks.h"

/* Of a task that was away. */
typedef struct ending {
    int status;
    const char *said;
} ending;

/* Behind the record of the task: a wf_held where it has a time to begin or a limit, else a wf_wide. task.arg is what its
 * function gets. Behind this, aligned: its place in the limit, if it has one; then the argument and the result, or where
 * they are. */
typedef struct rich {
    union {
        int (*fn)(void *arg);
        int (*fn2)(const void *arg, void *result);
        const ending *ending; /* when it has come back */
    };
    void (*destroy)(void *arg);
    const char *label;
    weft_stop *stop;
    union {
        wf_home home; /* of one for the pool's own executor */
        wf_away away; /* of one that goes away: for another one */
    };
    uint8_t result_at; /* behind the argument's first byte */
    bool blocking : 1, goes_away : 1, is_fn2 : 1, has_result : 1, has_block : 1;
} rich;

/* Bytes that do not fit in. */
typedef struct outside {
    void *block, *result;
} outside;

_Static_assert(sizeof(wf_wide) + sizeof(rich) + 16 <= 2 * WF_TASK_BYTES,
               "all options and a small argument are two lines, but a time to begin and a limit");

static const wf_kind kind, timed, limited;

static const wf_kind *kind_of(const wf_task *task)
{
    return ((const wf_wide *)(const void *)task)->kind;
}

static size_t up16(size_t bytes)
{
    return (bytes + 15) & ~(size_t)15;
}

static size_t record_bytes(const wf_kind *of)
{
    return of == &kind ? sizeof(wf_wide) : sizeof(wf_held);
}

static size_t fixed_bytes(const wf_kind *of)
{
    return up16(record_bytes(of) + sizeof(rich)) + (of == &limited ? up16(sizeof(wf_limited)) : 0);
}

static void *within(const wf_task *task, size_t bytes)
{
    return (char *)(uintptr_t)task + bytes;
}

static rich *rich_of(const wf_task *task)
{
    return within(task, record_bytes(kind_of(task)));
}

/* NULL: it is a plain one, or has only a limit. */
static wf_task *alarm_of(const wf_task *task)
{
    return kind_of(task) == &kind ? NULL : ((const wf_held *)(const void *)task)->before;
}

/* Its argument and its result, or an `outside`. */
static void *bytes_of(const wf_task *task)
{
    return within(task, fixed_bytes(kind_of(task)));
}

static void *result_of(const wf_task *task)
{
    const rich *r = rich_of(task);
    if (!r->has_result)
        return NULL;
    return r->has_block ? ((outside *)bytes_of(task))->result : (char *)bytes_of(task) + r->result_at;
}

/* Ran, or never will. */
static void end_argument(wf_task *task)
{
    rich *r = rich_of(task);
    if (r->destroy)
        r->destroy(task->arg);
    weft_stop_release(r->stop);
    r->stop = NULL;
}

static int call(const wf_task *task)
{
    const rich *r = rich_of(task);
    wf_worker *self = r->blocking ? wf_self() : NULL;
    if (self)
        wf_section_begin(self);
    int status = r->is_fn2 ? r->fn2(task->arg, result_of(task)) : r->fn(task->arg);
    if (self)
        wf_section_end(self);
    return status;
}

static int run(void *arg)
{
    wf_task *task = wf_tasks_innermost()->task;
    const rich *r = rich_of(task);
    bool goes_away = r->goes_away;
    int status = -ECANCELED;
    (void)arg;
    if (alarm_of(task) && wf_held_begins((wf_held *)(void *)task))
        wf_held_let_before_go((wf_held *)(void *)task);
    if (!weft_stop_requested(r->stop))
        status = call(task);
    if (goes_away && status == WF_AWAY) /* it may have come back, and be gone */
        return status;
    if (status == -ECANCELED && weft_stop_requested(r->stop))
        (void)wf_task_ask(task);
    end_argument(task);
    return status;
}

/* The same of one that has come back. */
static int run_end(void *arg)
{
    wf_task *task = wf_tasks_innermost()->task;
    const rich *r = rich_of(task);
    const ending *e = r->ending;
    (void)arg;
    if (e->status == -ECANCELED && weft_stop_requested(r->stop))
        (void)wf_task_ask(task);
    if (e->status && e->said)
        (void)weft_fail(e->status, "%s", e->said);
    end_argument(task);
    return e->status;
}

static void freed(wf_task *task)
{
    if (rich_of(task)->has_block)
        wf_free(((outside *)bytes_of(task))->block);
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
    return r->goes_away ? &r->away : NULL;
}

static const wf_kind kind = {.cancelled = end_argument,
                             .freed = freed,
                             .label = label,
                             .result = result_of,
                             .submit = submit,
                             .away = away};

/* With a time. If that has not come nobody needs the alarm any more. */
static void timed_cancelled(wf_task *task)
{
    if (alarm_of(task))
        (void)wf_task_cancel(alarm_of(task));
    end_argument(task);
}

static void timed_freed(wf_task *task)
{
    wf_held_let_before_go((wf_held *)(void *)task);
    freed(task);
}

static const wf_kind timed = {.cancelled = timed_cancelled,
                              .freed = timed_freed,
                              .needs = wf_held_needs,
                              .label = label,
                              .result = result_of,
                              .submit = submit,
                              .away = away};

/* With a limit, and perhaps with a time. */
static wf_limited *limited_of(const wf_task *task)
{
    return within(task, fixed_bytes(&timed));
}

static void limited_freed(wf_task *task)
{
    wf_limited_fini(limited_of(task));
    timed_freed(task);
}

static wf_task *limited_needs(wf_task *task, size_t *at)
{
    const wf_task *alarm = alarm_of(task);
    return alarm && !wf_task_ended(alarm) ? wf_held_needs(task, at) : wf_limited_needs(limited_of(task), at);
}

static const wf_kind limited = {.cancelled = timed_cancelled,
                                .freed = limited_freed,
                                .needs = limited_needs,
                                .any = true,
                                .label = label,
                                .result = result_of,
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

static bool sensible(const weft_task_spec *spec)
{
    return !spec->fn != !spec->fn2 && (spec->blocking == 0 || spec->blocking == 1) &&
           !(spec->strict && spec->blocking) && (spec->arg || !spec->arg_bytes) &&
           spec->arg_bytes <= SIZE_MAX / 4 && spec->result_bytes <= SIZE_MAX / 4 &&
           (spec->fn2 || !spec->result_bytes) && wf_codec_fits(spec->arg_codec, spec->arg_bytes) &&
           wf_codec_fits(spec->result_codec, spec->result_bytes);
}

/* A result behind the argument, aligned as anything of its size may have to be. */
static size_t result_at(const weft_task_spec *spec)
{
    size_t alignment = (spec->result_bytes | 16) & -(spec->result_bytes | 16);
    return (spec->arg_bytes + alignment - 1) & -alignment;
}

static void fill_bytes(wf_task *task, const weft_task_spec *spec, unsigned char *block)
{
    rich *r = rich_of(task);
    unsigned char *bytes = block ? block : bytes_of(task), *result = bytes + result_at(spec);
    if (block)
        *(outside *)bytes_of(task) = (outside){block, result};
    else
        r->result_at = (uint8_t)result_at(spec);
    r->has_block = block;
    r->has_result = spec->result_bytes;
    if (r->has_result)
        memset(result, 0, spec->result_bytes);
    task->arg = spec->arg_bytes ? memcpy(bytes, spec->arg, spec->arg_bytes) : spec->arg;
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

/* With memory for its bytes, before it is initialised; NULL: there is none. */
static wf_task *make(const wf_door *door, const weft_task_spec *spec, const wf_kind *of)
{
    size_t bytes = result_at(spec) + spec->result_bytes, fixed = fixed_bytes(of);
    bool inside = bytes <= WF_RECORD_MAX - fixed;
    weft_stop *stop;
    void *block = inside ? NULL : wf_alloc(bytes);
    wf_task *task = NULL;
    if (inside || block)
        task = wf_tasks_new(door->pool, door->self, fixed + (inside ? bytes : sizeof(outside)));
    if (!task || stop_of(spec, &stop)) {
        if (task)
            wf_slab_give(task);
        wf_free(block);
        return NULL;
    }
    ((wf_wide *)(void *)task)->kind = of;
    *rich_of(task) = (rich){.destroy = spec->destroy,
                            .label = spec->label,
                            .stop = stop,
                            .blocking = spec->blocking,
                            .is_fn2 = spec->fn2};
    if (spec->fn2)
        rich_of(task)->fn2 = spec->fn2;
    else
        rich_of(task)->fn = spec->fn;
    fill_bytes(task, spec, block);
    if (of == &limited)
        wf_limited_init(limited_of(task), spec->limit, (wf_held *)(void *)task);
    return task;
}

/* Refused: the argument is the caller's still. */
static void unmake(wf_task *task)
{
    if (kind_of(task) == &limited)
        wf_limited_fini(limited_of(task));
    weft_stop_release(rich_of(task)->stop);
    freed(task);
    wf_slab_give(task);
}

static int submit_now(const wf_door *door, wf_task *task, weft_future **future)
{
    const rich *r = rich_of(task);
    int err = 0;
    wf_task_init_wide((wf_wide *)(void *)task, &kind, run, task->arg, future ? 2 : 1);
    if (r->blocking && !wf_engine_of(door->executor))
        wf_tasks_submit_blocking(door->pool, door->self, task);
    else if (!r->goes_away && r->home.kind != WF_NEAR)
        submit(task);
    else
        err = wf_executor_submit(door, task);
    if (!err && future)
        *future = task;
    return err;
}

/* Before others know it. A strict one: who waits for it sees from the first that it is not his to run. */
static wf_held *hold(const wf_door *door, wf_task *task, unsigned references, wf_task *alarm)
{
    wf_held *held = (void *)task;
    const rich *r = rich_of(task);
    void *arg = task->arg;
    (void)wf_held_init(held, kind_of(task), run, references, alarm, door->executor);
    task->arg = arg;
    if (!r->goes_away && r->home.strict)
        wf_tasks_goes_to(task, wf_home_inbox(task->pool, NULL, r->home, WEFT_PRIORITY_NORMAL));
    return held;
}

/* Through the limit. Accepted, it is in the executor's count until it comes or is cancelled. */
static int submit_limited(const wf_door *door, wf_task *task, weft_future **future)
{
    int err = wf_executor_accept(door);
    if (err)
        return err;
    (void)hold(door, task, future ? 2 : 1, NULL);
    if (future)
        *future = task;
    wf_limited_enter(limited_of(task));
    return 0;
}

static wf_held *held_of(wf_follower *follower)
{
    return (wf_held *)(void *)((char *)follower - offsetof(wf_held, follower));
}

static void limited_time_has_come(wf_follower *follower, wf_task *alarm)
{
    wf_held *held = held_of(follower);
    wf_task *task = &held->wide.task;
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
    if (wf_task_state_of(alarm) == WF_TASK_CANCELLED)
        (void)wf_task_cancel(&held_of(follower)->wide.task);
    wf_held_ended(follower, alarm);
}

/* Who closes the executor cancels what it finds set; what is set later sees that it is closed. */
static int submit_timed(const wf_door *door, wf_task *task, int64_t start_ns, weft_future **future)
{
    wf_task *alarm;
    int err = wf_executor_closed(door->executor) ? -ESHUTDOWN : wf_alarm_at(door, start_ns, &alarm);
    if (err)
        return err;
    wf_held *held = hold(door, task, future ? 3 : 2, alarm);
    wf_task_release(alarm);
    held->follower.ended = kind_of(task) == &limited ? limited_time_has_come : time_has_come;
    if (future)
        *future = task;
    wf_held_follow(held);
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
    bool later = spec->start_ns > 0 && spec->start_ns > wf_now_ns();
    wf_task *task = make(door, spec, spec->limit ? &limited : later ? &timed : &kind);
    if (!task)
        return -ENOMEM;
    rich *r = rich_of(task);
    if (goes_away)
        r->goes_away = true;
    else
        r->home = home;
    err = later         ? submit_timed(door, task, spec->start_ns, future)
          : spec->limit ? submit_limited(door, task, future)
                        : submit_now(door, task, future);
    if (err)
        unmake(task);
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
    const wf_kind *of = wf_future_usable(future) ? NULL : wf_task_kind(future);
    return of && of->result && wf_task_state_of(future) == WF_TASK_DONE ? of->result(future) : NULL;
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
