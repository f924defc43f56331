/* SPDX-License-Identifier: MIT */
/* proc/items.c - see items.h. */
#include "proc/items.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "base/tunables.h"
#include "exec/packed.h"
#include "os/memory.h"
#include "proc/batch.h"
#include "proc/blocks.h"
#include "proc/names.h"

/* Some items that are one call. */
typedef struct load {
    wf_errand errand;
    wf_items *items;
    wf_batch_array in, out; /* of all items */
    wf_batch_hooks hooks;
    int err;           /* why those have no names */
    size_t half, most; /* of the message; bytes of one packed value; 0: none are packed */
    size_t first, count, ended;
    int refused; /* count 0: what the first one's status is for that */
} load;

/* ---- what they are ------------------------------------------------------------------------------- */

/* What is called in the worker. */
static int name_hooks(wf_batch_array *a, wf_image_fn *hook, wf_image_fn *drop, wf_image_name *names)
{
    int err = wf_name_of(hook, &names[0]);
    a->way = WF_ITEMS_PACKED;
    a->drops = drop != NULL;
    return err || !drop ? err : wf_name_of(drop, &names[1]);
}

static int name_all_hooks(const wf_items *items, load *l)
{
    const weft_codec *in = items->in_codec, *out = items->out_codec;
    int err = 0;
    if (in)
        err = name_hooks(&l->in, (wf_image_fn *)in->unpack, (wf_image_fn *)in->drop, l->hooks.in);
    if (out && !err)
        err = name_hooks(&l->out, (wf_image_fn *)out->pack, (wf_image_fn *)out->drop, l->hooks.out);
    return err;
}

static wf_batch_array array_of(const wf_items *items, const void *array, bool there, size_t size)
{
    wf_batch_array a = {.way = there ? WF_ITEMS_BYTES : WF_ITEMS_NONE, .size = size};
    if (array && size && wf_blocks_name(array, items->count * size, &a.ref))
        a.way = WF_ITEMS_PLACE;
    return a;
}

/* None of them yet. */
static load load_of(const wf_staff *staff, wf_items *items)
{
    load l = {.items = items,
              .in = array_of(items, items->in_array, items->has_in, items->in_size),
              .out = array_of(items, items->out_array, items->has_out, items->out_size)};
    l.err = name_all_hooks(items, &l);
    if (items->in_codec || items->out_codec) {
        l.half = staff->config.message_bytes / 2 & ~(size_t)63;
        l.most = l.half / 2 > WF_PACKED_HEAD ? l.half / 2 - WF_PACKED_HEAD : 0;
    }
    return l;
}

static size_t arg_bytes(const load *l, size_t count)
{
    return wf_batch_in_at(count, l->half) + count * wf_batch_copied(&l->in);
}

/* Packed inputs have the rest of their half, which has room for any of them. */
static bool fits(const wf_staff *staff, const load *l, size_t count)
{
    size_t arg = arg_bytes(l, count), result = count * wf_batch_copied(&l->out);
    if (l->half)
        return arg <= (l->in.way == WF_ITEMS_PACKED ? l->half / 2 : l->half) && result <= l->half;
    return wf_channel_result_at(arg) + result <= staff->config.message_bytes;
}

static size_t count_of(const wf_staff *staff, const load *l, size_t left)
{
    size_t count = left < WF_FAR_ITEMS ? left : WF_FAR_ITEMS;
    size_t bytes = wf_batch_copied(&l->in) + wf_batch_copied(&l->out);
    if (staff->config.time_limit_ns)
        return 1;
    while (count > 1 && (!fits(staff, l, count) || count * bytes > WF_FAR_ITEMS_BYTES ||
                         (!l->half && arg_bytes(l, count) + count * bytes > staff->config.message_bytes / 2)))
        count /= 2;
    return count;
}

int wf_items_check(const wf_staff *staff, const wf_items *items)
{
    wf_image_name name;
    const load l = load_of(staff, (wf_items *)(uintptr_t)items);
    size_t most = staff->config.message_bytes;
    if (wf_batch_copied(&l.in) > most || wf_batch_copied(&l.out) > most || !fits(staff, &l, 1))
        return -EMSGSIZE;
    return l.err ? l.err : wf_name_of(items->fn, &name);
}

/* ---- one call ------------------------------------------------------------------------------------ */

static wf_batch_array from(wf_batch_array array, size_t first)
{
    array.ref.offset_ += first * array.size;
    return array;
}

