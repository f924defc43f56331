/* SPDX-License-Identifier: MIT */
/*
 * model/world/urcu_grace.c - liburcu's grace periods (memb flavour), as its documentation promises them.
 *
 * urcu.h:
 *   synchronize_rcu             waits until "all pre-existing RCU read-side critical sections" have completed, and is a
 *                               full barrier in every thread
 *   read_lock, read_unlock      nest; wait-free; "must be called by registered threads only": checked
 * Not instrumented: the checker's.
 */
#include <urcu/urcu-memb.h>

#include "checker/mc.h"

#define ALL (MC_THREADS + 1)

/* Which section each thread is in; sections are numbered. */
static struct reader {
    uint64_t execution;
    bool registered;
    unsigned nested, section;
} readers[ALL];

static unsigned seen[ALL][ALL];

static struct reader *own(void)
{
    struct reader *reader = &readers[mc_self()];
    if (reader->execution != mc_execution())
        *reader = (struct reader){.execution = mc_execution(), .section = reader->section};
    return reader;
}

void urcu_memb_register_thread(void)
{
    own()->registered = true;
}

void urcu_memb_unregister_thread(void)
{
    own()->registered = false;
}

void urcu_memb_read_lock(void)
{
    struct reader *reader = own();
    if (!reader->registered)
        mc_fail("a read section of a thread that is not registered");
    if (!reader->nested) {
        mc_point(); /* a grace period may begin just before */
        reader->section++;
    }
    reader->nested++;
}

void urcu_memb_read_unlock(void)
{
    if (--own()->nested == 0)
        mc_hand(mc_self());
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
