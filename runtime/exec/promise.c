/* SPDX-License-Identifier: MIT */
/* exec/promise.c - see promise.h. */
#include "exec/promise.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "exec/executor.h"
#include "exec/future.h"
#include "os/memory.h"
#include "sched/pool.h"
#include "sched/self.h"
#include "sched/tasks.h"

struct weft_promise {
    wf_wide wide;
    void *result; /* NULL: there is none. Behind this, or memory of its own: */
    void *block;
};

#define RESULT_AT ((sizeof(weft_promise) + 15) & ~(size_t)15)

static void freed(wf_task *task)
{
    wf_free(((weft_promise *)(void *)task)->block);
}

static void *result(const wf_task *task)
{
    return ((const weft_promise *)(const void *)task)->result;
}

static const wf_kind kind = {.freed = freed, .result = result};

/* With room for its result. NULL: no memory. */
static weft_promise *make(const wf_door *door, size_t bytes)
{
    bool inside = bytes <= WF_RECORD_MAX - RESULT_AT;
    void *block = inside ? NULL : wf_alloc(bytes);
    weft_promise *p = NULL;
    if (inside || block)
        p = (void *)wf_tasks_new(door->pool, door->self, inside ? RESULT_AT + bytes : sizeof *p);
    if (!p) {
        wf_free(block);
        return NULL;
    }
    wf_task_init_held(&p->wide, &kind, NULL, NULL, 2);
    p->wide.task.pool = NULL;
    p->wide.task.inbox = NULL;
    p->block = block;
    p->result = !bytes ? NULL : memset(inside ? (char *)p + RESULT_AT : block, 0, bytes);
    return p;
}

int weft_promise_create_sized(weft_promise **promise, weft_executor *executor, size_t result_bytes,
                              weft_future **future)
{
    wf_door door;
    if (promise)
        *promise = NULL;
    if (future)
        *future = NULL;
    if (!promise || !future || result_bytes > SIZE_MAX / 4)
        return -EINVAL;
    int err = wf_executor_find(executor, &door);
    if (err)
        return err;
    weft_promise *made = make(&door, result_bytes);
    if (!made)
        return -ENOMEM;
    *promise = made;
    *future = &made->wide.task;
    return 0;
}

int weft_promise_create(weft_promise **promise, weft_executor *executor, weft_future **future)
{
    return weft_promise_create_sized(promise, executor, 0, future);
}

static int usable(const weft_promise *promise)
{
    return wf_future_usable(promise ? &promise->wide.task : NULL);
}

void *weft_promise_result(weft_promise *promise)
{
    return usable(promise) ? NULL : promise->result;
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
    int err = usable(promise);
    return err ? err : keep(promise, status);
}

/* The text is there before the status is: meanwhile it runs. */
static int keep_with(weft_promise *promise, int status, char *text)
{
    wf_task *task = &promise->wide.task;
    if (!wf_task_claim_held(task)) {
        wf_free(text);
        wf_task_release(task);
        return -ECANCELED;
    }
    wf_task_says(task, text);
    (void)wf_task_complete(task, status, true);
    return 0;
}

int weft_promise_fail(weft_promise *promise, int status, const char *format, ...)
{
    va_list list;
    int err = format ? usable(promise) : -EINVAL;
    if (err)
        return err;
    char *text = status ? wf_alloc(WF_SAID_BYTES) : NULL;
    if (!text)
        return keep(promise, status);
    va_start(list, format);
    vsnprintf(text, WF_SAID_BYTES, format, list);
    va_end(list);
    return keep_with(promise, status, text);
}

int weft_promise_cancelled(const weft_promise *promise)
{
    int err = usable(promise);
    return err ? err : wf_task_ended(&promise->wide.task);
}

void weft_promise_destroy(weft_promise *promise)
{
    if (promise && !usable(promise))
        (void)keep(promise, -ECANCELED);
}
