/* SPDX-License-Identifier: MIT */
/* exec/cycles.c - see cycles.h. */
#include "exec/cycles.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "exec/limit.h"
#include "os/lock.h"
#include "os/memory.h"

/* All under the lock. After a fork(2) the child's is empty. */
static struct {
    wf_lock lock;
    wf_waiter *first;
    uint64_t generation;
} noted;

/* ---- what it says ------------------------------------------------------------------------------- */

static bool is_several(const wf_task *task)
{
    const wf_kind *kind = wf_task_kind(task);
    return kind && kind->some;
}

static const char *label_of(const wf_task *task)
{
    const char *label = wf_task_label(task);
    return label ? label : is_several(task) ? "one of several" : "a task";
}

/* Goes on with the text of the calling thread's running task. */
static void say(bool anew, const char *format, ...)
{
    wf_running *running = wf_tasks_innermost();
    char *text = anew ? wf_alloc(WF_SAID_BYTES) : wf_running_take_said(running);
    if (!text)
        return;
    va_list list;
    size_t used = anew ? 0 : strlen(text);
    va_start(list, format);
    vsnprintf(text + used, WF_SAID_BYTES - used, format, list);
    va_end(list);
    wf_running_says(running, text);
}

/* ---- the graph ---------------------------------------------------------------------------------- */

static bool is_inside(const wf_waiter *waiter, const wf_task *task)
{
    for (const wf_running *r = waiter->inside; r; r = r->outer)
        if (r->task == task)
            return true;
    return false;
}

/* The noted thread that is inside of the task, or NULL. */
static wf_waiter *inside_of(const wf_task *task)
{
    wf_waiter *waiter = noted.first;
    while (waiter && !is_inside(waiter, task))
        waiter = waiter->next;
    return waiter;
}

bool wf_is_task_of(const wf_task *task, const void *executor)
{
    return wf_tasks_executor(task) == executor;
}

static const struct weft_executor *full_executor(const wf_task *task)
{
    const struct weft_executor *executor = wf_tasks_executor(task);
    unsigned running;
    bool is = wf_task_state_of(task) == WF_TASK_PENDING && executor && wf_engine_of(executor) &&
              wf_engine_of(executor)->full(executor, &running);
    return is ? executor : NULL;
}

/* Under the lock: whose wait is looked at, and who looks. */
static const wf_waiter *whose, *looking;

/* Who waits for what lies in the queue of the executor whose task he runs looks for it himself, and runs it. The calling
 * thread did just now: only what is held may become his to run. */
static bool runs_it(const wf_task *task, const struct weft_executor *full)
{
    if ((whose == looking && !wf_task_held(task)) || wf_task_away((wf_task *)(uintptr_t)task))
        return false;
    for (const wf_running *r = whose->inside; r; r = r->before)
        if (!r->of && wf_is_task_of(r->task, full))
            return true;
    return false;
}

static bool can_end(const wf_task *task);

/* Under the lock, of what others run, so many tasks: may `enough` of them come to their end? Who is not noted is alive. */
static bool enough_end(const wf_crowd *c, unsigned running, unsigned enough,
                       bool (*ends)(const wf_task *part))
{
    unsigned known = 0;
    for (const wf_waiter *w = noted.first; w; w = w->next)
        for (const wf_running *r = w->inside; r; r = r->outer)
            known += c->is_one(r->task, c->of) && inside_of(r->task) == w;
    unsigned alive = known < running ? running - known : 0;
    for (const wf_waiter *w = noted.first; w && alive < enough; w = w->next)
        for (const wf_running *r = w->inside; r && alive < enough; r = r->outer)
            alive += c->is_one(r->task, c->of) && inside_of(r->task) == w && ends(r->task);
    return alive >= enough;
}

/* Who runs above the limit, on a ticket that was lent to him, makes no room when he ends. */
static bool gets_room(const struct weft_executor *full)
{
    unsigned running, enough = wf_engine_of(full)->full(full, &running);
    return enough_end(&(wf_crowd){.of = full, .is_one = wf_is_task_of}, running, enough, can_end);
}

/* ---- crowds ------------------------------------------------------------------------------------- */

static bool crowd_ends(const wf_task *task, bool (*ends)(const wf_task *part))
{
    const wf_crowd *c = (const void *)task;
    unsigned running = c->running(c->of);
    return !running || enough_end(c, running, 1, ends);
}

static const char *crowd_label(const wf_task *task)
{
    return ((const wf_crowd *)(const void *)task)->label;
}

static const wf_kind crowd_kind = {.some = crowd_ends, .label = crowd_label};

void wf_crowd_init(wf_crowd *crowd, const char *what, const char *name)
{
    wf_task_init_held(&crowd->wide, &crowd_kind, NULL, NULL, 1);
    snprintf(crowd->label, sizeof crowd->label, name ? "%s %s" : "%s", what, name);
}

/* ---- can it end? -------------------------------------------------------------------------------- */

/* Its place in a limit, if it may be in the line. */
static wf_limited *limited(const wf_task *task)
{
    const wf_kind *kind = wf_task_kind(task);
    return kind && kind->limited && wf_task_held(task) ? kind->limited(task) : NULL;
}

/* What led to it does not show that it ends. */
static bool waiter_ends(wf_waiter *waiter)
{
    if (waiter->seen)
        return waiter->seen == WF_ENDS;
    const wf_waiter *before = whose;
    whose = waiter;
    waiter->seen = WF_ON_THE_WAY;
    bool ends = can_end(waiter->awaited);
    waiter->seen = ends ? WF_ENDS : WF_NOT_SEEN;
    whose = before;
    return ends;
}

