/* SPDX-License-Identifier: MIT */
/* data/range.c - see range.h. */
#include "data/range.h"

#include "base/atomic.h"

#define UNIT_BITS 23

static wf_range pack(wf_span s)
{
    return s.begin | (uint64_t)s.end << UNIT_BITS | (uint64_t)s.backwards << (2 * UNIT_BITS) |
           (uint64_t)s.root << (2 * UNIT_BITS + 1);
}

static wf_span unpack(wf_range word)
{
    return (wf_span){
        .begin = (uint32_t)(word & WF_RANGE_UNITS_MAX),
        .end = (uint32_t)(word >> UNIT_BITS & WF_RANGE_UNITS_MAX),
        .backwards = word >> (2 * UNIT_BITS) & 1,
        .root = (uint32_t)(word >> (2 * UNIT_BITS + 1)),
    };
}

void wf_range_start(wf_range *range, wf_span span)
{
    /* pair RG1 -> wf_range_cut(): who cuts sees the root's record; pair SL2: before the look for sleepers */
    wf_store_seq_cst(range, pack(span));
}

bool wf_range_take(wf_range *range, uint32_t units, wf_span *taken)
{
    wf_range word = wf_load_relaxed(range); /* re-checked by the exchange */
    for (;;) {
        wf_span rest = unpack(word), part = rest;
        uint32_t left = wf_span_units(rest);
        if (left == 0)
            return false;
        if (units > left)
            units = left;
        if (rest.backwards)
            part.begin = rest.end -= units;
        else
            part.end = rest.begin += units;
        /* pair RG1 -> wf_range_cut(): each unit goes to one of both */
        if (wf_cas_acq_rel(range, &word, pack(rest))) {
            *taken = part;
            return true;
        }
    }
}

void wf_range_stop(wf_range *range)
{
    wf_store_release(range, (wf_range)0); /* pair RG2 -> wf_range_peek(): the runner has left the loop */
}

wf_span wf_range_peek(const wf_range *range)
{
    /* pair RG1 -> wf_range_start(); pair RG2; pair SL2 -> wf_range_start(): the last look before sleep */
    return unpack(wf_load_seq_cst(range));
}

bool wf_range_cut(wf_range *range, wf_span seen, wf_span *piece)
{
    wf_span rest = seen, cut = seen;
    uint32_t half = (wf_span_units(seen) + 1) / 2;
    wf_range word = pack(seen);
    if (half == 0)
        return false;
    if (seen.backwards)
        cut.end = rest.begin = seen.begin + half;
    else
        cut.begin = rest.end = seen.end - half;
    cut.backwards = !seen.backwards;
    *piece = cut;
    /* pair RG1 -> wf_range_start(), wf_range_take() */
    return wf_cas_acq_rel(range, &word, pack(rest));
}
