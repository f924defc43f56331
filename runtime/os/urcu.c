/* SPDX-License-Identifier: MIT */
/* os/urcu.c - see urcu.h. */
#include "os/urcu.h"

#include "os/barrier.h"
#include "os/memory.h"

bool wf_grace_usable(void)
{
    static uint64_t first;
    uint64_t seen = 0, now = wf_generation();
    return wf_cas_relaxed(&first, &seen, now) || seen == now; /* re-checked: it is set once */
}

bool wf_grace_wait(void *object)
{
    if (!wf_barrier_everywhere())
        return false;
    urcu_memb_synchronize_rcu();
    wf_tsan_receive(object);
    return true;
}
