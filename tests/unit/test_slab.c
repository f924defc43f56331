/* SPDX-License-Identifier: MIT */
/* data/slab: blocks are distinct and aligned, go home, outlive a closed slab; marks; no memory. */
#include "data/slab.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "surroundings.h"

TestSuite(slab, .timeout = 240);

enum { MANY = 20000 };
static void *block[MANY];

static int by_address(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return (*x > *y) - (*x < *y);
}

/* No two of them share a byte. Sorts. */
static void assert_apart(void **blocks, int count, size_t bytes)
{
    qsort(blocks, (size_t)count, sizeof *blocks, by_address);
    for (int i = 0; i < count; i++) {
        cr_assert_not_null(blocks[i]);
        cr_assert_eq((uintptr_t)blocks[i] % bytes, 0, "%p is not aligned to %zu", blocks[i], bytes);
        if (i)
            cr_assert_geq((uintptr_t)blocks[i], (uintptr_t)blocks[i - 1] + bytes);
    }
}

static void assert_zeroed(const void *given, size_t bytes)
{
    const unsigned char *byte = given;
    for (size_t i = sizeof(wf_block); i < bytes; i++)
        cr_assert_eq(byte[i], 0, "byte %zu of a fresh block", i);
}

Test(slab, blocks_of_each_size_are_apart_and_zeroed)
{
    for (size_t bytes = 32; bytes <= 1024; bytes *= 2) {
        int many = 3 * 65536 / (int)bytes; /* over several chunks */
        wf_slab *slab = wf_slab_create(bytes, 1, 1);
        cr_assert_not_null(slab);
        for (int i = 0; i < many; i++) {
            block[i] = i % 2 ? wf_slab_take(slab, 0) : wf_slab_take_shared(slab, (size_t)i);
            cr_assert_not_null(block[i]);
            assert_zeroed(block[i], bytes);
            memset((char *)block[i] + sizeof(wf_block), 0xff, bytes - sizeof(wf_block));
        }
        assert_apart(block, many, bytes);
        for (int i = 0; i < many; i++)
            wf_slab_give(block[i]);
        wf_slab_close(slab);
    }
}

Test(slab, blocks_come_back_as_they_were_given)
{
    wf_slab *slab = wf_slab_create(64, 1, 1);
    for (int round = 0; round < 3; round++) {
        void *b = wf_slab_take(slab, 0);
        int *last = (int *)b + 15;
        cr_assert_eq(*last, round ? round + 6 : 0);
        *last = round + 7;
        wf_slab_give(b);
    }
    wf_slab_close(slab);
}

/* A thousand out, all back, a thousand out: the same ones. */
static void reuse(wf_slab *slab, void *(*take)(wf_slab *slab), int many)
{
    for (int i = 0; i < many; i++)
        block[i] = take(slab);
    assert_apart(block, many, 64);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < many; i++)
            wf_slab_give(block[(i * 7 + round) % many]);
        for (int i = 0; i < many; i++)
            block[many + i] = take(slab);
        assert_apart(block + many, many, 64);
        cr_assert_eq(memcmp(block, block + many, (size_t)many * sizeof *block), 0, "round %d", round);
    }
    for (int i = 0; i < many; i++)
        wf_slab_give(block[i]);
}

static void *take_first(wf_slab *slab)
{
    return wf_slab_take(slab, 0);
}

static void *take_second(wf_slab *slab)
{
    return wf_slab_take(slab, 1);
}

static void *take_near_0(wf_slab *slab)
{
    return wf_slab_take_shared(slab, 0);
}

static void *take_near_end(wf_slab *slab)
{
    return wf_slab_take_shared(slab, SIZE_MAX);
}

Test(slab, blocks_are_used_again)
{
    wf_slab *slab = wf_slab_create(64, 2, 3);
    reuse(slab, take_first, 1000);
    reuse(slab, take_second, 1000);
    reuse(slab, take_near_0, 1000);
    reuse(slab, take_near_end, 1000);
    wf_slab_close(slab);
}

