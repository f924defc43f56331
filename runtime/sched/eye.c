/* SPDX-License-Identifier: MIT */
/* sched/eye.c - see eye.h. */
#include "sched/eye.h"

#include "os/clock.h"

uint64_t wf_eye(wf_sight *sight, uint64_t seen)
{
    uint64_t now = wf_ticks();
    if (wf_load_relaxed(&sight->seen) == seen)       /* hint */
        return now - wf_load_relaxed(&sight->since); /* hint */
    wf_store_relaxed(&sight->since, now);            /* hint */
    wf_store_relaxed(&sight->seen, seen);            /* hint */
    return 0;
}
