/* SPDX-License-Identifier: MIT */
/* data/latch.c - see latch.h. */
#include "data/latch.h"

#include "base/atomic.h"

#define PARKED UINT64_C(1)

void wf_latch_init(wf_latch *latch, uint64_t count)
{
    wf_store_relaxed(&latch->word, count << 1); /* owner only: published with what it counts */
}

bool wf_latch_down(wf_latch *latch, uint64_t count)
{
    /* pair LT1 -> wf_latch_open(): all that was done before is seen by the waiter */
    uint64_t before = wf_sub_seq_cst(&latch->word, count << 1);
    return before >> 1 == count && (before & PARKED);
}

bool wf_latch_open(const wf_latch *latch)
{
    return wf_load_acquire(&latch->word) >> 1 == 0; /* pair LT1 -> wf_latch_down() */
}

uint64_t wf_latch_left(const wf_latch *latch)
{
    return wf_load_relaxed(&latch->word) >> 1; /* hint */
}

bool wf_latch_is_parked(const wf_latch *latch)
{
    /* pair SL3 -> wf_latch_park(): after publishing; either this sees the waiter or it sees the new split */
    return wf_load_seq_cst(&latch->word) & PARKED;
}

bool wf_latch_park(wf_latch *latch)
{
    uint64_t word = wf_load_relaxed(&latch->word); /* re-checked by the exchange */
    /* pair SL3 -> wf_latch_is_parked(), wf_latch_down() */
    while (word >> 1)
        if (wf_cas_seq_cst(&latch->word, &word, word | PARKED))
            return true;
    return false;
}

void wf_latch_unpark(wf_latch *latch)
{
    /* pair LT1 -> wf_latch_down(): as wf_latch_open() */
    (void)wf_and_acq_rel(&latch->word, ~PARKED);
}
