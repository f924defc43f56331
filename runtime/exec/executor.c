/* SPDX-License-Identifier: MIT */
/* exec/executor.c - see executor.h. */
#include "exec/executor.h"

#include <errno.h>

#include "sched/pool.h"
#include "sched/self.h"
#include "sched/tasks.h"

int weft_pool_executor(weft_pool *pool, weft_executor **executor)
{
    if (!executor)
        return -EINVAL;
    *executor = NULL;
    int err = wf_pool_meant(pool, &pool);
    if (!err)
        *executor = &pool->executor;
    return err;
}

int weft_submit(weft_executor *executor, weft_task_fn *fn, void *arg, weft_future **future)
{
    weft_pool *pool;
    if (future)
        *future = NULL;
    if (!fn)
        return -EINVAL;
    int err = wf_pool_meant(executor ? executor->pool : NULL, &pool);
    if (err)
        return err;
    wf_worker *self = wf_self();
    if (self && self->pool != pool)
        self = NULL;
    wf_task *task = wf_tasks_new(pool, self);
    if (!task)
        return -ENOMEM;
    wf_task_init(task, fn, arg, future ? 2 : 1);
    if (future)
        *future = task;
    wf_tasks_submit(pool, self, task);
    return 0;
}
