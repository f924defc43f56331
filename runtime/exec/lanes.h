/* SPDX-License-Identifier: MIT */
/*
 * exec/lanes.h - where an executor's tasks run side by side: lanes, as many as its limit, at most WF_LANES.
 *
 * Who holds a ticket of the executor (exec/tickets.h) has a lane, so that what is made for a lane (by the executor's start
 * hook) is used by one task at a time. A thread that is in one already, inside a task of the same executor, stays there.
 * Above the limit, or above WF_LANES, a task runs in no lane. A lane shows the label of the task that runs in it.
 *   taken   0 or 1: by compare-exchange, given back before the ticket is: who has a ticket finds one that is free
 */
#ifndef WF_EXEC_LANES_H
#define WF_EXEC_LANES_H

#include <weft/executor.h>

#include "sched/worker.h"

#define WF_LANES 64

typedef struct wf_lane {
    uint32_t taken;
    bool started; /* by who has taken it */
    const char *label;
} wf_lane;

typedef struct wf_lanes {
    unsigned count; /* the limit, at most WF_LANES */
    wf_lane lane[WF_LANES];
} wf_lanes;

/* The calling thread is in a lane until it leaves, in the reverse order. 0, or what the start hook answered: then it is in
 * none. */
int wf_lane_enter(wf_lanes *lanes, const weft_executor_config *config, wf_pass *pass);
void wf_lane_leave(wf_pass *pass);
/* Without a thread, for a task that runs elsewhere: one that is free and shows its label, from 1; 0: none is. */
unsigned wf_lane_hold(wf_lanes *lanes, const char *label);
/* The calling thread ends that task: it is in its lane until it leaves it, and the label is not shown any more. */
void wf_lane_resume(wf_lanes *lanes, unsigned held, wf_pass *pass);
/* Any thread in the pass: shows a label (NULL: "?" for no name); what it showed before, for wf_lane_unlabel. */
const char *wf_lane_label(const wf_pass *pass, const char *label);
void wf_lane_unlabel(const wf_pass *pass, const char *before);
/* Of the calling thread: the innermost pass of these lanes, or NULL. */
wf_pass *wf_lane_pass(const wf_lanes *lanes);
/* Nobody is in a lane any more: the stop hook for each that was started. */
void wf_lanes_stop(wf_lanes *lanes, const weft_executor_config *config);

#endif
