/* SPDX-License-Identifier: MIT */
/* jitter.h - the atomic verbs of base/atomic.h, with yields planted around them.
 *
 * - Any two atomic operations may lie a time slice apart, as they do where a thread is preempted between them: in the
 *   whole library (-Djitter=true), or in a race program's own copy of a module: it includes this first and then the source.
 * - The orders stay as they are. A yield is a system call, so that a store that waits in the core's buffer is out
 *   after it: what needs the buffer to go wrong is found by the calls without a yield, which are the most.
 */
#ifndef WEFT_TESTS_JITTER_H
#define WEFT_TESTS_JITTER_H

#include <sched.h>
#include <stdint.h>
#include <time.h>

#define WF_ATOMIC_REDIRECT
#include "base/atomic.h"

static _Thread_local uint64_t jitter_state;

/* Of a thread that did not say: it differs by thread, file and run. */
__attribute__((unused)) static uint64_t jitter_seed(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return ((uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u ^ (uintptr_t)&jitter_state) | 1;
}

/* Each thread, once: numbers differ by thread and seed. */
__attribute__((unused)) static void jitter_start(uint64_t number)
{
    jitter_state = number | 1;
}

/* One in 64 yields, one in 2,048 sleeps a moment. */
__attribute__((noinline, unused)) static void jitter(void)
{
    struct timespec moment = {0, 1};
    if (!jitter_state)
        jitter_state = jitter_seed();
    jitter_state ^= jitter_state << 13;
    jitter_state ^= jitter_state >> 7;
    jitter_state ^= jitter_state << 17;
    uint64_t draw = jitter_state >> 32;
    if (draw % 2048 == 1)
        nanosleep(&moment, NULL);
    else if (draw % 64 == 0)
        sched_yield();
}

/* Before a load; before and after what changes the word. */
#define JITTER_CHANGE(call)        \
    __extension__({                \
        jitter();                  \
        __auto_type was_ = (call); \
        jitter();                  \
        was_;                      \
    })
#define JITTER_STORE(p, v, order)      \
    do {                               \
        jitter();                      \
        __atomic_store_n(p, v, order); \
        jitter();                      \
    } while (0)

#define wf_load_relaxed(p) (jitter(), __atomic_load_n(p, __ATOMIC_RELAXED))
#define wf_load_acquire(p) (jitter(), __atomic_load_n(p, __ATOMIC_ACQUIRE))
#define wf_load_seq_cst(p) (jitter(), __atomic_load_n(p, __ATOMIC_SEQ_CST))

#define wf_store_relaxed(p, v) JITTER_STORE(p, v, __ATOMIC_RELAXED)
#define wf_store_release(p, v) JITTER_STORE(p, v, __ATOMIC_RELEASE)
#define wf_store_seq_cst(p, v) JITTER_STORE(p, v, __ATOMIC_SEQ_CST)

#define wf_exchange_acquire(p, v) JITTER_CHANGE(__atomic_exchange_n(p, v, __ATOMIC_ACQUIRE))
#define wf_exchange_release(p, v) JITTER_CHANGE(__atomic_exchange_n(p, v, __ATOMIC_RELEASE))
#define wf_exchange_acq_rel(p, v) JITTER_CHANGE(__atomic_exchange_n(p, v, __ATOMIC_ACQ_REL))
#define wf_exchange_seq_cst(p, v) JITTER_CHANGE(__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST))

#define wf_add_relaxed(p, v) JITTER_CHANGE(__atomic_fetch_add(p, v, __ATOMIC_RELAXED))
#define wf_or_relaxed(p, v) JITTER_CHANGE(__atomic_fetch_or(p, v, __ATOMIC_RELAXED))
#define wf_add_release(p, v) JITTER_CHANGE(__atomic_fetch_add(p, v, __ATOMIC_RELEASE))
#define wf_add_acq_rel(p, v) JITTER_CHANGE(__atomic_fetch_add(p, v, __ATOMIC_ACQ_REL))
#define wf_add_seq_cst(p, v) JITTER_CHANGE(__atomic_fetch_add(p, v, __ATOMIC_SEQ_CST))
#define wf_sub_relaxed(p, v) JITTER_CHANGE(__atomic_fetch_sub(p, v, __ATOMIC_RELAXED))
#define wf_sub_acq_rel(p, v) JITTER_CHANGE(__atomic_fetch_sub(p, v, __ATOMIC_ACQ_REL))
#define wf_sub_seq_cst(p, v) JITTER_CHANGE(__atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST))
#define wf_or_seq_cst(p, v) JITTER_CHANGE(__atomic_fetch_or(p, v, __ATOMIC_SEQ_CST))
#define wf_or_acq_rel(p, v) JITTER_CHANGE(__atomic_fetch_or(p, v, __ATOMIC_ACQ_REL))
#define wf_and_acq_rel(p, v) JITTER_CHANGE(__atomic_fetch_and(p, v, __ATOMIC_ACQ_REL))

#define JITTER_CAS(p, expected, v, order) \
    JITTER_CHANGE(__atomic_compare_exchange_n(p, expected, v, false, order, __ATOMIC_RELAXED))
#define wf_cas_relaxed(p, expected, v) JITTER_CAS(p, expected, v, __ATOMIC_RELAXED)
#define wf_cas_acquire(p, expected, v) JITTER_CAS(p, expected, v, __ATOMIC_ACQUIRE)
#define wf_cas_release(p, expected, v) JITTER_CAS(p, expected, v, __ATOMIC_RELEASE)
#define wf_cas_acq_rel(p, expected, v) JITTER_CAS(p, expected, v, __ATOMIC_ACQ_REL)
#define wf_cas_seq_cst(p, expected, v) JITTER_CAS(p, expected, v, __ATOMIC_SEQ_CST)

#endif
