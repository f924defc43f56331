/* SPDX-License-Identifier: MIT */
/* exec/serial.c - see serial.h. */
#include "exec/serial.h"

#include <errno.h>

#include "os/clock.h"
#include "os/thread.h"

static bool has_turn(void *arg)
{
    const wf_queued *q = arg;
    return wf_tickets_left(&q->tickets);
}

int wf_serial_help(weft_executor *executor, weft_future *future, int64_t deadline_ns)
{
    wf_queued *q = wf_queued_of(executor);
    while (!wf_task_ended(future)) {
        wf_pass pass;
        if (!wf_thread_stack_left())
            return WEFT_ESTACK;
        if (!wf_queued_waiter_begins(executor, NULL, &pass)) {
            int err = wf_tickets_wait(&q->tickets, has_turn, q, future, deadline_ns);
            if (err)
                return err;
            continue;
        }
        bool ran = wf_queued_run_next(q);
        wf_queued_waiter_ended(executor, &pass);
        if (!ran && wf_task_state_of(future) != WF_TASK_PENDING)
            return 0;
        if (!ran)
            wf_thread_yield(); /* half-way in */
        if (deadline_ns != WEFT_FOREVER && wf_now_ns() >= deadline_ns)
            return wf_task_ended(future) ? 0 : -ETIMEDOUT;
    }
    return 0;
}

void wf_serial_drain(wf_queued *q)
{
    wf_pass pass;
    while (wf_queued_visible(q) && wf_queued_waiter_begins(&q->base, NULL, &pass)) {
        bool ran = wf_queued_run_next(q);
        wf_queued_waiter_ended(&q->base, &pass);
        if (!ran)
            wf_thread_yield(); /* half-way in: a few instructions of theirs */
    }
}
