/* SPDX-License-Identifier: MIT */
/*
 * proc/errand.h - one call to a lane's process and back: makes the process if there is none, waits for its answer, and tells
 * what became of it if there is none.
 *
 * The caller has the lane (exec/lanes.h). A process that died in a call, or was killed for it, is buried with it; the next
 * errand of the lane finds a new one. Who has several for the process sends the next one ahead while it runs the first: then
 * the process need not wait for it.
 */
#ifndef WF_PROC_ERRAND_H
#define WF_PROC_ERRAND_H

#include "proc/child.h"
#include "proc/crew.h"

/* All processes of an executor, and what is to be known about them. */
typedef struct wf_staff {
    weft_processes_config config;
    int64_t spin_ns; /* who waits for an answer looks for it so long before he sleeps */
    wf_call hello;
    void *start_arg;
    wf_crew crew;
} wf_staff;

typedef struct wf_errand {
    wf_call call;
    const void *arg;
    void *result; /* receives call.result_bytes of an answered call */
    /* Or: writes the argument into the shared memory, and may change the call; and reads there what the process has left,
     * also a dead one: answers how many bytes of the result that used. */
    void (*write)(struct wf_errand *errand, void *arg);
    size_t (*read)(struct wf_errand *errand, const void *arg, const void *result);
    size_t room;       /* bytes for both, if `write` makes it more than the call says; 0: it does not */
    int64_t budget_ns; /* 0: as long as it takes */
    uint32_t number;   /* of its call, once it was asked */
    bool ahead;        /* it was */
    bool answered;     /* by the process */
    wf_answer answer;
} wf_errand;

/* answer: of the process; or WEFT_EDIED, -ETIMEDOUT, -ECANCELED; or why there is no process. True: it came to a process. */
bool wf_errand_run(wf_staff *staff, wf_errand *errand);
/* Its call goes to the process now, behind others; wf_errand_run waits for the answer then. False: it has no room, or will
 * have ended before. */
bool wf_errand_ahead(wf_staff *staff, wf_errand *errand);
/* Of one that was sent ahead: it comes back, as if it had not been. False: it has begun. */
bool wf_errand_back(wf_staff *staff, wf_errand *errand);
/* Makes the process of a lane: what its first function answers; 0 also if the system has no process for it just now. */
int wf_errand_begin(wf_staff *staff, unsigned lane);
/* Ends it. */
void wf_errand_end(wf_staff *staff, unsigned lane);

#endif
