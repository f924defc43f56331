/* SPDX-License-Identifier: MIT */
/*
 * par/verdict.h - what the numbers of weft_tune mean, and its table; the public face is weft/tune.h.
 *
 * The first of these that holds:
 *   too little   alone the sample takes less than WF_LITTLE_NS
 *   waiting      of an item's time, WF_TUNE_WAITS or more
 *   not clear    too few units of items had the CPU for themselves, both times
 *   memory       the median of first / again is 1.3 or more, and three quarters are 1.1 or more
 *   CPU          the median is 1.15 at most
 *   not clear    between the two
 */
#ifndef WF_PAR_VERDICT_H
#define WF_PAR_VERDICT_H

#include <weft/tune.h>

#define WF_TUNE_WAITS 0.3
#define WF_TUNE_UNITS 12 /* for an answer */

/* Of units of items that were run and run again at once: CPU time first / again. */
typedef struct wf_again {
    unsigned units, tried; /* what counts; all */
    double ratio, lower;   /* the median and the lower quartile */
} wf_again;

/* tuning has its numbers, and receives bound and reason. */
void wf_verdict(weft_tuning *tuning, const wf_again *again);

#endif
