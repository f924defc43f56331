/* SPDX-License-Identifier: MIT */
/*
 * os/park.h - one thread sleeps until another one wakes it: a futex with a token.
 *
 * - A parker belongs to one thread at a time, lives in memory that never goes away while it may be woken,
 *   and holds at most one token. wake() before park() is not lost.
 * - park() may return without a wake (a signal, an old token): callers look at what they wait for again.
 *
 * Parties: one parks (P), any number wake (W).
 *   P1 token there? take it, return   P2 EMPTY -> ASLEEP or go to P1   P3 futex wait   P4 -> EMPTY
 *   W1 exchange TOKEN                 W2 if it was ASLEEP: futex wake
 */
#ifndef WF_OS_PARK_H
#define WF_OS_PARK_H

#include <stdbool.h>

#include "os/futex.h"

typedef struct wf_parker {
    uint32_t state; /* EMPTY, ASLEEP, TOKEN */
} wf_parker;

/* Sleeps until a wake or for about ns nanoseconds (WF_FOREVER: until a wake). */
void wf_park(wf_parker *parker, int64_t ns);

/* Is its thread in there, and has nobody woken it yet? A hint. */
bool wf_park_sleeps(const wf_parker *parker);

/* What the sleeper does after it happens after this call. Nothing of the parker is touched after the
 * sleeper may run but its address in the wake call. */
void wf_wake(wf_parker *parker);

#endif
