/* SPDX-License-Identifier: MIT */
/* exec/packed.c - see packed.h. */
#include "exec/packed.h"

#include <errno.h>
#include <stdint.h>

#include "base/atomic.h"

/* Behind the next head, in whole units. */
static size_t room_of(const wf_packed *p)
{
    size_t left = p->room - p->used;
    return left < WF_PACKED_HEAD ? 0 : (left - WF_PACKED_HEAD) & ~(WF_PACKED_HEAD - 1);
}

static void advance(wf_packed *p, size_t bytes)
{
    p->used += WF_PACKED_HEAD + ((bytes + WF_PACKED_HEAD - 1) & ~(WF_PACKED_HEAD - 1));
}

static uint64_t *head_of(const wf_packed *p)
{
    return (uint64_t *)(void *)(p->at + p->used);
}

bool wf_packed_has_room(const wf_packed *p, size_t bytes)
{
    return p->room - p->used >= WF_PACKED_HEAD && room_of(p) >= bytes;
}

int wf_packed_put(wf_packed *p, const weft_codec *codec, const void *value, size_t most)
{
    if (!wf_packed_has_room(p, 0))
        return WF_PACKED_FULL;
    size_t left = room_of(p), room = left < most ? left : most;
    size_t bytes = codec->pack(value, p->at + p->used + WF_PACKED_HEAD, room);
    if (bytes > room)
        return bytes > most ? -EMSGSIZE : WF_PACKED_FULL;
    wf_store_relaxed(head_of(p), (uint64_t)bytes); /* owner only, until it is handed over */
    advance(p, bytes);
    return 0;
}

const void *wf_packed_next(wf_packed *p, size_t *bytes)
{
    if (!wf_packed_has_room(p, 0))
        return NULL;
    uint64_t count = wf_load_relaxed(head_of(p)); /* re-checked: what was read, here */
    if (count > room_of(p))
        return NULL;
    const void *value = p->at + p->used + WF_PACKED_HEAD;
    *bytes = (size_t)count;
    advance(p, (size_t)count);
    return value;
}
