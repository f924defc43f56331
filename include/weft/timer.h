/* SPDX-License-Identifier: MIT */
/**
 * weft/timer.h - tasks that begin at a time, and again and again.
 *
 *     weft_submit_after(NULL, 500 * 1000000, retry, request, NULL);            // in half a second
 *     weft_submit_every(NULL, 0, 1000000000, print_progress, job, &progress);  // each second from now on
 *     ...
 *     weft_future_cancel(progress);
 *
 * A pool that is given a time keeps one thread for its clock, which sleeps until the next one is due: it hands tasks to
 * the executor and runs none (but in a pool without threads, where submitting is running; a second thread keeps the time
 * while one of those waits). It is created by the first
 * such call. A thread of its own, because an idle pool must not wake for what is not due yet, and a busy one must not
 * be late because its workers are in long calls.
 *
 * Until its time has come a task is PENDING and can be cancelled. Shutting its executor down cancels it, and so does
 * destroying the pool; if the executor was only closed, it is cancelled when its time has come. weft_task_spec.start_ns
 * is the same with everything that a task can have.
 */
#ifndef WEFT_TIMER_H
#define WEFT_TIMER_H

#include <weft/executor.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * As weft_submit, but fn(arg) does not begin before start_ns.
 * @param start_ns  of CLOCK_MONOTONIC; one that has passed: now
 * @return as weft_submit; -ESHUTDOWN (closed); -EAGAIN: the clock's thread could not be created
 */
WEFT_API int weft_submit_at(weft_executor *executor, int64_t start_ns, weft_task_fn *fn, void *arg,
                            weft_future **future);

/** The same, delay_ns nanoseconds from now; 0 or less: now. */
WEFT_API int weft_submit_after(weft_executor *executor, int64_t delay_ns, weft_task_fn *fn, void *arg,
                               weft_future **future);

/**
 * Runs fn(arg) at first_ns, first_ns + period_ns, and so on, never two at a time: a time that comes while fn still runs,
 * or waits to, is left out.
 * @param first_ns   of CLOCK_MONOTONIC; one that has passed: now
 * @param period_ns  at least 1
 * @param future     receives the future of all of them, to be released; NULL: it goes on until the executor is shut
 *                   down. It is PENDING until fn answers another status than 0: that, with the text of its
 *                   weft_fail, is its status then, and fn is not called any more. To cancel it ends it, too: no call begins any
 *                   more, one that runs is not waited for; so arg must last until it has ended, at the latest until the
 *                   executor is shut down
 * @return as weft_submit_at; -EINVAL also: period_ns
 */
WEFT_API int weft_submit_every(weft_executor *executor, int64_t first_ns, int64_t period_ns, weft_task_fn *fn,
                               void *arg, weft_future **future);

#ifdef __cplusplus
}
#endif
#endif