static void copy_items(const load *l, char *to)
{
    const wf_items *items = l->items;
    size_t bytes = wf_batch_copied(&l->in);
    for (size_t i = 0; bytes && i < l->count; i++)
        memcpy(to + i * bytes, items->in(items, l->first + i), bytes);
}

/* As many as there is room for; the bytes that they take. */
static size_t pack_items(load *l, void *to, size_t room)
{
    const wf_items *items = l->items;
    wf_packed packed = {.at = to, .room = room};
    size_t count = 0;
    int err = 0;
    while (count < l->count && packed.used < WF_FAR_ITEMS_BYTES &&
           !(err = wf_packed_put(&packed, items->in_codec, items->in(items, l->first + count), l->most)))
        count++;
    l->count = count;
    l->refused = err;
    return packed.used;
}

/* wf_errand.write */
static void write_items(wf_errand *errand, void *arg)
{
    load *l = (load *)(void *)errand;
    wf_batch *batch = arg;
    size_t in_at = wf_batch_in_at(l->count, l->half);
    char *in = (char *)arg + in_at;
    if (l->half)
        memcpy(in - sizeof l->hooks, &l->hooks, sizeof l->hooks);
    if (l->in.way == WF_ITEMS_PACKED)
        errand->call.arg_bytes = in_at + pack_items(l, in, l->half - in_at);
    else
        copy_items(l, in);
    *batch = (wf_batch){.count = l->count,
                        .in_at = in_at,
                        .in_bytes = errand->call.arg_bytes - in_at,
                        .result_bytes = errand->call.result_bytes,
                        .most = l->most,
                        .form = (uint32_t)l->items->form,
                        .fail_fast = l->items->fail_fast,
                        .in = from(l->in, l->first),
                        .out = from(l->out, l->first)};
}

/* What the worker has left there, or what that left behind, may change: the hook gets bytes that do not. */
static int unpack_result(const wf_items *items, wf_packed *results, size_t i)
{
    size_t bytes;
    const void *there = wf_packed_next(results, &bytes);
    if (!there)
        return -EPROTO;
    void *own = wf_alloc(bytes ? bytes : 1);
    if (!own)
        return -ENOMEM;
    memcpy(own, there, bytes);
    int status = items->out_codec->unpack(items->out(items, i), own, bytes);
    wf_free(own);
    return status;
}

