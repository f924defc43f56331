/* SPDX-License-Identifier: MIT */
/* sched/serve.c - see serve.h. */
#include "sched/serve.h"

#include <stdio.h>

#include "os/clock.h"
#include "os/thread.h"
#include "os/urcu.h"
#include "sched/binding.h"
#include "sched/block.h"
#include "sched/find.h"
#include "sched/places.h"
#include "sched/seat.h"
#include "sched/sleep.h"
#include "sched/spare.h"
#include "sched/tasks.h"

/* There is more where this was: one more, if there is a place for it. */
static void tell_others(wf_worker *self, const wf_work *work)
{
    if (work->more && work->task)
        wf_notify_task(self->pool, self);
    else if (work->more)
        wf_notify(self, WF_PLENTY);
}

/* A blocking task needs no place. */
static bool find(wf_worker *self, wf_work *found)
{
    weft_pool *pool = self->pool;
    if (wf_spare_has_place(pool, WF_TAKES_TASKS))
        return wf_find(self, wf_spare_has_place(pool, WF_TAKES_ALL), found);
    *found = (wf_work){.task = wf_tasks_take_blocking(pool)};
    return found->task;
}

static void work(wf_worker *self)
{
    const weft_pool *pool = self->pool;
    uint64_t since = wf_ticks();
    for (;;) {
        wf_work found;
        if (find(self, &found)) {
            tell_others(self, &found);
            (void)wf_work_run(self, &found);
            since = wf_ticks();
        } else if (!wf_spare_has_place(pool, WF_TAKES_TASKS) ||
                   wf_ticks() - since >= wf_load_relaxed(&pool->spin_ticks)) { /* hint */
            return;
        } else {
            wf_pause_in(pool);
        }
    }
}

static void serve(wf_worker *self)
{
    weft_pool *pool = self->pool;
    wf_visit visit;
    bool sits = wf_seat_enter_own(self, &visit);
    wf_spare_seated(pool);
    if (sits) {
        work(self);
        wf_seat_leave(&visit);
    }
    wf_spare_back(pool);
    wf_spare_rests(self);
    if (wf_tasks_visible(pool))
        wf_thread_yield(); /* one that is half-way in could not be taken */
    if (sits)
        wf_hand_over(pool);
}

void wf_serve(wf_worker *self)
{
    do
        serve(self);
    while (wf_spare_wait(self));
}

void *wf_serve_main(void *arg)
{
    wf_worker *self = arg;
    weft_pool *pool = self->pool;
    char name[24];
    wf_thread_stack_is(pool->stack_bytes);
    wf_binding_confine(pool);
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
