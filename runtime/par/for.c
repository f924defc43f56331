/* SPDX-License-Identifier: MIT */
/* par/for.c - see for.h. */
#include "par/for.h"

#include <errno.h>

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
