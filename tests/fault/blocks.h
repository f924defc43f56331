/* SPDX-License-Identifier: MIT */
/* blocks.h - what the tests of blocks share: a block, its names, a task that uses a part of one. */
#ifndef WEFT_TESTS_BLOCKS_H
#define WEFT_TESTS_BLOCKS_H

#include "processes.h"

#include <weft/bulk.h>

enum { MIB = 1 << 20 };

__attribute__((unused)) static void *alloc(size_t bytes)
{
    void *block = NULL;
    int err = weft_shared_alloc(bytes, &block);
    if (!CHECK(err == 0 && block, "a block of %zu bytes: %d", bytes, err))
        exit(1);
    return block;
}

__attribute__((unused)) static void release(void *block)
{
    int err = weft_shared_free(block);
    CHECK(err == 0, "given back: %d", err);
}

__attribute__((unused)) static weft_shared_ref ref_of(const void *place)
{
    weft_shared_ref ref;
    int err = weft_shared_ref_of(place, &ref);
    CHECK(err == 0, "a name: %d", err);
    return ref;
}

typedef struct part {
    weft_shared_ref ref;
    size_t bytes;
} part;

/* Answers the first word, and doubles it. */
__attribute__((unused)) static int doubles(const void *arg, void *result)
{
    const part *p = arg;
    void *place;
    int err = weft_shared_at(&p->ref, p->bytes, &place);
    if (err)
        return place ? 1 : err;
    *(int *)result = *(int *)place;
    *(int *)place *= 2;
    return 0;
}

__attribute__((unused)) static outcome run_part(weft_executor *e, weft_shared_ref ref, size_t bytes)
{
    const part p = {.ref = ref, .bytes = bytes};
    return run(e, doubles, &p, sizeof p, sizeof(int));
}

#endif
