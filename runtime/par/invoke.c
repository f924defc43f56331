/* SPDX-License-Identifier: MIT */
/* par/invoke.c - see invoke.h. */
#include "par/invoke.h"

#include <errno.h>
#include <stdint.h>

static void run_calls(size_t begin, size_t end, void *ctx)
{
    const weft_call *calls = ctx;
    for (size_t i = begin; i < end; i++)
        calls[i].fn(calls[i].arg);
}

static int check(const weft_call *calls, size_t n)
{
    if (n > PTRDIFF_MAX / sizeof *calls)
        return -EOVERFLOW;
    if (n && !calls)
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        if (!calls[i].fn)
            return -EINVAL;
    return 0;
}

int weft_parallel_invoke(weft_pool *pool, const weft_call *calls, size_t n)
{
    int err = check(calls, n);
    return err ? err : weft_parallel_for(pool, 0, n, run_calls, (void *)(uintptr_t)calls);
}
