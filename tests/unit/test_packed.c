/* SPDX-License-Identifier: MIT */
/* unit/test_packed.c - values of any length one behind the other: where there is room, and lengths that lie. */
#include "exec/packed.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

/* A value is its own number of bytes, each of which says how many. */
static size_t pack(const void *value, void *to, size_t room)
{
    size_t bytes = *(const size_t *)value;
    cr_assert((uintptr_t)to % 16 == 0);
    if (bytes <= room)
        memset(to, (int)bytes, bytes);
    return bytes;
}

static const weft_codec codec = {.pack = pack};
static _Alignas(16) unsigned char area[256];

static int put(wf_packed *p, size_t bytes, size_t most)
{
    return wf_packed_put(p, &codec, &bytes, most);
}

static bool is_next(wf_packed *p, size_t wanted)
{
    size_t bytes = 0;
    const unsigned char *value = wf_packed_next(p, &bytes);
    return value && bytes == wanted && (!bytes || (value[0] == bytes && value[bytes - 1] == bytes));
}

Test(packed, there_and_back)
{
    static const size_t lengths[] = {1, 0, 16, 17, 31, 5};
    wf_packed p = {.at = area, .room = sizeof area};
    for (size_t i = 0; i < 6; i++)
        cr_assert_eq(put(&p, lengths[i], 100), 0);
    wf_packed there = {.at = area, .room = p.used};
    for (size_t i = 0; i < 6; i++)
        cr_assert(is_next(&there, lengths[i]), "%zu", i);
    cr_assert_eq(there.used, p.used);
    cr_assert(!is_next(&there, 0));
}

Test(packed, room)
{
    wf_packed p = {.at = area, .room = 64};
    cr_assert(wf_packed_has_room(&p, 48) && !wf_packed_has_room(&p, 49));
    cr_assert_eq(put(&p, 49, 100), WF_PACKED_FULL);
    cr_assert_eq(put(&p, 49, 48), -EMSGSIZE);
    cr_assert_eq(put(&p, SIZE_MAX, 48), -EMSGSIZE);
    cr_assert_eq(p.used, 0);
    cr_assert_eq(put(&p, 17, 48), 0);
    cr_assert_eq(p.used, 48);
    cr_assert_eq(put(&p, 1, 48), WF_PACKED_FULL);
    cr_assert_eq(put(&p, 0, 48), 0);
    cr_assert_eq(put(&p, 0, 48), WF_PACKED_FULL);
    p = (wf_packed){.at = area, .room = 15};
    cr_assert_eq(put(&p, 0, 48), WF_PACKED_FULL);
}

Test(packed, lengths_that_lie)
{
    uint64_t *length = (uint64_t *)(void *)area;
    size_t bytes;
    wf_packed p = {.at = area, .room = 15};
    cr_assert_null(wf_packed_next(&p, &bytes));
    for (size_t room = 16; room < sizeof area; room++) {
        const uint64_t lies[] = {room - 15, room, UINT64_MAX, UINT64_MAX - 15, UINT64_C(1) << 63};
        for (size_t i = 0; i < 5; i++) {
            *length = lies[i];
            p = (wf_packed){.at = area, .room = room};
            cr_assert_null(wf_packed_next(&p, &bytes));
        }
        *length = (room - 16) & ~(size_t)15;
        p = (wf_packed){.at = area, .room = room};
        cr_assert(wf_packed_next(&p, &bytes) == area + 16 && p.used <= room);
    }
}
