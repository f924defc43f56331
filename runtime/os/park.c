/* SPDX-License-Identifier: MIT */
/* os/park.c - see park.h. */
#include "os/park.h"

#include "base/atomic.h"

enum { EMPTY, ASLEEP, TOKEN };

void wf_park(wf_parker *parker, int64_t ns)
{
    uint32_t seen = EMPTY;
    if (wf_cas_acq_rel(&parker->state, &seen, (uint32_t)ASLEEP)) /* pair PK1 -> wf_wake() */
        wf_futex_wait(&parker->state, ASLEEP, ns);
    /* pair PK1 -> wf_wake(): what the waker did before it is seen */
    (void)wf_exchange_acq_rel(&parker->state, (uint32_t)EMPTY);
}

bool wf_park_sleeps(const wf_parker *parker)
{
    return wf_load_relaxed(&parker->state) == ASLEEP; /* hint */
}

WF_TOGETHER void wf_wake(wf_parker *parker)
{
    /* pair PK1 -> wf_park() */
    if (wf_exchange_acq_rel(&parker->state, (uint32_t)TOKEN) == ASLEEP)
        wf_futex_wake_one(&parker->state);
}
