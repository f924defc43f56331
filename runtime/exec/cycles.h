/* SPDX-License-Identifier: MIT */
/*
 * exec/cycles.h - waits that can never end say so.
 *
 * Before a thread that is inside a task sleeps without a deadline, it writes down here what it waits for; the tasks that
 * it is inside of cannot end before that has. So there is a graph:
 *
 *   a task that noted threads are inside of   needs   all that they wait for
 *   a pending task of an executor that is full   needs   so many of the tasks that hold its tickets to end that one is free:
 *      what is lent goes back to who lent it; unless who waits for it runs one of those: he lends it his ticket
 *   a task in the line of a limit   needs   so many of the tasks that hold its permits to end that one is free
 *   several as one (exec/combine.h), a set (exec/completions.h)   need   one of those that have not ended
 *   room in an executor, its end, a stream's next item   need   one of those that run for it to end
 *   anything else   is alive: somebody runs it, or may come to run it, or it is fulfilled from outside
 *
 * If from what a thread is about to wait for nothing alive can be reached, it must not sleep. Whoever would close a
 * circle is the one who sees it: notes are made and looked at under one lock. (Who needs several to end, and is woken by each,
 * sees it when those that are alive have ended.) Joins and loops are not noted: what they
 * wait for is alive. Nor are waits with a deadline: they end.
 */
#ifndef WF_EXEC_CYCLES_H
#define WF_EXEC_CYCLES_H

#include "data/task.h"
#include "sched/tasks.h"

typedef struct wf_waiter {
    wf_task *awaited;
    const wf_running *inside; /* the innermost; NULL: not noted */
    struct wf_waiter *next, **link;
    enum { WF_NOT_SEEN, WF_ON_THE_WAY, WF_ENDS } seen; /* by who looks just now */
    bool told;
} wf_waiter;

/* The calling thread is about to sleep until `awaited` ends, or the deadline. 0, then done() has to follow; -EDEADLK: it
 * would never end; the running task's error text says why. */
int wf_waiter_begin(wf_waiter *waiter, wf_task *awaited, int64_t deadline_ns);
void wf_waiter_done(wf_waiter *waiter);
/* After -EDEADLK it found something to run that had come meanwhile: nothing is said. */
void wf_waiter_helped(void);
/* It waits for a task, or a crowd, that the calling thread is inside of: the same text. -EDEADLK. */
int wf_waits_for_itself(const wf_task *awaited);

/* What ends with what others run, as something to wait for: on the stack of who waits. */
typedef struct wf_crowd {
    wf_wide wide;
    const void *of;
    unsigned (*running)(const void *of);                 /* tasks; 0: it waits for something else */
    bool (*is_one)(const wf_task *task, const void *of); /* of a task that runs */
    char label[56];
} wf_crowd;

/* what: "the end of"; name: the executor's; NULL. The three above are filled in before. */
void wf_crowd_init(wf_crowd *crowd, const char *what, const char *name);
/* wf_crowd.is_one, of the tasks of an executor. */
bool wf_is_task_of(const wf_task *task, const void *executor);

#endif
