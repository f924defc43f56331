/* SPDX-License-Identifier: MIT */
/*
 * exec/packed.h - values of any length, one behind the other: what a codec (weft/bulk.h) made of each, with its length in
 * front, aligned to 16.
 *
 * The same in each process that has the memory, so that it may be copied, or sent. Who reads what others may have written, or
 * still write, takes each length once, and stays inside.
 */
#ifndef WF_EXEC_PACKED_H
#define WF_EXEC_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <weft/bulk.h>

#define WF_PACKED_HEAD ((size_t)16)
#define WF_PACKED_FULL 1

/* Written from its beginning, or read so. */
typedef struct wf_packed {
    unsigned char *at; /* aligned to 16 */
    size_t room, used;
} wf_packed;

/* There is room for a value of so many bytes. */
bool wf_packed_has_room(const wf_packed *p, size_t bytes);
/* 0; -EMSGSIZE: it takes more than `most`; WF_PACKED_FULL: it will have room elsewhere. Else than 0: nothing was added. */
int wf_packed_put(wf_packed *p, const weft_codec *codec, const void *value, size_t most);
/* The next value's bytes, or NULL: there are none that lie inside. */
const void *wf_packed_next(wf_packed *p, size_t *bytes);

#endif
