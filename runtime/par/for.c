/* SPDX-License-Identifier: MIT */
/* par/for.c - see for.h. */
#include "par/for.h"

#include <errno.h>
#include <stdint.h>

#include "par/near.h"
#include "sched/loop.h"
#include "sched/pool.h"

int weft_parallel_for(weft_pool *pool, size_t begin, size_t end, weft_range_fn *body, void *ctx)
{
    wf_entry entry;
    if (!body || begin > end)
        return -EINVAL;
    int err = wf_pool_enter(pool, &entry);
    if (err)
        return err;
    if (begin < end && entry.self)
        wf_loop_run(entry.self, begin, end - begin, body, ctx);
    else if (begin < end)
        body(begin, end, ctx);
    wf_pool_leave(&entry);
    return 0;
}

/* Where it is inside another loop, or all places are on one node, nobody is asked. */
static void run_near(wf_worker *self, size_t begin, size_t items, weft_range_fn *body, void *ctx,
                     const char *memory, size_t item_bytes)
{
    wf_plan plan;
    bool asks = self->stretches && !self->loops_open;
    bool known = asks && wf_near_plan(self->pool, memory + begin * item_bytes, item_bytes, items, &plan);
    wf_loop_run_planned(self, begin, items, body, ctx, known ? &plan : NULL);
}

int weft_parallel_for_near(weft_pool *pool, size_t begin, size_t end, weft_range_fn *body, void *ctx,
                           const void *memory, size_t item_bytes)
{
    wf_entry entry;
    if (!body || begin > end || !memory || !item_bytes)
        return -EINVAL;
    if (end > (UINTPTR_MAX - (uintptr_t)memory) / item_bytes)
        return -EOVERFLOW;
    int err = wf_pool_enter(pool, &entry);
    if (err)
        return err;
    if (begin < end && entry.self)
        run_near(entry.self, begin, end - begin, body, ctx, memory, item_bytes);
    else if (begin < end)
        body(begin, end, ctx);
    wf_pool_leave(&entry);
    return 0;
}
