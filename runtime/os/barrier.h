/* SPDX-License-Identifier: MIT */
/*
 * os/barrier.h - a memory barrier in every thread of the process, paid by its caller alone (membarrier(2),
 * private expedited; Linux 4.14): the other threads of an asymmetric Dekker pair need no fence.
 */
#ifndef WF_OS_BARRIER_H
#define WF_OS_BARRIER_H

#include <stdbool.h>

/* Registers the process; any number of times. False: the kernel has none, or a filter forbids it. */
bool wf_barrier_init(void);

/* All threads of the process have passed a full barrier since the call began. False: not done. Some
 * microseconds, and an interrupt on every core that runs a thread of the process. */
bool wf_barrier_everywhere(void);

#endif
