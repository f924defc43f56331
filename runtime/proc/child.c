/* SPDX-License-Identifier: MIT */
/* proc/child.c - see child.h. */
#include "proc/child.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <weft/parallel.h>

#include "base/atomic.h"
#include "data/task.h"
#include "exec/stop.h"
#include "os/clock.h"
#include "os/spawn.h"
#include "os/thread.h"
#include "proc/batch.h"
#include "proc/names.h"
#include "proc/views.h"

static uint32_t possible;

bool wf_child_possible(void)
{
    return wf_load_relaxed(&possible); /* hint: set before main, or by a library that is loaded later */
}

int wf_child_library(wf_image_name *name)
{
    return wf_image_name_of((wf_image_fn *)weft_process_begins_, name);
}

/* ---- one call ------------------------------------------------------------------------------------ */

typedef struct child {
    wf_channel channel;
    weft_executor *executor;   /* serial */
    weft_stop *stop[WF_CALLS]; /* of the calls in each slot */
} child;

/* The same library on both sides, the limits, and then what the user wants first. */
static int begin(const child *c)
{
    wf_image_name here;
    const wf_origins *origins = wf_channel_origins(&c->channel);
    if (wf_child_library(&here) || memcmp(&here, &origins->library, sizeof here))
        return weft_fail(-ELIBBAD, "the worker process has loaded another libweft");
    int err = wf_process_confine((size_t)origins->memory_bytes, origins->cpu_seconds);
    return err ? weft_fail(err, "the limits of the worker process could not be set") : 0;
}

static int call(const child *c, wf_image_fn *fn)
{
    const wf_call *call = &c->channel.call;
    uint32_t number = c->channel.number;
    void *arg = call->arg_bytes ? wf_channel_arg(&c->channel, number) : NULL;
    void *result = call->result_bytes ? wf_channel_result(&c->channel, number) : NULL;
    if (call->kind == WF_CALL_HELLO)
        return ((int (*)(const void *))fn)(arg);
    if (call->kind == WF_CALL_ITEMS)
        return wf_batch_run(arg, result, fn);
    if (result)
        memset(result, 0, (size_t)call->result_bytes);
    return ((int (*)(const void *, void *))fn)(arg, result);
}

/* As a task. */
static int run(void *arg)
{
    const child *c = arg;
    const wf_call *of = &c->channel.call;
    int status = of->kind == WF_CALL_HELLO ? begin(c) : 0;
    if (status || !of->has_fn)
        return status;
    wf_image_fn *fn = wf_name_find(&of->fn);
    if (fn)
        return call(c, fn);
    const char *text = wf_name_text(&of->fn);
    return text ? weft_fail(-ENOENT, "no function is registered as '%s' in the worker process", text)
                : weft_fail(-ENOENT, "the function is in a library that the worker process has not loaded");
}

static void run_task(child *c, wf_answer *answer)
{
    weft_future *future;
    const char *label = c->channel.call.label;
    const weft_task_spec spec = {.size = sizeof spec,
                                 .fn = run,
                                 .arg = c,
                                 .stop = c->stop[c->channel.number % WF_CALLS],
                                 .label = *label ? label : NULL};
    int err = weft_submit_task(c->executor, &spec, &future);
    answer->status = err;
    if (err)
        return;
    answer->status = weft_future_get(future, &err);
    if (!answer->status)
        answer->status = err;
    const char *said = wf_task_said(future);
    if (said)
        memcpy(answer->said, said, sizeof answer->said);
    weft_future_release(future);
}

/* ---- its life ------------------------------------------------------------------------------------ */

static int make(child *c)
{
    int err = 0;
    for (unsigned i = 0; i < WF_CALLS && !err; i++)
        err = wf_stop_on_word(&c->stop[i], wf_channel_stop_word(&c->channel, i));
    if (err)
        return err;
    return weft_executor_create(&c->executor,
                                WEFT_EXECUTOR_CONFIG(.name = "calls", .engine = WEFT_ENGINE_SERIAL));
}

/* For a while the next call is looked for, not slept for: to be woken may take ten times as long as a call. Others go first. */
static void look_out(const wf_channel *channel)
{
    int64_t ns = wf_channel_origins(channel)->spin_ns, since = wf_now_ns();
    while (!wf_channel_asked(channel) && wf_now_ns() - since < ns)
        wf_thread_yield();
}

static void serve(child *c)
{
    int err = make(c);
    for (;;) {
        wf_answer answer = {.status = err};
        look_out(&c->channel);
        wf_channel_next(&c->channel);
        wf_views_next_call();
        if (c->channel.call.kind == WF_CALL_END)
            break;
        if (!err)
            run_task(c, &answer);
        wf_channel_answer(&c->channel, &answer);
    }
    (void)weft_executor_destroy(c->executor);
    for (unsigned i = 0; i < WF_CALLS; i++)
        weft_stop_release(c->stop[i]);
}

/* The rest of the program's constructors. */
static void construct(weft_constructor_ *self, weft_constructor_ *const *first,
                      weft_constructor_ *const *last, int argc, char **argv, char **environment)
{
    while (first != last && *first != self)
        first++;
    while (first != last && ++first != last)
        (*first)(argc, argv, environment);
}

void weft_process_begins_(weft_constructor_ *self, weft_constructor_ *const *first,
                          weft_constructor_ *const *last, int argc, char **argv, char **environment)
{
    static child c;
    if (wf_load_relaxed(&possible) || !wf_image_is_program((wf_image_fn *)self)) /* hint: before main */
        return;
    /* Privileged: its environment is whoever's called it, so that a worker could not believe it, and would run main. */
    if (getauxval(AT_SECURE))
        return;
    wf_store_relaxed(&possible, 1u); /* hint */
    if (!getenv(WF_CHILD_NAME) || !wf_channel_attach(&c.channel, WF_SPAWN_FD))
        return;
    wf_process_follow(wf_channel_origins(&c.channel)->parent);
    wf_views_attach(WF_SPAWN_BLOCKS_FD);
    (void)unsetenv(WF_CHILD_NAME);
    construct(self, first, last, argc, argv, environment);
    serve(&c);
    exit(0);
}
