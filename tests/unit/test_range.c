/* SPDX-License-Identifier: MIT */
/* data/range: blocks from the near end, cuts at the far one, in both directions, down to the last unit. */
#include "data/range.h"

#include <criterion/criterion.h>

#define LAST_ROOT ((1u << WF_ROOT_BITS) - 1)

Test(range, smoke_forward_and_backward)
{
    for (int backwards = 0; backwards < 2; backwards++) {
        wf_range range = 0;
        wf_span block;
        wf_range_start(&range, (wf_span){.begin = 10, .end = 20, .backwards = backwards, .root = 3});
        cr_assert(wf_range_take(&range, 4, &block));
        cr_assert_eq(block.begin, backwards ? 16 : 10);
        cr_assert_eq(block.end, backwards ? 20 : 14);
        cr_assert_eq(block.root, 3);
        wf_span seen = wf_range_peek(&range), piece;
        cr_assert_eq(wf_span_units(seen), 6);
        cr_assert(wf_range_cut(&range, seen, &piece));
        cr_assert_eq(piece.begin, backwards ? 10 : 17, "the far end");
        cr_assert_eq(wf_span_units(piece), 3);
        cr_assert_eq(piece.backwards, !backwards, "turned round");
        cr_assert_eq(wf_span_units(wf_range_peek(&range)), 3);
    }
}

Test(range, empty)
{
    wf_range range = 0;
    wf_span block;
    cr_assert_eq(wf_range_peek(&range).root, 0);
    cr_assert_not(wf_range_take(&range, 1, &block));
    cr_assert_not(wf_range_cut(&range, wf_range_peek(&range), &block));
    wf_range_start(&range, (wf_span){.begin = 5, .end = 5, .root = 9});
    cr_assert_not(wf_range_take(&range, 1, &block));
    cr_assert_eq(wf_range_peek(&range).root, 9, "empty, but it still tells whose it is");
}

Test(range, full_uses_all_bits)
{
    wf_range range = 0;
    wf_span all = {.end = WF_RANGE_UNITS_MAX, .backwards = true, .root = LAST_ROOT}, block;
    wf_range_start(&range, all);
    wf_span seen = wf_range_peek(&range);
    cr_assert_eq(seen.begin, 0);
    cr_assert_eq(seen.end, WF_RANGE_UNITS_MAX);
    cr_assert_eq(seen.root, LAST_ROOT);
    cr_assert(seen.backwards);
    cr_assert(wf_range_take(&range, UINT32_MAX, &block));
    cr_assert_eq(wf_span_units(block), WF_RANGE_UNITS_MAX);
    cr_assert_not(wf_range_take(&range, 1, &block));
}

Test(range, a_cut_fails_after_any_change)
{
    wf_range range = 0;
    wf_span block, piece;
    wf_range_start(&range, (wf_span){.end = 8, .root = 1});
    wf_span seen = wf_range_peek(&range);
    cr_assert(wf_range_take(&range, 1, &block));
    cr_assert_not(wf_range_cut(&range, seen, &piece));
    wf_range_stop(&range);
    cr_assert_not(wf_range_cut(&range, seen, &piece));
    cr_assert_eq(wf_range_peek(&range).root, 0);
}

Test(range, cuts_and_blocks_cover_every_unit_once)
{
    enum { N = 1000 };
    unsigned char met[N] = {0};
    wf_range range = 0, other = 0;
    wf_span block, piece;
    wf_range_start(&range, (wf_span){.end = N, .root = 1});
    for (uint32_t turn = 0; wf_span_units(wf_range_peek(&range)); turn++) {
        if (turn % 3 == 0 && wf_range_cut(&range, wf_range_peek(&range), &piece)) {
            wf_range_start(&other, piece);
            while (wf_range_take(&other, 7, &block))
                for (uint32_t i = block.begin; i < block.end; i++)
                    met[i]++;
        } else if (wf_range_take(&range, 1 + turn % 5, &block)) {
            for (uint32_t i = block.begin; i < block.end; i++)
                met[i]++;
        }
    }
    for (int i = 0; i < N; i++)
        cr_assert_eq(met[i], 1, "unit %d was met %d times", i, met[i]);
}
