/* SPDX-License-Identifier: MIT */
/* mpi/values.c - see values.h. */
#include "mpi/values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "mpi/wire.h"
#include "proc/engine.h"

#define RESULTS_MAX ((uint64_t)1 << 30)
#define AT_FIRST 256 /* bytes for a result that most have room in */

_Static_assert(sizeof(wf_value_hooks) % 16 == 0, "what is packed behind them is aligned to 16");

/* ---- one value, packed --------------------------------------------------------------------------- */

/* One item's. */
typedef struct value {
    const void *in;
    void *out; /* what became of it, packed; NULL: nothing */
    size_t in_bytes, out_bytes;
} value;

/* In a letter. */
static uint64_t packed_bytes(size_t bytes)
{
    return WF_PACKED_HEAD + ((bytes + 15) & ~(size_t)15);
}

static int keep(value *to, void *bytes, size_t count)
{
    to->out = malloc(count ? count : 1);
    if (!to->out)
        return -ENOMEM;
    memcpy(to->out, bytes, count);
    to->out_bytes = count;
    return 0;
}

/* Into memory of its own. */
static int pack(const weft_codec *codec, const void *result, size_t most, value *to)
{
    _Alignas(16) unsigned char first[AT_FIRST];
    size_t room = most < sizeof first ? most : sizeof first, bytes = codec->pack(result, first, room);
    if (bytes <= room)
        return keep(to, first, bytes);
    while (bytes > room && bytes <= most) {
        free(to->out);
        to->out = malloc(room = bytes);
        if (!to->out)
            return -ENOMEM;
        bytes = codec->pack(result, to->out, room);
    }
    to->out_bytes = bytes;
    if (bytes <= most)
        return 0;
    free(to->out);
    to->out = NULL;
    return -EMSGSIZE;
}

static size_t copy_value(const void *of, void *to, size_t room)
{
    const value *v = of;
    if (v->out_bytes <= room)
        memcpy(to, v->out, v->out_bytes);
    return v->out_bytes;
}

static const weft_codec copy = {.pack = copy_value};

/* ---- the submitting rank ------------------------------------------------------------------------- */

static int name_of(void (*fn)(void), wf_image_name *name)
{
    return weft_engine_(WEFT_VERSION_STRING)->name_of(fn, name);
}

static int name_side(void (*hook)(void), void (*drop)(void), wf_image_name *names)
{
    int err = name_of(hook, &names[0]);
    return err || !drop ? err : name_of(drop, &names[1]);
}

int wf_value_hooks_of(const weft_codec *in, const weft_codec *out, wf_value_hooks *hooks, uint32_t *which)
{
    int err = 0;
    *which = (in ? WF_HOOKS_IN | (in->drop ? WF_HOOKS_IN_DROP : 0u) : 0u) |
             (out ? WF_HOOKS_OUT | (out->drop ? WF_HOOKS_OUT_DROP : 0u) : 0u);
    memset(hooks, 0, sizeof *hooks);
    if (in)
        err = name_side((void (*)(void))in->unpack, (void (*)(void))in->drop, hooks->in);
    if (out && !err)
        err = name_side((void (*)(void))out->pack, (void (*)(void))out->drop, hooks->out);
    return err;
}

size_t wf_value_most(size_t message_bytes)
{
    return message_bytes / 4 > WF_PACKED_HEAD ? message_bytes / 4 - WF_PACKED_HEAD : 0;
}

/* Behind the hooks. */
static wf_letter *write_task(const wf_letter *task, const wf_value_hooks *hooks, const value *packed)
{
    size_t bytes = packed ? (size_t)packed_bytes(packed->out_bytes) : (size_t)task->head.bytes;
    wf_letter *letter = wf_letter_new(sizeof *hooks + bytes);
    if (!letter)
        return NULL;
    letter->head = task->head;
    letter->head.bytes = sizeof *hooks + bytes;
    memcpy(letter->bytes, hooks, sizeof *hooks);
    if (packed)
        (void)wf_packed_put(&(wf_packed){.at = letter->bytes + sizeof *hooks, .room = bytes}, &copy, packed,
                            packed->out_bytes);
    else
        memcpy(letter->bytes + sizeof *hooks, task->bytes, bytes);
    return letter;
}

