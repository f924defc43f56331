/* SPDX-License-Identifier: MIT */
/*
 * base/atomic.h - C11 atomic operations with the memory order in their name.
 *
 * - The compiler's __atomic builtins on plain objects: the inlined part of the public headers works on
 *   the same words, and C++ has no _Atomic. A word that threads share is accessed through these alone.
 * - One place to redirect: a test that plants delays defines WF_ATOMIC_REDIRECT and brings its own verbs.
 * - The model checker needs no other verbs: it takes the calls that -fsanitize=thread makes of these (tests/model).
 * - Each acquire, release, acq_rel and seq_cst in the sources carries a pair tag, each relaxed a reason.
 */
#ifndef WF_BASE_ATOMIC_H
#define WF_BASE_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#ifndef WF_ATOMIC_REDIRECT

#define wf_load_relaxed(p) __atomic_load_n(p, __ATOMIC_RELAXED)
#define wf_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define wf_load_seq_cst(p) __atomic_load_n(p, __ATOMIC_SEQ_CST)

#define wf_store_relaxed(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define wf_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define wf_store_seq_cst(p, v) __atomic_store_n(p, v, __ATOMIC_SEQ_CST)

#define wf_exchange_acquire(p, v) __atomic_exchange_n(p, v, __ATOMIC_ACQUIRE)
#define wf_exchange_release(p, v) __atomic_exchange_n(p, v, __ATOMIC_RELEASE)
#define wf_exchange_acq_rel(p, v) __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL)
#define wf_exchange_seq_cst(p, v) __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)

#define wf_add_relaxed(p, v) __atomic_fetch_add(p, v, __ATOMIC_RELAXED)
#define wf_add_release(p, v) __atomic_fetch_add(p, v, __ATOMIC_RELEASE)
#define wf_add_acq_rel(p, v) __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL)
#define wf_add_seq_cst(p, v) __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST)
#define wf_sub_relaxed(p, v) __atomic_fetch_sub(p, v, __ATOMIC_RELAXED)
#define wf_sub_acq_rel(p, v) __atomic_fetch_sub(p, v, __ATOMIC_ACQ_REL)
#define wf_sub_seq_cst(p, v) __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST)
#define wf_or_relaxed(p, v) __atomic_fetch_or(p, v, __ATOMIC_RELAXED)
#define wf_or_seq_cst(p, v) __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)
#define wf_or_acq_rel(p, v) __atomic_fetch_or(p, v, __ATOMIC_ACQ_REL)
#define wf_and_acq_rel(p, v) __atomic_fetch_and(p, v, __ATOMIC_ACQ_REL)

/* Strong compare-exchange; *expected receives what was there. A failure has relaxed order. */
#define wf_cas_relaxed(p, expected, v) \
    __atomic_compare_exchange_n(p, expected, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)
#define wf_cas_acquire(p, expected, v) \
    __atomic_compare_exchange_n(p, expected, v, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)
#define wf_cas_release(p, expected, v) \
    __atomic_compare_exchange_n(p, expected, v, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)
#define wf_cas_acq_rel(p, expected, v) \
    __atomic_compare_exchange_n(p, expected, v, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)
#define wf_cas_seq_cst(p, expected, v) \
    __atomic_compare_exchange_n(p, expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)

#endif

/* A hint to the core that this thread spins. */
#ifdef WF_MODEL /* to the checker as well: let others go on */
void wf_pause(void);
#else
static inline void wf_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}
#endif

/* Two lines: the adjacent-line prefetch of x86 and the 128-byte lines of some arm64 cores. */
#define WF_LINE 128

/* What a thread from outside comes through that submits a task and waits for it lies side by side: after an idleness its code is
 * fetched from 6 pages and not from 16. */
#define WF_TOGETHER __attribute__((hot))

#endif
