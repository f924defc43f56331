/* SPDX-License-Identifier: MIT */
/* proc/items.c - see items.h. */
#include "proc/items.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "base/tunables.h"
#include "proc/batch.h"
#include "proc/blocks.h"
#include "proc/names.h"

/* Some items that are one call. */
typedef struct load {
    wf_errand errand;
    wf_items *items;
    wf_batch_array in, out; /* of all items */
    size_t first, count, ended;
} load;

static wf_batch_array array_of(const wf_items *items, const void *array, bool there, size_t size)
{
    wf_batch_array a = {.there = there, .size = size};
    a.in_block = array && size && wf_blocks_name(array, items->count * size, &a.ref);
    return a;
}

/* None of them yet. */
static load load_of(const wf_items *items)
{
    return (load){.in = array_of(items, items->in_array, items->has_in, items->in_size),
                  .out = array_of(items, items->out_array, items->has_out, items->out_size)};
}

static size_t arg_bytes(const load *l, size_t count)
{
    return wf_batch_in_at(count) + count * wf_batch_copied(&l->in);
}

static bool fits(const wf_staff *staff, const load *l, size_t count)
{
    return wf_channel_result_at(arg_bytes(l, count)) + count * wf_batch_copied(&l->out) <=
           staff->config.message_bytes;
}

static size_t count_of(const wf_staff *staff, const load *l, size_t left)
{
    size_t count = left < WF_FAR_ITEMS ? left : WF_FAR_ITEMS;
    size_t bytes = wf_batch_copied(&l->in) + wf_batch_copied(&l->out);
    if (staff->config.time_limit_ns)
        return 1;
    while (count > 1 && (!fits(staff, l, count) || count * bytes > WF_FAR_ITEMS_BYTES))
        count /= 2;
    return count;
}

int wf_items_check(const wf_staff *staff, const wf_items *items)
{
    wf_image_name name;
    const load l = load_of(items);
    size_t most = staff->config.message_bytes;
    if (wf_batch_copied(&l.in) > most || wf_batch_copied(&l.out) > most || !fits(staff, &l, 1))
        return -EMSGSIZE;
    return wf_name_of(items->fn, &name);
}

/* ---- one call ------------------------------------------------------------------------------------ */

static wf_batch_array from(wf_batch_array array, size_t first)
{
    array.ref.offset_ += first * array.size;
    return array;
}

/* wf_errand.write */
static void write_items(const wf_errand *errand, void *arg)
{
    const load *l = (const load *)(const void *)errand;
    const wf_items *items = l->items;
    wf_batch *batch = arg;
    char *in = (char *)arg + wf_batch_in_at(l->count);
    size_t bytes = wf_batch_copied(&l->in);
    *batch = (wf_batch){.count = l->count,
                        .in_first = items->in_first,
                        .fail_fast = items->fail_fast,
                        .in = from(l->in, l->first),
                        .out = from(l->out, l->first)};
    for (size_t i = 0; bytes && i < l->count; i++)
        memcpy(in + i * bytes, items->in(items, l->first + i), bytes);
}

/* wf_errand.read: what the worker says of the items, of as many as there are at most. */
static void read_items(wf_errand *errand, const void *arg, const void *result)
{
    load *l = (load *)(void *)errand;
    const wf_batch *batch = arg;
    size_t bytes = wf_batch_copied(&l->out);
    const char *out = bytes ? result : NULL;
    uint64_t ended = wf_load_relaxed(&batch->ended); /* ordered by pair CH2, or by the end of the process */
    l->ended = ended < l->count ? (size_t)ended : l->count;
    for (size_t i = 0; i < l->ended; i++) {
        int status = wf_load_relaxed(&batch->status[i]); /* ordered by pair CH2, as above */
        l->items->ended(l->items, l->first + i, status, out ? out + i * bytes : NULL);
    }
}

static bool is_stopped(const wf_items *items)
{
    return items->stopped && items->stopped(items);
}

/* Why the item behind those that ended has not: 0: it was not come to, and is again if nothing is stopped. A worker that is asked
 * to stop before it begins does not. */
static int why(const load *l, bool came)
{
    bool begun = !l->errand.answered || l->ended || l->errand.answer.status != -ECANCELED;
    if (!begun && is_stopped(l->items))
        return 0;
    if (!came || l->errand.answer.status)
        return l->errand.answer.status;
    return l->ended || is_stopped(l->items) ? 0 : -EPROTO; /* the first one is always run */
}

/* How many items are done with: one at least, unless all are stopped. */
static size_t run(wf_staff *staff, load *l)
{
    wf_items *items = l->items;
    l->ended = 0;
    l->errand = (wf_errand){.call = {.kind = WF_CALL_ITEMS,
                                     .has_fn = 1,
                                     .arg_bytes = arg_bytes(l, l->count),
                                     .result_bytes = l->count * wf_batch_copied(&l->out)},
                            .write = write_items,
                            .read = read_items,
                            .budget_ns = staff->config.time_limit_ns};
    snprintf(l->errand.call.label, sizeof l->errand.call.label, "%s", items->in_first ? "stream" : "map");
    int status = wf_name_of(items->fn, &l->errand.call.fn);
    if (!status) {
        bool came = wf_errand_run(staff, &l->errand);
        status = l->ended < l->count ? why(l, came) : 0;
    }
    if (status)
        items->ended(items, l->first + l->ended++, status, NULL);
    return l->ended;
}

size_t wf_items_run(wf_staff *staff, wf_items *items, size_t begin, size_t end)
{
    load l = load_of(items);
    l.items = items;
    while (begin < end && !is_stopped(items)) {
        l.first = begin;
        l.count = count_of(staff, &l, end - begin);
        begin += run(staff, &l);
    }
    return begin;
}
