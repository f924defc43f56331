/* SPDX-License-Identifier: MIT */
/*
 * proc/batch.h - how items lie in a call of WF_CALL_ITEMS, for both sides.
 *
 *   argument   head, then a status for each item, then the items   result   what they became
 * An array that lies in a block (proc/blocks.h) is used there, and not in the call.
 */
#ifndef WF_PROC_BATCH_H
#define WF_PROC_BATCH_H

#include <stddef.h>
#include <stdint.h>

#define WEFT_PROCESS_LIBRARY_
#include <weft/process.h>

/* What the items are given, or give. */
typedef struct wf_batch_array {
    uint32_t there, in_block; /* there 0: their functions get NULL */
    uint64_t size;            /* of an item */
    weft_shared_ref ref;      /* in_block: of the first one */
} wf_batch_array;

typedef struct wf_batch {
    uint64_t count;
    uint64_t ended; /* the worker's, as status: items that have */
    uint32_t in_first, fail_fast;
    wf_batch_array in, out;
    int status[];
} wf_batch;

static inline size_t wf_batch_in_at(size_t count)
{
    return (sizeof(wf_batch) + count * sizeof(int) + 15) & ~(size_t)15;
}

/* Its bytes in the call, of each item. */
static inline size_t wf_batch_copied(const wf_batch_array *array)
{
    return array->in_block ? 0 : (size_t)array->size;
}

#endif
