/* SPDX-License-Identifier: MIT */
/*
 * model/model_then.c - exec/then.c and exec/held.c: what follows a task, inline or through the pool, is attached, waited
 * for, cancelled or let go of while the task ends. Results are plain. Tasks are run by a thread that takes them from the
 * pool's inbox, as a worker does, until the other one is done.
 */
#include "pool.h"

#include <errno.h>

#include <weft/combine.h>
#include <weft/future.h>

#include "base/atomic.h"
#include "sched/pool.h"

static weft_pool *pool;
static weft_future *before, *after;
static int result[2], runs, cancelled, done;

static int answers(void *unused)
{
    (void)unused;
    result[0] = 42;
    return 7;
}
static int follows(weft_future *first, void *arg)
{
    mc_assert(weft_future_status(first) == 7 && result[0] == 42);
    runs++;
    *(int *)arg = 43;
    return 8;
}

static void setup(void)
{
    pool = model_pool(1, 1);
    pool->take_over = false;
    mc_assert(!weft_submit(&pool->executor, answers, NULL, &before));
    result[0] = result[1] = runs = cancelled = done = 0;
    mc_name(before, sizeof *before, "before");
}
static void attach(weft_executor *to)
{
    mc_assert(!weft_future_then(before, to, follows, &result[1], &after));
    weft_future_release(before);
    mc_name(after, sizeof *after, "after");
}
static void attached_inline(void)
{
    setup();
    attach(WEFT_INLINE);
}
static void attached(void)
{
    setup();
    attach(&pool->executor);
}
static void may_take_over(void)
{
    attached();
    pool->take_over = true;
}
static void inline_may_take_over(void)
{
    attached_inline();
    pool->take_over = true;
}

static void worker(void)
{
    wf_worker *self = model_be(pool, 0);
    for (;;) {
        bool last = wf_load_acquire(&done);
        wf_task *task = wf_tasks_next(self);
        if (task)
            (void)wf_tasks_run(self, task);
        else if (last)
            return;
        else
            mc_pause();
    }
}
static void ends(void)
{
    wf_store_release(&done, 1);
}
static void gets(void)
{
    int status;
    mc_assert(!weft_future_get(after, &status) && status == 8 && result[1] == 43);
    weft_future_release(after);
    ends();
}
static void attaches_inline(void)
{
    attach(WEFT_INLINE);
    gets();
}
static void attaches(void)
{
    attach(&pool->executor);
    gets();
}
static void cancels(void)
{
    int err = weft_future_cancel(after);
    mc_assert(!err || err == -EBUSY || (err == -EALREADY && result[1] == 43));
    cancelled = !err;
    weft_future_release(after);
    ends();
}
static void releases(void)
{
    weft_future_release(after);
    ends();
}

static void ran(void)
{
    mc_assert(runs == 1 && result[1] == 43);
}
static void ran_unless_cancelled(void)
{
    mc_assert(runs == !cancelled);
}

#define WITH(of, act) .setup = of, .thread = {worker, act}, .bound = 2, .stale = 2, MODEL_POOL

static const mc_scenario scenarios[] = {
    {.name = "attach_inline", WITH(setup, attaches_inline), .check = ran},
    {.name = "attach", WITH(setup, attaches), .check = ran},
    {.name = "take_over_inline", WITH(inline_may_take_over, gets), .check = ran},
    {.name = "take_over", WITH(may_take_over, gets), .check = ran},
    {.name = "cancel_inline", WITH(attached_inline, cancels), .check = ran_unless_cancelled},
    {.name = "cancel", WITH(attached, cancels), .check = ran_unless_cancelled},
    {.name = "release_inline", WITH(attached_inline, releases), .check = ran},
    {.name = "release", WITH(attached, releases), .check = ran},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
