/* SPDX-License-Identifier: MIT */
/* sched/self.c - see self.h. */
#include "sched/self.h"

static weft_worker_ start = {.top = 0, .limit = INTPTR_MIN, .claim = INTPTR_MAX, .room = 1};

__thread weft_worker_ *weft_self_ = &start;

static __thread weft_worker_ outside;

weft_worker_ *wf_outside(void)
{
    outside.limit = outside.room = INTPTR_MIN;
    outside.claim = INTPTR_MAX;
    return &outside;
}
