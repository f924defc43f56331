/* SPDX-License-Identifier: MIT */
/* exec/promise.c - see promise.h. */
#include "exec/promise.h"

#include <errno.h>

#include "exec/executor.h"
#include "exec/future.h"
#include "sched/pool.h"
#include "sched/self.h"
#include "sched/tasks.h"

struct weft_promise {
    wf_wide wide;
};

static const wf_kind kind = {.freed = NULL};

int weft_promise_create(weft_promise **promise, weft_executor *executor, weft_future **future)
{
    wf_door door;
    if (promise)
        *promise = NULL;
    if (future)
        *future = NULL;
    if (!promise || !future)
        return -EINVAL;
    int err = wf_executor_find(executor, &door);
    if (err)
        return err;
    wf_wide *wide = (void *)wf_tasks_new(door.pool, door.self, sizeof *wide);
    if (!wide)
        return -ENOMEM;
    wf_task_init_held(wide, &kind, NULL, NULL, 2);
    wide->task.pool = NULL;
    wide->task.inbox = NULL;
    *promise = (weft_promise *)wide;
    *future = &wide->task;
    return 0;
}

static int keep(weft_promise *promise, int status)
{
    wf_task *task = &promise->wide.task;
    int err = wf_task_fulfil(task, status) ? 0 : -ECANCELED;
    wf_task_release(task);
    return err;
}

int weft_promise_fulfil(weft_promise *promise, int status)
{
    int err = wf_future_usable(promise ? &promise->wide.task : NULL);
    return err ? err : keep(promise, status);
}

int weft_promise_cancelled(const weft_promise *promise)
{
    int err = wf_future_usable(promise ? &promise->wide.task : NULL);
    return err ? err : wf_task_ended(&promise->wide.task);
}

void weft_promise_destroy(weft_promise *promise)
{
    if (promise && !wf_future_usable(&promise->wide.task))
        (void)keep(promise, -ECANCELED);
}
