/* SPDX-License-Identifier: MIT */
/*
 * model/world/urcu_grace.c - liburcu's grace periods (memb flavour), as its documentation promises them.
 *
 * urcu.h:
 *   synchronize_rcu             waits until "all pre-existing RCU read-side critical sections" have completed, and is a
 *                               full barrier in every thread
 *   read_lock, read_unlock      nest; wait-free
 * Not instrumented: the checker's.
 */
#include <urcu/urcu-memb.h>

#include "checker/mc.h"

#define ALL (MC_THREADS + 1)

/* Which section each thread is in; sections are numbered. */
static struct {
    uint64_t execution;
    unsigned nested, section;
} readers[ALL];

static unsigned seen[ALL][ALL];

void urcu_memb_register_thread(void)
{
}

void urcu_memb_unregister_thread(void)
{
}

void urcu_memb_read_lock(void)
{
    unsigned self = mc_self();
    if (readers[self].execution != mc_execution()) {
        readers[self].execution = mc_execution();
        readers[self].nested = 0;
    }
    if (!readers[self].nested++)
        readers[self].section++;
}

void urcu_memb_read_unlock(void)
{
    unsigned self = mc_self();
    if (--readers[self].nested == 0)
        mc_hand(self);
}

static bool in_section(unsigned thread)
{
    return readers[thread].execution == mc_execution() && readers[thread].nested;
}

static bool all_left(void *arg)
{
    const unsigned *was = arg;
    for (unsigned i = 0; i < ALL; i++)
        if (in_section(i) && readers[i].section == was[i])
            return false;
    return true;
}

void urcu_memb_synchronize_rcu(void)
{
    unsigned *was = seen[mc_self()];
    if (in_section(mc_self()))
        mc_fail("a grace period inside a read section");
    mc_fence_everywhere();
    for (unsigned i = 0; i < ALL; i++)
        was[i] = readers[i].section;
    mc_block(all_left, was, "readers to leave");
    for (unsigned i = 0; i < ALL; i++)
        mc_receive(i);
    mc_fence_everywhere();
}