Test(slab, given_blocks_come_after_those_at_hand_and_none_is_lost)
{
    wf_slab *slab = wf_slab_create(64, 1, 1);
    for (int i = 0; i < 100; i++)
        block[i] = wf_slab_take(slab, 0);
    for (int turn = 0; turn < 10000; turn++) {
        int i = turn * 37 % 100, j = turn * 11 % 100;
        wf_slab_give(block[i]);
        if (i != j)
            wf_slab_give(block[j]);
        block[i] = wf_slab_take(slab, 0);
        if (i != j)
            block[j] = wf_slab_take(slab, 0);
    }
    assert_apart(block, 100, 64);
    cr_assert_lt((uintptr_t)block[99] - (uintptr_t)block[0], 101 * 64, "no new ones were needed");
    for (int i = 0; i < 100; i++)
        wf_slab_give(block[i]);
    wf_slab_close(slab);
}

static void *give_first(void *unused)
{
    wf_slab_give(block[0]);
    return unused;
}

Test(slab, the_owner_of_a_shelf_gets_back_first_what_it_gave_last)
{
    uint64_t me = wf_slab_takers(2);
    pthread_t stranger;
    wf_slab *slab = wf_slab_create(64, 2, 1);
    cr_assert_geq(wf_slab_takers(1), me + 2);
    wf_slab_owned_by(slab, me);
    wf_slab_taker_is(me);
    for (int i = 0; i < 3; i++)
        block[i] = wf_slab_take(slab, 0);
    block[3] = wf_slab_take(slab, 1);
    cr_assert_eq(pthread_create(&stranger, NULL, give_first, NULL), 0);
    pthread_join(stranger, NULL);
    wf_slab_give(block[1]);
    wf_slab_give(block[2]);
    wf_slab_give(block[3]); /* of another's shelf */
    cr_assert_eq(wf_slab_take(slab, 0), block[2]);
    cr_assert_eq(wf_slab_take(slab, 0), block[1]);
    cr_assert_eq(wf_slab_take(slab, 0), block[0], "what others gave comes when there is nothing else");
    cr_assert_eq(wf_slab_take(slab, 1), block[3]);
    wf_slab_give(block[1]);
    wf_slab_taker_is(0);
    wf_slab_close(slab);
    for (int i = 0; i < 4; i++)
        if (i != 1)
            wf_slab_give(block[i]);
}

Test(slab, each_block_goes_home)
{
    wf_slab *slab = wf_slab_create(128, 2, 2);
    void *first = wf_slab_take(slab, 0), *second = wf_slab_take(slab, 1);
    void *shared = wf_slab_take_shared(slab, 0), *other = wf_slab_take_shared(slab, 1);
    wf_slab_give(other);
    wf_slab_give(second);
    wf_slab_give(first);
    wf_slab_give(shared);
    cr_assert_eq(wf_slab_take(slab, 0), first);
    cr_assert_eq(wf_slab_take(slab, 1), second);
    cr_assert_eq(wf_slab_take_shared(slab, 0), shared);
    cr_assert_eq(wf_slab_take_shared(slab, 1), other);
    void *more = wf_slab_take(slab, 0);
    cr_assert(more != first && more != second && more != shared && more != other);
    void *all[] = {first, second, shared, other, more};
    for (int i = 0; i < 5; i++)
        wf_slab_give(all[i]);
    wf_slab_close(slab);
}

Test(slab, marks_are_known_by_blocks_after_the_maker_left)
{
    wf_slab *slab = wf_slab_create(32, 1, 1), *other = wf_slab_create(32, 1, 1);
    void *mine = wf_slab_take(slab, 0), *shared = wf_slab_take_shared(slab, 3);
    void *stranger = wf_slab_take(other, 0);
    cr_assert_eq(wf_slab_mark_of(mine), 0);
    wf_slab_mark(slab, 0x123456789abcdef0);
    wf_slab_mark(other, UINT64_MAX);
    wf_slab_mark(other, 7);
    wf_slab_close(slab);
    cr_assert_eq(wf_slab_mark_of(mine), 0x123456789abcdef0);
    cr_assert_eq(wf_slab_mark_of(shared), 0x123456789abcdef0);
    cr_assert_eq(wf_slab_mark_of(stranger), 7);
    void *all[] = {mine, shared, stranger};
    for (int i = 0; i < 3; i++)
        wf_slab_give(all[i]);
    wf_slab_close(other);
}

Test(slab, nothing_to_close)
{
    wf_slab_close(NULL);
    wf_slab *slab = wf_slab_create(64, 0, 1);
    cr_assert_not_null(slab);
    wf_slab_close(slab); /* an untouched one is freed: the leak sanitizer's matter */
}

