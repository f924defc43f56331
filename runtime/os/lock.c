/* SPDX-License-Identifier: MIT */
/* os/lock.c - see lock.h. */
#include "os/lock.h"

#include "base/atomic.h"
#include "os/memory.h"
#include "os/thread.h"

#define LOOKS 256

static bool take(wf_lock *lock, uint64_t generation)
{
    uint64_t holder = 0;
    if (wf_cas_acq_rel(&lock->holder, &holder, generation)) /* pair PL1 -> wf_lock_give() */
        return true;
    return holder != generation && wf_cas_acq_rel(&lock->holder, &holder, generation); /* pair PL1 */
}

void wf_lock_take(wf_lock *lock)
{
    uint64_t generation = wf_generation();
    while (!take(lock, generation))
        wf_thread_yield();
}

bool wf_lock_try(wf_lock *lock)
{
    uint64_t generation = wf_generation();
    for (unsigned looks = 0; looks < LOOKS; looks++) {
        if (take(lock, generation))
            return true;
        wf_thread_yield();
    }
    return false;
}

void wf_lock_give(wf_lock *lock)
{
    wf_store_release(&lock->holder, (uint64_t)0); /* pair PL1 -> take() */
}
