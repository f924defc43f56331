/* SPDX-License-Identifier: MIT */
/* proc/batch.c - see batch.h. */
#include "proc/batch.h"

#include <errno.h>
#include <string.h>

#include "base/atomic.h"
#include "base/tunables.h"
#include "exec/packed.h"
#include "os/memory.h"
#include "proc/names.h"

/* The inputs, or the results, here. */
typedef struct side {
    char *items; /* NULL: none, or packed */
    size_t size;
    bool is_packed;
    wf_image_fn *hook; /* unpack or pack */
    void (*drop)(void *value);
    wf_packed packed;
    void *value; /* one item at a time */
} side;

typedef struct work {
    wf_batch *batch;
    wf_image_fn *fn;
    side in, out;
} work;

/* ---- where the items are ------------------------------------------------------------------------- */

static int find_place(const wf_batch_array *array, size_t count, side *s)
{
    void *place;
    int err = weft_shared_at(&array->ref, count * s->size, &place);
    s->items = place;
    return err ? weft_fail(err, "the block of an array is not in the worker process: %s", weft_strerror(err))
               : 0;
}

static int find_hooks(const wf_image_name *names, bool drops, side *s)
{
    s->hook = wf_name_find(&names[0]);
    s->drop = drops ? (void (*)(void *))wf_name_find(&names[1]) : NULL;
    if (!s->hook || (drops && !s->drop))
        return weft_fail(-ENOENT, "a hook of the items is not in the worker process");
    s->value = wf_alloc(s->size);
    return s->value ? 0 : -ENOMEM;
}

/* there, room: where they lie, or would, in the call. */
static int open_side(side *s, const wf_batch_array *array, size_t count, void *there, uint64_t room,
                     const wf_image_name *hooks)
{
    s->size = (size_t)array->size;
    s->is_packed = array->way == WF_ITEMS_PACKED;
    if (array->way == WF_ITEMS_PLACE)
        return find_place(array, count, s);
    if (array->way == WF_ITEMS_BYTES)
        s->items = there;
    s->packed = (wf_packed){.at = there, .room = (size_t)room};
    return s->is_packed ? find_hooks(hooks, array->drops, s) : 0;
}

static void *item_of(const side *s, size_t i)
{
    return s->is_packed ? s->value : s->items ? s->items + i * s->size : NULL;
}

/* ---- one item ------------------------------------------------------------------------------------ */

static void *begin_value(side *s)
{
    return memset(s->value, 0, s->size);
}

static void drop_value(const side *s)
{
    if (s->drop)
        s->drop(s->value);
}

static int unpack(side *in)
{
    size_t bytes;
    const void *from = wf_packed_next(&in->packed, &bytes);
    int (*hook)(void *, const void *, size_t) = (int (*)(void *, const void *, size_t))in->hook;
    return from ? hook(begin_value(in), from, bytes) : -EPROTO;
}

static int call(const work *w, const void *in, void *out)
{
    switch (w->batch->form) {
    case WF_ITEMS_OF_TASK:
        return ((int (*)(const void *, void *))w->fn)(in, out);
    case WF_ITEMS_OF_STREAM:
        return ((int (*)(const void *, void *, void *))w->fn)(in, out, NULL);
    default:
        return ((weft_item_fn *)w->fn)(out, in, NULL);
    }
}

static int pack(side *out, size_t most)
{
    const weft_codec codec = {.pack = (size_t(*)(const void *, void *, size_t))out->hook};
    return wf_packed_put(&out->packed, &codec, out->value, most);
}

static int call_and_pack(work *w, const void *in, void *out)
{
    if (w->out.is_packed)
        (void)begin_value(&w->out);
    int status = call(w, in, out);
    if (!w->out.is_packed)
        return status;
    if (!status)
        status = pack(&w->out, (size_t)w->batch->most);
    drop_value(&w->out);
    return status;
}

static int run_item(work *w, size_t i)
{
    int status = w->in.is_packed ? unpack(&w->in) : 0;
    if (status)
        return status;
    status = call_and_pack(w, item_of(&w->in, i), item_of(&w->out, i));
    if (w->in.is_packed)
        drop_value(&w->in);
    return status;
}

/* ---- all ----------------------------------------------------------------------------------------- */

/* None is begun whose result may have no room; the others come again. */
static bool goes_on(const work *w, size_t i)
{
    const wf_packed *p = &w->out.packed;
    if (!i)
        return true;
    return !weft_should_stop() && (!w->out.is_packed || (p->used < WF_FAR_ITEMS_BYTES &&
                                                         wf_packed_has_room(p, (size_t)w->batch->most)));
}

static void run_all(work *w)
{
    wf_batch *batch = w->batch;
    for (size_t i = 0; i < batch->count && goes_on(w, i); i++) {
        int status = run_item(w, i);
        wf_store_relaxed(&batch->status[i], status); /* ordered by pair CH2 */
        wf_store_relaxed(&batch->ended,
                         (uint64_t)i + 1); /* ordered by pair CH2, or by the end of the process */
        if (status && batch->fail_fast)
            break;
    }
}

int wf_batch_run(wf_batch *batch, void *result, wf_image_fn *fn)
{
    work w = {.batch = batch, .fn = fn};
    size_t count = (size_t)batch->count;
    wf_batch_hooks *hooks = (wf_batch_hooks *)(void *)((char *)batch + batch->in_at) - 1;
    int err = open_side(&w.in, &batch->in, count, hooks + 1, batch->in_bytes, hooks->in);
    if (!err)
        err = open_side(&w.out, &batch->out, count, result, batch->result_bytes, hooks->out);
    if (!err && w.out.items && batch->out.way == WF_ITEMS_BYTES)
        memset(w.out.items, 0, count * w.out.size);
    if (!err)
        run_all(&w);
    wf_free(w.in.value);
    wf_free(w.out.value);
    return err || batch->form != WF_ITEMS_OF_TASK ? err : batch->status[0];
}