/* wf_errand.read: what the worker says of the items, of as many as there are at most. */
static size_t read_items(wf_errand *errand, const void *arg, const void *result)
{
    load *l = (load *)(void *)errand;
    const wf_batch *batch = arg;
    size_t bytes = wf_batch_copied(&l->out);
    const char *out = bytes ? result : NULL;
    wf_packed results = {.at = (unsigned char *)(uintptr_t)result, .room = (size_t)errand->call.result_bytes};
    uint64_t ended = wf_load_relaxed(&batch->ended); /* ordered by pair CH2, or by the end of the process */
    l->ended = ended < l->count ? (size_t)ended : l->count;
    for (size_t i = 0; i < l->ended; i++) {
        int status = wf_load_relaxed(&batch->status[i]); /* ordered by pair CH2, as above */
        if (!status && l->out.way == WF_ITEMS_PACKED)
            status = unpack_result(l->items, &results, l->first + i);
        l->items->ended(l->items, l->first + i, status, out ? out + i * bytes : NULL);
    }
    return l->out.way == WF_ITEMS_PACKED ? results.used : (size_t)errand->call.result_bytes;
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

/* Room for packed results is touched where they come to lie. */
static size_t result_bytes(const load *l)
{
    return l->out.way == WF_ITEMS_PACKED ? l->half : l->count * wf_batch_copied(&l->out);
}

/* Its call, for so many items from there on. */
static void prepare(const wf_staff *staff, load *l, size_t first, size_t count)
{
    l->first = first;
    l->count = count;
    l->ended = 0;
    l->errand = (wf_errand){.call = {.kind = WF_CALL_ITEMS,
                                     .has_fn = 1,
                                     .arg_bytes = arg_bytes(l, l->count),
                                     .result_bytes = result_bytes(l)},
                            .room = l->half ? staff->config.message_bytes : 0,
                            .write = write_items,
                            .read = read_items,
                            .budget_ns = staff->config.time_limit_ns};
    snprintf(l->errand.call.label, sizeof l->errand.call.label, "%s", l->items->label);
    l->refused = l->err ? l->err : wf_name_of(l->items->fn, &l->errand.call.fn);
}

/* Where the items behind those begin that are done with: one at least, unless all are stopped. */
static size_t run(wf_staff *staff, load *l)
{
    int status = l->refused;
    if (!status) {
        bool came = wf_errand_run(staff, &l->errand);
        status = !l->count ? l->refused : l->ended < l->count ? why(l, came) : 0;
    }
    if (status)
        l->items->ended(l->items, l->first + l->ended++, status, NULL);
    return l->first + l->ended;
}

static void prepare_next(const wf_staff *staff, load *l, size_t begin, size_t end)
{
    prepare(staff, l, begin, count_of(staff, l, end - begin));
}

static size_t run_all(wf_staff *staff, load *l, size_t begin, size_t end)
{
    while (begin < end && !is_stopped(l->items)) {
        prepare_next(staff, l, begin, end);
        begin = run(staff, l);
    }
    return begin;
}

/* Items that were left between those that are done with. */
static void run_gap(wf_staff *staff, load *l, size_t begin, size_t end)
{
    for (begin = run_all(staff, l, begin, end); begin < end; begin++)
        l->items->skipped(l->items, begin);
}

/* They go to the process, perhaps while that has others to run; packed ones need all the room. */
static bool send_ahead(wf_staff *staff, load *l)
{
    return !l->refused && !l->half && wf_errand_ahead(staff, &l->errand);
}

static bool send_next(wf_staff *staff, load *l, size_t begin, size_t end)
{
    if (begin == end || is_stopped(l->items))
        return false;
    prepare_next(staff, l, begin, end);
    return send_ahead(staff, l);
}

/* With another call behind it, which was sent: is that to be waited for now? A process that died in this one has not begun it. */
static bool is_under_way(wf_staff *staff, const load *l, bool all, load *next)
{
    if (!l->errand.answered)
        next->errand.ahead = false;
    else if (!all || is_stopped(l->items))
        (void)wf_errand_back(staff, &next->errand);
    return next->errand.ahead;
}

/* One call is under way ahead of the one that is waited for. */
size_t wf_items_run(wf_staff *staff, wf_items *items, size_t begin, size_t end)
{
    load a = load_of(staff, items), b = load_of(staff, items), *now = &a, *next = &b;
    while (now->errand.ahead || (begin < end && !is_stopped(items))) {
        if (!now->errand.ahead)
            prepare_next(staff, now, begin, end);
        bool sent = now->errand.ahead || send_ahead(staff, now);
        size_t to = now->first + now->count;
        bool more = sent && send_next(staff, next, to, end);
        begin = run(staff, now);
        more = more && is_under_way(staff, now, begin == to, next);
        if (more && begin < to) {
            size_t behind = run(staff, next);
            run_gap(staff, now, begin, to);
            begin = behind;
        }
        load *done = now;
        now = next;
        next = done;
    }
    return begin;
}

/* ---- a task -------------------------------------------------------------------------------------- */

typedef struct lone {
    wf_items items;
    const void *arg;
    void *result;
    int status;
} lone;

static const void *arg_of(const wf_items *items, size_t i)
{
    (void)i;
    return ((const lone *)(const void *)items)->arg;
}

static void *result_of(const wf_items *items, size_t i)
{
    (void)i;
    return ((const lone *)(const void *)items)->result;
}

static void task_ended(wf_items *items, size_t i, int status, const void *result)
{
    lone *t = (lone *)(void *)items;
    (void)i;
    t->status = status;
    if (result)
        memcpy(t->result, result, items->out_size);
    else if (status && items->out_size)
        memset(t->result, 0, items->out_size);
}

static wf_items items_of(const weft_task_spec *spec)
{
    return (wf_items){.fn = (void (*)(void))spec->fn2,
                      .form = WF_ITEMS_OF_TASK,
                      .label = spec->label ? spec->label : "",
                      .has_in = spec->arg_bytes,
                      .has_out = spec->result_bytes,
                      .in_size = spec->arg_bytes,
                      .out_size = spec->result_bytes,
                      .in_codec = spec->arg_codec,
                      .out_codec = spec->result_codec,
                      .in = arg_of,
                      .out = result_of,
                      .ended = task_ended};
}

int wf_items_check_task(const wf_staff *staff, const weft_task_spec *spec)
{
    const wf_items items = items_of(spec);
    return wf_items_check(staff, &items);
}

void wf_items_run_task(wf_staff *staff, const weft_task_spec *spec, const void *arg, void *result,
                       wf_answer *answer)
{
    lone t = {.items = items_of(spec), .arg = arg, .result = result};
    load l = load_of(staff, &t.items);
    prepare(staff, &l, 0, 1);
    (void)run(staff, &l);
    *answer = l.errand.answer;
    answer->status = t.status;
}
