/* SPDX-License-Identifier: MIT */
/*
 * data/latch.h - counts down to zero; one thread waits for that.
 *
 *   count << 1 | the waiter sleeps
 *
 * Whoever brings it to zero learns whether to wake the waiter and touches the latch no more: by then the
 * waiter may have used its memory for something else.
 */
#ifndef WF_DATA_LATCH_H
#define WF_DATA_LATCH_H

#include <stdbool.h>
#include <stdint.h>

typedef struct wf_latch {
    uint64_t word;
} wf_latch;

/* Before others know it. */
void wf_latch_init(wf_latch *latch, uint64_t count);
/* Any thread: `count` more are done. True: it was the last and the waiter sleeps. */
bool wf_latch_down(wf_latch *latch, uint64_t count);
/* Any thread. */
bool wf_latch_open(const wf_latch *latch);
/* Any thread: what is left, a hint. */
uint64_t wf_latch_left(const wf_latch *latch);
/* Does its waiter sleep? Any thread that holds a part of its count. */
bool wf_latch_is_parked(const wf_latch *latch);
/* Waiter: from now on the last one wakes it. False: nothing is left to wait for. */
bool wf_latch_park(wf_latch *latch);
/* Waiter: awake again. */
void wf_latch_unpark(wf_latch *latch);

#endif