Test(slab, all_back_is_freed_at_close)
{
    wf_slab *slab = wf_slab_create(64, 1, 1);
    void *own = wf_slab_take(slab, 0), *shared = wf_slab_take_shared(slab, 0);
    wf_slab_give(own);
    wf_slab_give(shared);
    cr_assert_eq(wf_slab_take(slab, 0), own);
    wf_slab_give(own);
    cr_assert(is_mapped(own) && is_mapped(shared));
    wf_slab_close(slab);
    cr_assert(!is_mapped(own) && !is_mapped(shared));
}

/* Some at hand, some given back, some never handed out, some out: closed, it goes with the last of those. */
Test(slab, outlives_its_closing_until_the_last_block_is_back)
{
    for (int out = 1; out <= 5; out++) {
        wf_slab *slab = wf_slab_create(64, 2, 2);
        for (int i = 0; i < 40; i++)
            block[i] = i % 4 < 2 ? wf_slab_take(slab, (unsigned)i % 2) : wf_slab_take_shared(slab, (size_t)i);
        for (int i = out; i < 20; i++)
            wf_slab_give(block[i]);
        for (int i = 10; i < 14; i++) /* takes what came back, and leaves the rest of it at hand */
            block[i] = i % 4 < 2 ? wf_slab_take(slab, (unsigned)i % 2) : wf_slab_take_shared(slab, (size_t)i);
        for (int i = 10; i < 14; i++)
            wf_slab_give(block[i]);
        for (int i = 20; i < 40; i++)
            wf_slab_give(block[i]);
        wf_slab_close(slab);
        for (int i = 0; i < out; i++) {
            for (int j = 0; j < 40; j++)
                cr_assert(is_mapped(block[j]), "%d of %d are back, %d is gone", i, out, j);
            wf_slab_give(block[i]);
        }
        for (int j = 0; j < 40; j++)
            cr_assert_not(is_mapped(block[j]), "%d were out: %d is still there", out, j);
    }
}

Test(slab, large_ones_go_as_a_whole)
{
    wf_slab *slab = wf_slab_create(1024, 1, 1);
    for (int i = 0; i < MANY / 4; i++)
        cr_assert_not_null(block[i] = wf_slab_take(slab, 0));
    wf_slab_close(slab);
    for (int i = 0; i < MANY / 4 - 1; i++)
        wf_slab_give(block[i]);
    cr_assert(is_mapped(block[0]));
    wf_slab_give(block[MANY / 4 - 1]);
    for (int i = 0; i < MANY / 4; i++)
        cr_assert_not(is_mapped(block[i]));
}

Test(slab, without_memory_there_is_none)
{
    struct rlimit before;
    wf_slab *slab = wf_slab_create(64, 1, 1);
    cr_assert(scarce_begin(&before));
    wf_slab *huge = wf_slab_create(64, 1u << 20, 1);
    void *own = wf_slab_take(slab, 0), *shared = wf_slab_take_shared(slab, 0);
    cr_assert(scarce_end(&before));
    cr_assert_null(huge);
    cr_assert_null(own);
    cr_assert_null(shared);
    own = wf_slab_take(slab, 0);
    cr_assert_not_null(own, "later there may be some");
    wf_slab_close(slab);
    cr_assert(is_mapped(own), "a take that failed counts for nothing");
    wf_slab_give(own);
    cr_assert_not(is_mapped(own));
}

Test(slab, without_memory_what_is_there_is_handed_out)
{
    struct rlimit before;
    wf_slab *slab = wf_slab_create(64, 1, 1);
    int taken = 1, again = 0;
    void *spare[3] = {block[0] = wf_slab_take(slab, 0)};
    cr_assert(scarce_begin(&before));
    while (taken < MANY && (block[taken] = wf_slab_take(slab, 0)))
        taken++;
    for (int i = 0; i < 3; i++)
        wf_slab_give(block[i]);
    while (again < 3 && (spare[again] = wf_slab_take(slab, 0)))
        again++;
    void *none = wf_slab_take(slab, 0);
    cr_assert(scarce_end(&before));
    cr_assert_lt(taken, MANY);
    cr_assert_eq(again, 3);
    cr_assert_null(none);
    memcpy(block, spare, sizeof spare);
    assert_apart(block, taken, 64);
    for (int i = 0; i < taken; i++)
        wf_slab_give(block[i]);
    wf_slab_close(slab);
    cr_assert_not(is_mapped(block[0]));
}
