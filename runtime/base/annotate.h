/* SPDX-License-Identifier: MIT */
/*
 * base/annotate.h - what ThreadSanitizer is told when the program is instrumented and this library is not; and
 * LeakSanitizer of memory that it does not look into.
 *
 * - The sanitizer's runtime, where the process has one, is found through weak symbols: an ordinary,
 *   installed library then draws no false report, and the program's own races are still seen.
 * - In an instrumented build of the library itself these are nothing: there its atomics must carry the order.
 *   Not so hand_over and receive: they tell what a library orders that is never instrumented.
 */
#ifndef WF_BASE_ANNOTATE_H
#define WF_BASE_ANNOTATE_H

#include <stddef.h>

#if defined(__SANITIZE_THREAD__)
#define WF_INSTRUMENTED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WF_INSTRUMENTED 1
#endif
#endif

extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

extern void __lsan_register_root_region(const void *begin, size_t bytes) __attribute__((weak));
extern void __lsan_unregister_root_region(const void *begin, size_t bytes) __attribute__((weak));

/* Mapped memory: what is known from there only, by a task that nobody has run when the process ends, is no leak. */
static inline void wf_lsan_looks_into(const void *begin, size_t bytes)
{
    if (__lsan_register_root_region)
        __lsan_register_root_region(begin, bytes);
}

static inline void wf_lsan_leaves(const void *begin, size_t bytes)
{
    if (__lsan_unregister_root_region)
        __lsan_unregister_root_region(begin, bytes);
}

static inline void wf_tsan_receive(void *address)
{
    if (__tsan_acquire)
        __tsan_acquire(address);
}

static inline void wf_tsan_hand_over(void *address)
{
    if (__tsan_release)
        __tsan_release(address);
}

#ifdef WF_INSTRUMENTED
#define wf_tsan_acquire(p) ((void)(p))
#define wf_tsan_release(p) ((void)(p))
#else
#define wf_tsan_acquire(p) wf_tsan_receive(p)
#define wf_tsan_release(p) wf_tsan_hand_over(p)
#endif

#endif
