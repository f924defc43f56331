/* SPDX-License-Identifier: MIT */
/* sched/block.c - see block.h. */
#include "sched/block.h"

#include "sched/note.h"
#include "sched/self.h"
#include "sched/sleep.h"
#include "sched/tasks.h"

static void begin(wf_worker *self, enum wf_wait why, const void *what)
{
    if (wf_stack_publish_all(&self->stack))
        wf_count(&self->counters.publications);
    wf_block_begin(self, why, what);
    if (wf_tasks_visible(self->pool)) /* who put them before saw an active worker: the place is vacant now */
        wf_notify_task(self->pool, self);
}

void wf_block_while(uint32_t *word, uint32_t seen, int64_t deadline_ns, const void *what)
{
    wf_worker *self = wf_self();
    if (self)
        begin(self, WF_FOR_FOREIGN, what);
    wf_futex_wait_until(word, seen, deadline_ns);
    if (self)
        wf_block_end(self);
}

bool wf_block_for(wf_task *task, int64_t deadline_ns)
{
    wf_worker *self = wf_self();
    if (!self)
        return wf_task_wait(task, deadline_ns);
    begin(self, self->pool == task->pool ? WF_FOR_FUTURE : WF_FOR_FOREIGN, task);
    bool ended = wf_task_wait(task, deadline_ns);
    wf_block_end(self);
    return ended;
}
