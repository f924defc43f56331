/* SPDX-License-Identifier: MIT */
/* proc/errand.c - see errand.h. */
#include "proc/errand.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/tunables.h"
#include "os/clock.h"
#include "os/thread.h"

/* ---- the answer, or none ------------------------------------------------------------------------- */

enum outcome { ANSWERED, DIED, LATE, STOPPED };

static int64_t after(int64_t ns)
{
    return ns == WEFT_FOREVER ? ns : wf_now_ns() + ns;
}

/* The process is told to stop, and then its time is short. */
static void stop_call(const wf_staff *staff, const wf_channel *channel, uint32_t number, int64_t *until)
{
    int64_t until_killed = after(staff->config.grace_ns);
    wf_channel_stop(channel, number);
    if (until_killed < *until)
        *until = until_killed;
}

/* An answer that comes soon is not slept for. Who spins has the process's PU, perhaps: others go first. */
static bool comes_soon(const wf_staff *staff, const wf_channel *channel, uint32_t number)
{
    uint32_t seen;
    int64_t since = wf_now_ns();
    while (!wf_channel_answered(channel, number, &seen))
        if (wf_now_ns() - since < staff->spin_ns)
            wf_thread_yield();
        else
            return false;
    return true;
}

/* Who only begins is let begin. */
static enum outcome await(wf_staff *staff, unsigned lane, uint32_t number, int64_t until, bool may_stop)
{
    const wf_channel *channel = &staff->crew.member[lane].channel;
    bool stopping = false;
    if (comes_soon(staff, channel, number))
        return ANSWERED;
    for (;;) {
        uint32_t seen;
        if (wf_channel_answered(channel, number, &seen))
            return ANSWERED;
        bool lives = wf_crew_lives(&staff->crew, lane);
        int64_t now = wf_now_ns(), look = now + WF_FAR_LOOK_NS;
        if (!lives || now >= until) /* and its last word was perhaps the answer */
            return wf_channel_answered(channel, number, &seen) ? ANSWERED
                   : stopping                                  ? STOPPED
                   : lives                                     ? LATE
                                                               : DIED;
        if (may_stop && !stopping && weft_should_stop()) {
            stopping = true;
            stop_call(staff, channel, number, &until);
        }
        wf_channel_wait(channel, seen, stopping || until < look ? until : look);
    }
}

__attribute__((format(printf, 3, 4))) static void tell(wf_answer *answer, int status, const char *format, ...)
{
    va_list list;
    answer->status = status;
    va_start(list, format);
    vsnprintf(answer->said, sizeof answer->said, format, list);
    va_end(list);
}

static void tell_end(wf_answer *answer, wf_process_end end, int pid)
{
    const char *name = sigabbrev_np(end.code), *words = sigdescr_np(end.code);
    if (end.way == WF_PROCESS_SIGNALLED)
        tell(answer, WEFT_EDIED, "worker process %d was killed by signal %d (SIG%s: %s)", pid, end.code,
             name ? name : "?", words ? words : "unknown");
    else if (end.way == WF_PROCESS_EXITED)
        tell(answer, WEFT_EDIED, "worker process %d exited with status %d before the task had ended", pid,
             end.code);
    else
        tell(answer, WEFT_EDIED, "worker process %d ended before the task had, nobody knows how", pid);
}

/* It is dead, or will be now: why there is no answer. */
static void tell_outcome(wf_staff *staff, unsigned lane, enum outcome outcome, bool begins, wf_answer *answer)
{
    int pid;
    wf_process_end end = wf_crew_end(&staff->crew, lane, 0, &pid);
    if (outcome == LATE && begins)
        tell(answer, -ETIMEDOUT, "worker process %d was killed: it had not begun in start_limit_ns", pid);
    else if (outcome == LATE)
        tell(answer, -ETIMEDOUT, "worker process %d was killed: the task's time was over", pid);
    else if (outcome == STOPPED)
        tell(answer, -ECANCELED, "worker process %d ended: the task was asked to stop, and did not", pid);
    else
        tell_end(answer, end, pid);
}

/* What a dead one has left is read as well, if somebody reads. */
static void fetch(wf_member *m, wf_errand *errand)
{
    size_t used = (size_t)errand->call.result_bytes;
    wf_channel *channel = &m->channel;
    uint32_t number = errand->number;
    m->is_read = true;
    if (errand->read)
        used = errand->read(errand, wf_channel_arg(channel, number), wf_channel_result(channel, number));
    else if (errand->answered)
        wf_channel_fetch(channel, number, errand->result);
    m->is_read = false;
    wf_channel_done(channel, number, used);
}

static bool ask(wf_staff *staff, unsigned lane, wf_errand *errand)
{
    wf_channel *channel = &staff->crew.member[lane].channel;
    const wf_call *call = &errand->call;
    size_t bytes =
        errand->room ? errand->room : wf_channel_result_at(call->arg_bytes) + (size_t)call->result_bytes;
    if (!wf_channel_room(channel, bytes, &errand->number))
        return false;
    if (errand->write)
        errand->write(errand, wf_channel_arg(channel, errand->number));
    wf_channel_ask(channel, errand->number, call, errand->arg);
    return true;
}

