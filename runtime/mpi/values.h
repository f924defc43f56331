/* SPDX-License-Identifier: MIT */
/*
 * mpi/values.h - items that hooks make bytes of (weft_codec, weft/bulk.h): how they lie in letters, and what a serving rank does
 * with them. A task with hooks is one item.
 *
 *   ITEMS, VALUE   wf_value_hooks; then the inputs, packed (exec/packed.h) or as they are
 *   ANSWER   behind the ends of the items: the results, packed, of those with status 0, in their order; or as they are
 * A result is packed by who has run its item, into memory of its own: how long it is nobody knows before, and an item that is
 * given to another rank has none. So that an answer is no longer than MPI can count, none is begun whose result may have no room.
 */
#ifndef WF_MPI_VALUES_H
#define WF_MPI_VALUES_H

#include <weft/bulk.h>

#include "exec/packed.h"
#include "mpi/letter.h"

/* wf_letter_head.hooks: which there are. */
enum { WF_HOOKS_IN = 1, WF_HOOKS_IN_DROP = 2, WF_HOOKS_OUT = 4, WF_HOOKS_OUT_DROP = 8 };

/* What a serving rank calls. */
typedef struct wf_value_hooks {
    wf_image_name in[2], out[2]; /* unpack, pack; and each one's drop */
} wf_value_hooks;

/* ---- the submitting rank ------------------------------------------------------------------------- */

/* 0 or a negative errno; which: of WF_HOOKS_IN and the others. */
int wf_value_hooks_of(const weft_codec *in, const weft_codec *out, wf_value_hooks *hooks, uint32_t *which);
/* What one value may take of so many message bytes. */
size_t wf_value_most(size_t message_bytes);
/* Of a task: the VALUE letter of one that has its head and its argument as that is. NULL: why. */
wf_letter *wf_value_letter(const wf_letter *task, const weft_codec *arg, const weft_codec *result, int *err);
/* Of its answer, by the size of the result and the codec of that: its status; what became of it, into zeros. */
int wf_value_read(const wf_letter *answer, const weft_codec *codec, void *result, size_t bytes);

/* ---- a serving rank ------------------------------------------------------------------------------ */

typedef struct wf_values wf_values;

/* Of an ITEMS or VALUE letter with hooks, which stays: 0; -ENOENT: one is not there, -ENOMEM, -EPROTO. */
int wf_values_new(wf_values **values, const wf_letter *letter);
void wf_values_free(wf_values *values);
/* Any thread, before it begins an item: is there room for its result? Else another letter has to bring it. */
bool wf_values_reserve(wf_values *values);
/* It does not begin it. */
void wf_values_unreserve(wf_values *values);
/* Any thread, once for each item with room: its status. in, out: of who is not packed. */
int wf_values_run(wf_values *values, size_t i, int (*fn)(const void *ctx, void *out, const void *in),
                  const void *ctx, const void *in, void *out);
/* When no item runs any more: the answer with the results, in place of that one. NULL: no memory: that one stays, no
 * result is there. */
wf_letter *wf_values_answer(const wf_values *values, wf_letter *answer, size_t count);

#endif