/* Another look, by who has noted `own`. */
static bool is_stuck(wf_waiter *waiter, wf_waiter *own)
{
    for (wf_waiter *w = noted.first; w; w = w->next)
        w->seen = WF_NOT_SEEN;
    own->seen = WF_ON_THE_WAY;
    return waiter == own || !waiter_ends(waiter);
}

static bool can_end(const wf_task *task)
{
    if (is_several(task))
        return wf_task_ended(task) || wf_task_kind(task)->some(task, can_end);
    const wf_limited *in_line = limited(task);
    if (in_line)
        return wf_limited_can_end(in_line, can_end);
    const struct weft_executor *full = full_executor(task);
    if (full)
        return runs_it(task, full) || gets_room(full);
    for (wf_waiter *waiter = noted.first; waiter; waiter = waiter->next)
        if (is_inside(waiter, task) && !waiter_ends(waiter))
            return false;
    return true;
}

static bool is_under(const wf_task *task, const void *limit)
{
    return wf_limit_of(task) == limit;
}

static bool has_one(const wf_waiter *waiter, bool (*is_one)(const wf_task *task, const void *of),
                    const void *of)
{
    for (const wf_running *r = waiter->inside; r; r = r->outer)
        if (is_one(r->task, of))
            return true;
    return false;
}

/* Is the noted thread inside of what the task needs? */
static bool is_needed(const wf_waiter *waiter, const wf_task *task, const struct weft_executor *full,
                      const weft_limit *limit)
{
    if (limit)
        return has_one(waiter, is_under, limit);
    return full ? has_one(waiter, wf_is_task_of, full) : is_inside(waiter, task);
}

/* Under the lock: the one that was found last. */
static const wf_task *part;

static bool is_found(const wf_task *task)
{
    part = task;
    return true;
}

/* Of several, one that has not ended. */
static const wf_task *one_of(const wf_task *task)
{
    while (is_several(task)) {
        part = NULL;
        (void)wf_task_kind(task)->some(task, is_found);
        if (!part)
            return task;
        task = part;
    }
    return task;
}

/* The first way round, from what the calling thread waits for. */
static void tell(wf_waiter *own)
{
    say(true, "deadlock: %s waits for %s", label_of(own->inside->task), label_of(own->awaited));
    const wf_task *task = own->awaited;
    for (wf_waiter *w = noted.first; w; w = w->next)
        w->told = false;
    for (;;) {
        if (is_several(task)) {
            const char *which = wf_task_label(task) ? "held up by" : "among them";
            task = one_of(task);
            say(false, ", %s %s", which, label_of(task));
        }
        const wf_limited *in_line = limited(task);
        const weft_limit *limit = in_line ? wf_limited_waits(in_line) : NULL;
        const struct weft_executor *full = full_executor(task);
        wf_waiter *waiter = noted.first;
        while (waiter && (waiter->told || !is_needed(waiter, task, full, limit) || !is_stuck(waiter, own)))
            waiter = waiter->next;
        if (!waiter)
            return;
        waiter->told = true;
        if (full || limit)
            say(false, ", which cannot begin before %s has ended", label_of(waiter->inside->task));
        if (waiter == own)
            return;
        say(false, ", which waits for %s", label_of(waiter->awaited));
        task = waiter->awaited;
    }
}

static void add(wf_waiter *waiter)
{
    if (noted.generation != wf_generation()) {
        noted.generation = wf_generation();
        noted.first = NULL;
    }
    waiter->next = noted.first;
    waiter->link = &noted.first;
    if (waiter->next)
        waiter->next->link = &waiter->next;
    noted.first = waiter;
}

static void take_out(wf_waiter *waiter)
{
    *waiter->link = waiter->next;
    if (waiter->next)
        waiter->next->link = waiter->link;
}

/* ---- around a sleep ----------------------------------------------------------------------------- */

int wf_waiter_begin(wf_waiter *waiter, wf_task *awaited, int64_t deadline_ns)
{
    *waiter = (wf_waiter){.awaited = awaited};
    if (deadline_ns != WF_FOREVER || !wf_tasks_innermost())
        return 0;
    wf_lock_take(&noted.lock);
    waiter->inside = wf_tasks_innermost();
    add(waiter);
    for (wf_waiter *w = noted.first; w; w = w->next)
        w->seen = WF_NOT_SEEN;
    whose = looking = waiter;
    waiter->seen = WF_ON_THE_WAY;
    int err = can_end(awaited) ? 0 : -EDEADLK;
    if (err) {
        tell(waiter);
        take_out(waiter);
    }
    wf_lock_give(&noted.lock);
    return err;
}

void wf_waiter_done(wf_waiter *waiter)
{
    if (!waiter->inside)
        return;
    wf_lock_take(&noted.lock);
    take_out(waiter);
    wf_lock_give(&noted.lock);
}

void wf_waiter_helped(void)
{
    wf_running_says(wf_tasks_innermost(), NULL);
}

int wf_waits_for_itself(const wf_task *awaited)
{
    const wf_task *own = wf_tasks_innermost() ? wf_tasks_innermost()->task : NULL;
    if (!own) /* in a hook */
        return -EDEADLK;
    if (own == awaited)
        say(true, "deadlock: %s waits for itself", label_of(own));
    else
        say(true, "deadlock: %s waits for %s, in which it runs", label_of(own), label_of(awaited));
    return -EDEADLK;
}
