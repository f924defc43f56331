/* SPDX-License-Identifier: MIT */
/*
 * os/clock.h - time: monotonic nanoseconds, and the core's own counter for short spans.
 *
 * Ticks cost about 10 ns and are for spinning and for measuring blocks; their rate is measured once a
 * process (20 us) or read from the core (arm64).
 */
#ifndef WF_OS_CLOCK_H
#define WF_OS_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC. */
int64_t wf_now_ns(void);

/* The time that the calling thread has run. A system call. */
int64_t wf_thread_ns(void);
/* The same of another thread of the process, by what the kernel calls it; negative: there is none. */
int64_t wf_thread_ns_of(int tid);

/* To be called before wf_ticks_of; any thread, any number of times. */
void wf_clock_init(void);

/* How many ticks ns last; at least 1. */
uint64_t wf_ticks_of(int64_t ns);

/* And back: how many ns so many ticks are. */
int64_t wf_ns_of(uint64_t ticks);

/* How many ticks pass between two readings with nothing in between, at best. */
uint64_t wf_ticks_cost(void);

#ifdef WF_MODEL /* time is the checker's to tell */
uint64_t wf_ticks(void);
#else
static inline uint64_t wf_ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t t;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(t));
    return t;
#else
    return (uint64_t)wf_now_ns();
#endif
}
#endif

#endif
