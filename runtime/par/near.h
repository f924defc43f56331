/* SPDX-License-Identifier: MIT */
/*
 * par/near.h - how a loop is laid out that is to run near the memory of its items.
 *
 * - The kernel is asked where pages lie, once: of all of them, or of 256 that stand for as many stretches of equal length, each
 *   chosen at random in its own (pages that take turns on two nodes would all seem to be on one where every second is
 *   looked at). So a boundary between nodes is met to within a 256th of the items.
 * - What lies between two that are on one node is there, too; of a page that is not there, or unknown, the same is
 *   believed as of the one before.
 * - Pages on a node where nobody of the pool sits are near to nobody.
 */
#ifndef WF_PAR_NEAR_H
#define WF_PAR_NEAR_H

#include "sched/layout.h"

#include <weft/parallel.h>

/* What the first of the items has begins at memory. False: nothing is known, or the pages change nodes too often. */
bool wf_near_plan(const weft_pool *pool, const char *memory, size_t item_bytes, size_t items, wf_plan *plan);

#endif
