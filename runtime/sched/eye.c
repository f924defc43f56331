/* SPDX-License-Identifier: MIT */
/* sched/eye.c - see eye.h. */
#include "sched/eye.h"

#include "os/clock.h"

/* A thing keeps its cell for this many times the longest wait for anything: two that share one take turns. */
#define TENURE 4

uint64_t wf_eye(wf_worker *self, const void *what, uint64_t seen)
{
    uint64_t hash = (uintptr_t)what / WF_LINE * UINT64_C(0x9e3779b97f4a7c15) >> 40;
    wf_sight *sight = &self->sights[hash % WF_SIGHTS];
    uint64_t now = wf_ticks();
    if (sight->what != what) {
        if (sight->what && now - sight->tenure < TENURE * self->pool->force_ticks)
            return 0;
        *sight = (wf_sight){.what = what, .tenure = now, .since = now, .seen = seen};
    } else if (sight->seen != seen) {
        sight->seen = seen;
        sight->since = now;
    }
    return now - sight->since;
}
