/* SPDX-License-Identifier: MIT */
/* sched/scratch.c - see scratch.h. */
#include "sched/scratch.h"

#include "base/atomic.h"
#include "os/memory.h"

/* Before the memory itself, in a line of its own. */
typedef struct wf_scratch {
    struct wf_scratch *below;
    size_t bytes; /* with this head */
} head;

static void drop(head *block)
{
    wf_unreserve(block, block->bytes);
}

static head *pop(wf_worker *self)
{
    head *block = self->scratch;
    if (block)
        self->scratch = block->below;
    return block;
}

void *wf_scratch_take(wf_worker *self, size_t bytes)
{
    if (bytes > PTRDIFF_MAX - WF_SCRATCH_MIN)
        return NULL;
    bytes = bytes + WF_LINE < WF_SCRATCH_MIN ? WF_SCRATCH_MIN : bytes + WF_LINE;
    head *block = pop(self);
    if (block && block->bytes < bytes) {
        drop(block);
        block = NULL;
    }
    if (!block) {
        block = wf_reserve(bytes);
        if (!block)
            return NULL;
        block->bytes = bytes;
    }
    return (char *)block + WF_LINE;
}

void wf_scratch_put(wf_worker *self, void *memory)
{
    if (!memory)
        return;
    head *block = (head *)(void *)((char *)memory - WF_LINE);
    if (block->bytes > WF_SCRATCH_KEPT) {
        drop(block);
        return;
    }
    block->below = self->scratch;
    self->scratch = block;
}

void wf_scratch_fini(wf_worker *worker)
{
    for (head *block; (block = pop(worker)) != NULL;)
        drop(block);
}