wf_letter *wf_value_letter(const wf_letter *task, const weft_codec *arg, const weft_codec *result, int *err)
{
    wf_value_hooks hooks;
    uint32_t which;
    value packed = {.out = NULL};
    (void)wf_value_hooks_of(arg, result, &hooks, &which); /* they had names */
    *err = arg ? pack(arg, task->bytes, (size_t)task->head.most, &packed) : 0;
    if (*err)
        return NULL;
    wf_letter *letter = write_task(task, &hooks, arg ? &packed : NULL);
    free(packed.out);
    if (!letter)
        *err = -ENOMEM;
    return letter;
}

static int unpack(const weft_codec *codec, unsigned char *at, size_t room, void *result)
{
    wf_packed packed = {.at = at, .room = room};
    size_t bytes;
    const void *from = wf_packed_next(&packed, &bytes);
    return from ? codec->unpack(result, from, bytes) : -EPROTO;
}

int wf_value_read(const wf_letter *answer, const weft_codec *codec, void *result, size_t bytes)
{
    wf_item_end end;
    size_t at = wf_items_out_at(1), all = (size_t)answer->head.bytes;
    if (all < at || (!codec && all != at + bytes))
        return -EPROTO;
    memcpy(&end, answer->bytes, sizeof end);
    unsigned char *from = (unsigned char *)(uintptr_t)answer->bytes + at;
    if (!codec && bytes)
        memcpy(result, from, bytes);
    if (end.status || !codec)
        return end.status;
    int status = unpack(codec, from, all - at, result);
    if (status)
        memset(result, 0, bytes);
    return status;
}

/* ---- a serving rank ------------------------------------------------------------------------------ */

struct wf_values {
    weft_codec in, out; /* of those that are called here */
    bool unpacks, packs;
    size_t in_size, out_size, most;
    uint64_t taken; /* of RESULTS_MAX */
    value each[];
};

static void (*find(const wf_image_name *name))(void)
{
    return weft_engine_(WEFT_VERSION_STRING)->find(name);
}

/* Sets what is there; false: one is not. */
static bool find_hooks(wf_values *v, const wf_value_hooks *hooks, uint32_t which)
{
    v->unpacks = which & WF_HOOKS_IN;
    v->packs = which & WF_HOOKS_OUT;
    if (v->unpacks)
        v->in.unpack = (int (*)(void *, const void *, size_t))find(&hooks->in[0]);
    if (which & WF_HOOKS_IN_DROP)
        v->in.drop = (void (*)(void *))find(&hooks->in[1]);
    if (v->packs)
        v->out.pack = (size_t(*)(const void *, void *, size_t))find(&hooks->out[0]);
    if (which & WF_HOOKS_OUT_DROP)
        v->out.drop = (void (*)(void *))find(&hooks->out[1]);
    return (!v->unpacks || v->in.unpack) && (!v->packs || v->out.pack) &&
           (!(which & WF_HOOKS_IN_DROP) || v->in.drop) && (!(which & WF_HOOKS_OUT_DROP) || v->out.drop);
}

static bool find_inputs(wf_values *v, const wf_letter *letter)
{
    unsigned char *at = (unsigned char *)(uintptr_t)letter->bytes + sizeof(wf_value_hooks);
    wf_packed packed = {.at = at, .room = (size_t)letter->head.bytes - sizeof(wf_value_hooks)};
    for (size_t i = 0; i < letter->head.count; i++)
        if (!(v->each[i].in = wf_packed_next(&packed, &v->each[i].in_bytes)))
            return false;
    return true;
}

