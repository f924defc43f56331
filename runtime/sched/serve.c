/* SPDX-License-Identifier: MIT */
/* sched/serve.c - see serve.h. */
#include "sched/serve.h"

#include <stdio.h>

#include "os/thread.h"
#include "os/urcu.h"
#include "sched/seat.h"
#include "sched/sleep.h"
#include "sched/spare.h"
#include "sched/tasks.h"

static void run_tasks(wf_worker *self)
{
    wf_task *task;
    while (wf_spare_has_place(self->pool) && (task = wf_tasks_take_any(self->pool)) != NULL) {
        if (wf_tasks_visible(self->pool))
            wf_notify_task(self->pool, self); /* one more, if there is a place for it */
        wf_tasks_run_one(self, task);
    }
}

static void serve(wf_worker *self)
{
    weft_pool *pool = self->pool;
    wf_visit visit;
    bool sits = wf_seat_enter_own(self, &visit);
    wf_spare_seated(pool);
    if (sits) {
        run_tasks(self);
        wf_seat_leave(&visit);
    }
    wf_spare_back(pool);
    wf_spare_rests(pool);
    if (sits && wf_tasks_visible(pool) && wf_place_vacant(pool)) {
        wf_thread_yield(); /* one that is half-way in is waited for: it could not be taken */
        wf_spare_call(pool);
    }
}

void wf_serve(wf_worker *self)
{
    do
        serve(self);
    while (wf_spare_wait(self->pool));
}

void *wf_serve_main(void *arg)
{
    wf_worker *self = arg;
    weft_pool *pool = self->pool;
    char name[24];
    wf_thread_stack_is(pool->stack_bytes);
    snprintf(name, sizeof name, "%s-%u", pool->name, self->index);
    wf_thread_name(name);
    wf_thread_exact();
    if (pool->grace)
        wf_grace_register();
    wf_serve(self);
    if (pool->grace)
        wf_grace_unregister();
    return NULL;
}
