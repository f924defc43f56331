/* SPDX-License-Identifier: MIT */
/*
 * exec/timer.h - alarms: records that ring when their time has come, on their pool's clock thread.
 *
 * An alarm that is set lies in a heap, under the lock, with a reference of the clock's. Whoever takes it out has that
 * reference: the clock, which rings it; who unsets it; or the pool's end and an executor's shutdown, which cancel it.
 * The clock sleeps on a word that changes when something earlier was set, or all is to end.
 *
 * What follows an alarm inline runs in the clock, and in a pool without threads the tasks do, too. Where such a one waits, perhaps
 * for another alarm, another thread of the clock's comes to lead, and stays in reserve for the next time.
 */
#ifndef WF_EXEC_TIMER_H
#define WF_EXEC_TIMER_H

#include "data/heap.h"
#include "data/task.h"
#include "exec/executor.h"

struct wf_timers;

typedef struct wf_alarm {
    wf_wide wide; /* arg: whose executor's */
    void (*ring)(struct wf_alarm *self);
    struct wf_timers *timers;
    wf_node node;
    bool set; /* under the lock */
} wf_alarm;

/* A held record of `bytes` that is no executor's to run, not set yet; references: the clock's among them. 0, -ENOMEM,
 * -EAGAIN: no thread. */
int wf_alarm_new(const wf_door *door, size_t bytes, const wf_kind *kind, unsigned references,
                 wf_alarm **alarm);
/* False: the pool ends. The clock's reference is the caller's still. */
bool wf_alarm_set(wf_alarm *alarm, int64_t due_ns);
/* True: it was set; the clock's reference is the caller's. */
bool wf_alarm_unset(wf_alarm *alarm);
/* Cancels what is set for an executor. */
void wf_alarms_cancel(weft_executor *executor);
/* One that makes its future DONE, and is set; with a reference for the caller. As wf_alarm_new, -ESHUTDOWN. */
int wf_alarm_at(const wf_door *door, int64_t due_ns, wf_task **alarm);

#endif
