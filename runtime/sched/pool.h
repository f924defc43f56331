/* SPDX-License-Identifier: MIT */
/*
 * sched/pool.h - a pool's life, and entering one; the public face is weft/pool.h.
 */
#ifndef WF_SCHED_POOL_H
#define WF_SCHED_POOL_H

#include <errno.h>

#include "os/memory.h"
#include "sched/seat.h"
#include "sched/worker.h"

/* What a call that takes a pool does first: finds the pool that is meant and makes the caller one of it. */
typedef struct wf_entry {
    wf_worker *self; /* NULL: no seat was free, run serially */
    bool visiting;
    wf_visit visit;
} wf_entry;

/* The pool that a caller means: the one given, the one it works in, or the default one. 0, -ENOMEM, -EOWNERDEAD. */
int wf_pool_current(weft_pool **current);
static inline int wf_pool_meant(weft_pool *given, weft_pool **meant)
{
    *meant = given;
    if (!given)
        return wf_pool_current(meant);
    return given->generation == wf_generation() ? 0 : -EOWNERDEAD;
}

/* 0, or an error of the public call (-ENOMEM, -EOWNERDEAD); then there is nothing to leave. */
int wf_pool_enter(weft_pool *pool, wf_entry *entry);
void wf_pool_leave(wf_entry *entry);

#endif
