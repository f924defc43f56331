/* SPDX-License-Identifier: MIT */
/*
 * data/range.h - what remains of a running loop, in one word that its runner and thieves cut by exchange.
 *
 *   begin 23 bits | end 23 bits | backwards 1 bit | root 17 bits
 *
 * - Units, not items: a unit is ceil(n / (2^23 - 1)) items of the root loop.
 * - The runner takes blocks from the near end (the front; of a backward range the back), thieves take half
 *   of what remains, rounded up, from the far end and run it in the other direction ("mirror"): so both
 *   ends of a range are met early, wherever the heavy items are.
 * - root names the loop that the units belong to. A thief that wins the exchange owns units, and a loop with
 *   unreported units cannot end; so everything else about the loop is read only after winning. If the word recurred
 *   meanwhile, it names the same record, and the thief has won units of whatever loop is there now: no ABA misleads.
 *
 * Runner: wf_range_start, wf_range_take until empty, wf_range_stop. Any thread: wf_range_peek, wf_range_cut.
 * Progress: lock-free.
 */
#ifndef WF_DATA_RANGE_H
#define WF_DATA_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#define WF_RANGE_UNITS_MAX ((UINT32_C(1) << 23) - 1)
#define WF_ROOT_BITS 17

typedef uint64_t wf_range;

/* A range as it was read. */
typedef struct wf_span {
    uint32_t begin, end; /* units */
    bool backwards;
    uint32_t root;
} wf_span;

static inline uint32_t wf_span_units(wf_span s)
{
    return s.end - s.begin;
}

/* Runner: the range is empty; now it is `span`, which others may cut. */
void wf_range_start(wf_range *range, wf_span span);
/* Runner: up to `units` of the near end; false: nothing remains. */
bool wf_range_take(wf_range *range, uint32_t units, wf_span *taken);
/* Runner, when it leaves: an empty range of no loop (root 0 belongs to nobody: roots count from 1). */
void wf_range_stop(wf_range *range);
/* What remains, at some moment; may be empty and still name its root. */
wf_span wf_range_peek(const wf_range *range);
/* Thief: half of the far end, if the range still is as it was peeked. The piece is turned round. */
bool wf_range_cut(wf_range *range, wf_span seen, wf_span *piece);

#endif
