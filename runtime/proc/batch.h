/* SPDX-License-Identifier: MIT */
/*
 * proc/batch.h - how items lie in a call of WF_CALL_ITEMS, for both sides; and what a worker does with them.
 *
 *   argument   head, then a status for each item, then the items   result   what they became
 * Items lie there one behind the other as they are (WF_ITEMS_BYTES), or as values of any length that hooks made of them
 * (WF_ITEMS_PACKED, exec/packed.h: of results, those with status 0). An array that lies in a block (WF_ITEMS_PLACE,
 * proc/blocks.h) is used there, and not in the call.
 */
#ifndef WF_PROC_BATCH_H
#define WF_PROC_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEFT_PROCESS_LIBRARY_
#include <weft/process.h>

#include "exec/far.h"
#include "proc/image.h"

/* How the items are there. NONE: their function gets NULL. */
enum wf_batch_way { WF_ITEMS_NONE, WF_ITEMS_BYTES, WF_ITEMS_PLACE, WF_ITEMS_PACKED };

/* What the items are given, or give. */
typedef struct wf_batch_array {
    uint32_t way;        /* enum wf_batch_way */
    uint32_t drops;      /* PACKED: there is a drop */
    uint64_t size;       /* of an item */
    weft_shared_ref ref; /* PLACE: of the first one */
} wf_batch_array;

/* Of PACKED items, what is called in the worker: unpack of inputs, pack of results, and each one's drop; in front of the items. */
typedef struct wf_batch_hooks {
    wf_image_name in[2], out[2];
} wf_batch_hooks;

typedef struct wf_batch {
    uint64_t count;
    uint64_t ended;                         /* the worker's, as status: items that have */
    uint64_t in_at, in_bytes, result_bytes; /* where inputs lie in the argument; room */
    uint64_t most;                          /* bytes of one packed value */
    uint32_t form, fail_fast;               /* enum wf_items_form */
    wf_batch_array in, out;
    int status[];
} wf_batch;

static inline size_t wf_batch_in_at(size_t count, bool hooks)
{
    return ((sizeof(wf_batch) + count * sizeof(int) + 15) & ~(size_t)15) +
           (hooks ? sizeof(wf_batch_hooks) : 0);
}

/* Its bytes in the call, of each item that lies there as it is. */
static inline size_t wf_batch_copied(const wf_batch_array *array)
{
    return array->way == WF_ITEMS_BYTES || array->way == WF_ITEMS_NONE ? (size_t)array->size : 0;
}

/* In a worker: one after the other; how many have ended is there at any time. 0, or why there is none; of a task, its status. */
int wf_batch_run(wf_batch *batch, void *result, wf_image_fn *fn);

#endif
