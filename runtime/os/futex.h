/* SPDX-License-Identifier: MIT */
/*
 * os/futex.h - threads sleep while a word has a value: futex(2), private to the process but where shared is said.
 *
 * A wait may return early (a signal, a wake meant for what lay at the address before): callers look at the word
 * again. A wake uses the address alone: the word behind it may be gone already.
 */
#ifndef WF_OS_FUTEX_H
#define WF_OS_FUTEX_H

#include <stdint.h>

#define WF_FOREVER INT64_MAX

/* Sleeps while *word == seen, for about ns nanoseconds at most. */
void wf_futex_wait(uint32_t *word, uint32_t seen, int64_t ns);
/* The same, until the monotonic clock shows deadline_ns. */
void wf_futex_wait_until(uint32_t *word, uint32_t seen, int64_t deadline_ns);

void wf_futex_wake_one(uint32_t *word);
void wf_futex_wake_all(uint32_t *word);

/* The same of a word in memory that processes share: until the monotonic clock shows deadline_ns; all that sleep. */
void wf_futex_wait_shared(uint32_t *word, uint32_t seen, int64_t deadline_ns);
void wf_futex_wake_shared(uint32_t *word);

#endif
