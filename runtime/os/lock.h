/* SPDX-License-Identifier: MIT */
/*
 * os/lock.h - a lock for what is seldom done, that fork(2) does not leave locked in the child.
 *
 *   0: open; else the generation of the process that holds it: a child does not wait for a holder that stayed behind
 *   in its parent. What the lock protects may then be half done: its user has to know the generation, too.
 */
#ifndef WF_OS_LOCK_H
#define WF_OS_LOCK_H

#include <stdbool.h>
#include <stdint.h>

typedef struct wf_lock {
    uint64_t holder;
} wf_lock;

void wf_lock_take(wf_lock *lock);
/* False: it was held, for as long as a few hundred looks took. From anywhere, also where the calling thread itself
 * was interrupted while it held it. */
bool wf_lock_try(wf_lock *lock);
void wf_lock_give(wf_lock *lock);

#endif