int wf_values_new(wf_values **values, const wf_letter *letter)
{
    const wf_letter_head *h = &letter->head;
    wf_value_hooks hooks;
    *values = NULL;
    if (h->bytes < sizeof hooks)
        return -EPROTO;
    wf_values *v = calloc(1, sizeof *v + (size_t)h->count * sizeof *v->each);
    if (!v)
        return -ENOMEM;
    memcpy(&hooks, letter->bytes, sizeof hooks);
    v->in_size = (size_t)h->in_size;
    v->out_size = (size_t)h->out_size;
    v->most = (size_t)h->most;
    int err = !find_hooks(v, &hooks, h->hooks)        ? -ENOENT
              : v->unpacks && !find_inputs(v, letter) ? -EPROTO
                                                      : 0;
    if (err)
        free(v);
    else
        *values = v;
    return err;
}

void wf_values_free(wf_values *v)
{
    free(v);
}

/* ---- one item ------------------------------------------------------------------------------------ */

bool wf_values_reserve(wf_values *v)
{
    uint64_t most = v->packs ? packed_bytes(v->most) : 0;
    if (wf_add_relaxed(&v->taken, most) + most <=
        RESULTS_MAX) /* statistic: a sum that nothing else hangs on */
        return true;
    wf_values_unreserve(v);
    return false;
}

static void give_room(wf_values *v, uint64_t bytes)
{
    (void)wf_sub_relaxed(&v->taken, bytes); /* statistic */
}

void wf_values_unreserve(wf_values *v)
{
    give_room(v, v->packs ? packed_bytes(v->most) : 0);
}

static void *new_value(size_t size)
{
    return calloc(1, size ? size : 1);
}

/* With a result of its own, or where that is as it is. */
static int call(const wf_values *v, value *of, int (*fn)(const void *ctx, void *out, const void *in),
                const void *ctx, const void *in, void *out)
{
    if (!v->packs)
        return fn(ctx, out, in);
    void *result = new_value(v->out_size);
    if (!result)
        return -ENOMEM;
    int status = fn(ctx, result, in);
    if (!status)
        status = pack(&v->out, result, v->most, of);
    if (v->out.drop)
        v->out.drop(result);
    free(result);
    return status;
}

static int unpack_and_call(const wf_values *v, value *of,
                           int (*fn)(const void *ctx, void *out, const void *in), const void *ctx, void *out)
{
    void *own = new_value(v->in_size);
    if (!own)
        return -ENOMEM;
    int status = v->in.unpack(own, of->in, of->in_bytes);
    if (!status) {
        status = call(v, of, fn, ctx, own, out);
        if (v->in.drop)
            v->in.drop(own);
    }
    free(own);
    return status;
}

int wf_values_run(wf_values *v, size_t i, int (*fn)(const void *ctx, void *out, const void *in),
                  const void *ctx, const void *in, void *out)
{
    value *of = &v->each[i];
    int status = v->unpacks ? unpack_and_call(v, of, fn, ctx, out) : call(v, of, fn, ctx, in, out);
    if (v->packs)
        give_room(v, packed_bytes(v->most) - (of->out ? packed_bytes(of->out_bytes) : 0));
    return status;
}

/* ---- all ----------------------------------------------------------------------------------------- */

static size_t results_bytes(const wf_values *v, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        if (v->each[i].out)
            bytes += (size_t)packed_bytes(v->each[i].out_bytes);
    return bytes;
}

static void move_results(const wf_values *v, size_t count, unsigned char *to, size_t room)
{
    wf_packed packed = {.at = to, .room = room};
    for (size_t i = 0; i < count; i++)
        if (v->each[i].out)
            (void)wf_packed_put(&packed, &copy, &v->each[i], v->each[i].out_bytes);
}

static void free_results(const wf_values *v, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(v->each[i].out);
}

wf_letter *wf_values_answer(const wf_values *v, wf_letter *answer, size_t count)
{
    size_t ends = wf_items_out_at(count), bytes = v->packs ? results_bytes(v, count) : 0;
    if (!bytes)
        return answer;
    wf_letter *whole = wf_letter_new(ends + bytes);
    if (whole) {
        whole->head = answer->head;
        whole->head.bytes = ends + bytes;
        whole->rank = answer->rank;
        memcpy(whole->bytes, answer->bytes, ends);
        move_results(v, count, whole->bytes + ends, bytes);
        wf_letter_free(answer);
    }
    free_results(v, count);
    return whole;
}
