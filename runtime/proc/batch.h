/* SPDX-License-Identifier: MIT */
/*
 * proc/batch.h - how items lie in a call of WF_CALL_ITEMS, for both sides.
 *
 *   argument   head, then a status for each item, then the items   result   what they became
 */
#ifndef WF_PROC_BATCH_H
#define WF_PROC_BATCH_H

#include <stddef.h>
#include <stdint.h>

typedef struct wf_batch {
    uint64_t count, in_size, out_size;
    uint64_t ended; /* the worker's, as status: items that have */
    uint32_t in_first, fail_fast, has_in, has_out;
    int status[];
} wf_batch;

static inline size_t wf_batch_in_at(size_t count)
{
    return (sizeof(wf_batch) + count * sizeof(int) + 15) & ~(size_t)15;
}

#endif