static void collect(wf_staff *staff, unsigned lane, wf_errand *errand)
{
    const wf_channel *channel = &staff->crew.member[lane].channel;
    int64_t until = errand->budget_ns ? after(errand->budget_ns) : WEFT_FOREVER;
    bool begins = errand->call.kind == WF_CALL_HELLO;
    enum outcome outcome = await(staff, lane, errand->number, until, !begins);
    errand->answered = outcome == ANSWERED;
    if (errand->answered)
        wf_channel_answer_of(channel, errand->number, &errand->answer);
    else
        tell_outcome(staff, lane, outcome, begins, &errand->answer);
    fetch(&staff->crew.member[lane], errand);
    if (!errand->answered)
        wf_crew_bury(&staff->crew, lane);
}

/* ---- a lane's process ---------------------------------------------------------------------------- */

static void dismiss(wf_staff *staff, unsigned lane, int64_t grace_ns)
{
    int pid;
    (void)wf_crew_end(&staff->crew, lane, grace_ns ? after(grace_ns) : 0, &pid);
    wf_crew_bury(&staff->crew, lane);
}

/* Why there is no process: the system has none. */
static bool hire(wf_staff *staff, unsigned lane, wf_answer *answer)
{
    int err = wf_crew_hire(&staff->crew, lane);
    if (err)
        tell(answer, err, "no worker process: %s", weft_strerror(err));
    return !err;
}

/* What its first function answers; then it is gone if that is not 0. */
static void greet(wf_staff *staff, unsigned lane, wf_answer *answer)
{
    wf_errand hello = {
        .call = staff->hello, .arg = staff->start_arg, .budget_ns = staff->config.start_limit_ns};
    (void)ask(staff, lane, &hello); /* the first one has room */
    collect(staff, lane, &hello);
    *answer = hello.answer;
    if (answer->status)
        dismiss(staff, lane, 0);
}

void wf_errand_end(wf_staff *staff, unsigned lane)
{
    wf_errand last = {.call = {.kind = WF_CALL_END}};
    if (wf_crew_lives(&staff->crew, lane))
        (void)ask(staff, lane, &last); /* nothing is under way */
    dismiss(staff, lane, staff->config.grace_ns);
}

int wf_errand_begin(wf_staff *staff, unsigned lane)
{
    wf_answer answer = {.status = 0};
    if (!hire(staff, lane, &answer))
        return 0; /* a task will try again, and say why if it has to */
    greet(staff, lane, &answer);
    return answer.status;
}

static bool is_worn(const wf_staff *staff, unsigned lane)
{
    return staff->config.tasks_each && staff->crew.member[lane].tasks >= staff->config.tasks_each;
}

/* One that lives and is not worn out; or why there is none. */
static bool have_process(wf_staff *staff, unsigned lane, wf_answer *answer)
{
    if (!staff->crew.member[lane].is_read && wf_crew_lives(&staff->crew, lane) && !is_worn(staff, lane))
        return true;
    wf_errand_end(staff, lane);
    if (hire(staff, lane, answer))
        greet(staff, lane, answer);
    return !answer->status;
}

static unsigned lane_of_caller(void)
{
    unsigned lane = (unsigned)weft_executor_lane();
    WF_CHECK(lane < WF_CREW_MAX, "an executor with a start hook runs nothing above its limit");
    return lane;
}

static bool ask_first(wf_staff *staff, unsigned lane, wf_errand *errand)
{
    if (!have_process(staff, lane, &errand->answer))
        return false;
    staff->crew.member[lane].tasks++;
    bool has_room = ask(staff, lane, errand);
    WF_CHECK(has_room, "who reads an answer asks for no other one, and all else has been collected");
    return true;
}

bool wf_errand_run(wf_staff *staff, wf_errand *errand)
{
    unsigned lane = lane_of_caller();
    errand->answer = (wf_answer){.status = 0};
    if (staff->crew.member[lane].is_read)
        tell(&errand->answer, -EDEADLK,
             "a hook that reads what a worker process answered waits for that process");
    if (errand->answer.status || (!errand->ahead && !ask_first(staff, lane, errand)))
        return false;
    errand->ahead = false;
    collect(staff, lane, errand);
    return true;
}

bool wf_errand_ahead(wf_staff *staff, wf_errand *errand)
{
    unsigned lane = lane_of_caller();
    if (!staff->crew.member[lane].is_read && wf_crew_lives(&staff->crew, lane) && !is_worn(staff, lane) &&
        ask(staff, lane, errand)) {
        staff->crew.member[lane].tasks++;
        errand->ahead = true;
    }
    return errand->ahead;
}

bool wf_errand_back(wf_staff *staff, wf_errand *errand)
{
    wf_member *m = &staff->crew.member[lane_of_caller()];
    if (errand->ahead && wf_channel_withdraw(&m->channel, errand->number)) {
        m->tasks--;
        errand->ahead = false;
    }
    return !errand->ahead;
}
