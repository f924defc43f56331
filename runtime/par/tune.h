/* SPDX-License-Identifier: MIT */
/*
 * par/tune.h - what bounds a job; the public face is weft/tune.h.
 *
 *   1 alone    the sample in the caller: how much of the time is waiting; then unit by unit, each run again at once: is it
 *              faster with its data in the cache?
 *   2 rows     the sample alone, in the pool, in pools of our own, round after round
 * Each has a share of the budget, and begins nothing when that is used up. What the numbers mean: par/verdict.h.
 */
#ifndef WF_PAR_TUNE_H
#define WF_PAR_TUNE_H

#include <weft/tune.h>

#endif
