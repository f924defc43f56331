/* SPDX-License-Identifier: MIT */
/* os/park.c - see park.h. */
#include "os/park.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"

enum { EMPTY, ASLEEP, TOKEN };

void wf_park(wf_parker *parker, int64_t ns)
{
    uint32_t seen = EMPTY;
    if (wf_cas_acq_rel(&parker->state, &seen, (uint32_t)ASLEEP)) { /* pair PK1 -> wf_wake() */
        struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
        (void)syscall(SYS_futex, &parker->state, FUTEX_WAIT_PRIVATE, ASLEEP, ns == WF_FOREVER ? NULL : &t,
                      NULL, 0);
    }
    /* pair PK1 -> wf_wake(): what the waker did before it is seen */
    (void)wf_exchange_acq_rel(&parker->state, (uint32_t)EMPTY);
}

void wf_wake(wf_parker *parker)
{
    /* pair PK1 -> wf_park() */
    if (wf_exchange_acq_rel(&parker->state, (uint32_t)TOKEN) == ASLEEP)
        (void)syscall(SYS_futex, &parker->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
