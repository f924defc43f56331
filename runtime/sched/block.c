/* SPDX-License-Identifier: MIT */
/* sched/block.c - see block.h. */
#include "sched/block.h"

#include <errno.h>

#include "sched/arm.h"
#include "sched/home.h"
#include "sched/note.h"
#include "sched/places.h"
#include "sched/presence.h"
#include "sched/self.h"
#include "sched/spare.h"
#include "sched/tasks.h"
#include "sched/visible.h"

static bool tasks_wait(const weft_pool *pool)
{
    return wf_place_vacant(pool, wf_census_read(pool), WF_TAKES_TASKS) && wf_tasks_visible(pool);
}

static bool children_wait(const weft_pool *pool)
{
    return wf_place_vacant(pool, wf_census_read(pool), WF_TAKES_ALL) && wf_visible(pool, NULL);
}

/* For what idle workers do not come for. */
static void call_for_others(weft_pool *pool)
{
    if (wf_inbox_visible(&pool->blocking))
        wf_tasks_call_for_blocking(pool);
    (void)wf_home_see_to(pool);
}

void wf_hand_over(weft_pool *pool)
{
    call_for_others(pool);
    if (tasks_wait(pool) || children_wait(pool))
        wf_spare_call(pool, 1);
}

void wf_hand_over_tasks(weft_pool *pool)
{
    call_for_others(pool);
    if (tasks_wait(pool))
        wf_spare_call(pool, 1);
    else if (wf_nobody_idle(pool))
        wf_arm(pool);
}

static __thread void (*about_to_block)(void);

void wf_block_calls(void (*run)(void))
{
    about_to_block = run;
}

static void say(void)
{
    if (about_to_block)
        about_to_block();
}

static void begin(wf_worker *self, enum wf_wait why, const void *what)
{
    if (wf_stack_publish_all(&self->stack))
        wf_count(&self->counters.publications);
    wf_block_begin(self, why, what);
    wf_hand_over(self->pool);
}

void wf_block_while(uint32_t *word, uint32_t seen, int64_t deadline_ns, const void *what)
{
    wf_worker *self = wf_self();
    say();
    if (self)
        begin(self, WF_FOR_FOREIGN, what);
    wf_futex_wait_until(word, seen, deadline_ns);
    if (self)
        wf_block_end(self);
}

static bool wait_for(wf_task *task, bool held, int64_t deadline_ns)
{
    return held ? wf_task_wait_held(task, deadline_ns) : wf_task_wait(task, deadline_ns);
}

bool wf_block_for(wf_task *task, bool held, int64_t deadline_ns)
{
    wf_worker *self = wf_self();
    say();
    if (!self)
        return wait_for(task, held, deadline_ns);
    begin(self, self->pool == task->pool ? WF_FOR_FUTURE : WF_FOR_FOREIGN, task);
    bool ended = wait_for(task, held, deadline_ns);
    wf_block_end(self);
    return ended;
}

/* ---- sections ------------------------------------------------------------------------------------- */

void wf_section_begin(wf_worker *self)
{
    say();
    self->sections++;
    begin(self, WF_FOR_SECTION, NULL);
}

void wf_section_end(wf_worker *self)
{
    self->sections--;
    wf_block_end(self);
}

static wf_worker *section_begin(void)
{
    wf_worker *self = wf_self();
    if (self)
        wf_section_begin(self);
    else
        say();
    return self;
}

int weft_block_begin(void)
{
    (void)section_begin();
    return 0;
}

int weft_block_end(void)
{
    wf_worker *self = wf_self();
    if (self && !self->sections)
        return -EINVAL;
    if (self)
        wf_section_end(self);
    return 0;
}

int weft_blocking(void (*fn)(void *arg), void *arg)
{
    if (!fn)
        return -EINVAL;
    wf_worker *self = section_begin();
    fn(arg);
    if (self)
        wf_section_end(self);
    return 0;
}
