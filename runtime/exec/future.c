/* SPDX-License-Identifier: MIT */
/* exec/future.c - see future.h. */
#include "exec/future.h"

#include <errno.h>

#include "base/annotate.h"
#include "base/tunables.h"
#include "exec/cycles.h"
#include "exec/executor.h"
#include "os/clock.h"
#include "os/memory.h"
#include "os/thread.h"
#include "sched/block.h"
#include "sched/home.h"
#include "sched/pool.h"
#include "sched/self.h"
#include "sched/sleep.h"
#include "sched/tasks.h"

_Static_assert(WEFT_FOREVER == WF_FOREVER, "one word for it");
_Static_assert((int)WEFT_PENDING == WF_TASK_PENDING && (int)WEFT_RUNNING == WF_TASK_RUNNING &&
                   (int)WEFT_DONE == WF_TASK_DONE && (int)WEFT_CANCELLED == WF_TASK_CANCELLED,
               "the public states are the record's");

int wf_future_usable(const weft_future *future)
{
    if (!future)
        return -EINVAL;
    return wf_slab_mark_of(future) == wf_generation() ? 0 : -EOWNERDEAD;
}

/* The calling thread as a worker or guest of the task's pool; NULL: it is outside. */
static wf_worker *inside(const weft_future *future)
{
    wf_worker *self = wf_self();
    return self && self->pool == future->pool ? self : NULL;
}

/* Inside the pool perhaps nobody else would ever come to it; also where the thread visits another pool just now. */
static bool may_take_over(const weft_future *future, int64_t deadline_ns)
{
    return (deadline_ns == WEFT_FOREVER && future->pool->take_over) || wf_inside(future->pool);
}

/* Claims it and runs it here. False: somebody else has begun it. */
WF_TOGETHER static bool run_here(weft_future *future, wf_worker *self)
{
    bool back = wf_tasks_take_back(self, future);
    if (!wf_task_claim(future)) {
        wf_task_want(future);
        if (back)
            wf_task_release(future);
        return false;
    }
    if (!back)
        wf_tasks_dead(self, future);
    wf_tasks_take_over(self, future, back);
    return true;
}

/* By who is outside of its pool, or inside. 0: ran? Or why it cannot enter. */
WF_TOGETHER static int enter_and_run(weft_future *future, bool *ran)
{
    wf_entry entry;
    int err = wf_pool_enter(future->pool, &entry);
    *ran = !err && run_here(future, entry.self);
    if (!err)
        wf_pool_leave(&entry);
    return err;
}

/* 0; WEFT_ESTACK: it should run here, but there is not enough of the stack left. */
static int take_over(weft_future *future)
{
    bool ran;
    wf_pass pass;
    if (wf_task_state_of(future) != WF_TASK_PENDING) {
        wf_task_want(future);
        return 0;
    }
    if (!wf_home_admits(inside(future), future))
        return 0;
    if (!wf_thread_stack_left())
        return WEFT_ESTACK;
    struct weft_executor *limited = wf_tasks_executor(future);
    if (limited && !wf_engine_of(limited)->begin(limited, future, &pass))
        return 0;
    int err = enter_and_run(future, &ran);
    if (limited)
        wf_engine_of(limited)->end(limited, &pass);
    return err;
}

/* Somebody has to begin it: the waiter, or a worker that may be napping. */
static int see_to_it(weft_future *future, int64_t deadline_ns)
{
    if (wf_tasks_is_inside(future))
        return wf_waits_for_itself(future);
    if (may_take_over(future, deadline_ns))
        return take_over(future);
    if (wf_task_state_of(future) != WF_TASK_PENDING)
        return 0;
    wf_urge(future->pool);
    return 0;
}

/* Until it has ended, or for about what a sleep costs. */
static bool spin(const weft_future *future, const weft_pool *pool, uint64_t ticks)
{
    uint64_t since = wf_ticks();
    while (!wf_task_ended(future))
        if (wf_ticks() - since < ticks)
            wf_pause_in(pool);
        else
            return false;
    return true;
}

/* held: until it is let go, too. until_ns: or until then, to look again. */
static int sleep_for(weft_future *future, bool held, int64_t deadline_ns, int64_t until_ns)
{
    wf_waiter waiter;
    int err = wf_waiter_begin(&waiter, future, deadline_ns);
    if (err)
        return err;
    if (!wf_block_for(future, held, until_ns))
        err = -ETIMEDOUT;
    wf_waiter_done(&waiter);
    return err;
}

/* Of an executor whose tasks only waiters run; NULL. Looked at once: its record may be used again meanwhile. */
static const wf_engine *helping(const struct weft_executor *executor)
{
    const wf_engine *engine = executor ? wf_engine_of(executor) : NULL;
    return engine && engine->help ? engine : NULL;
}

/* A future that needs no other one, or whose needs are being met elsewhere: until it has ended, or may be run now. pool:
 * none, of a promise. */
static int wait_for_one(weft_future *future, int64_t deadline_ns, int64_t until_ns)
{
    weft_pool *pool = future->pool;
    if (wf_task_ended(future))
        return 0;
    bool held = pool && wf_task_held(future);
    struct weft_executor *helped =
        pool && wf_task_state_of(future) == WF_TASK_PENDING ? wf_tasks_executor(future) : NULL;
    const wf_engine *engine = helping(helped);
    int err = !pool || held ? 0
              : engine      ? engine->help(helped, future, until_ns)
                            : see_to_it(future, until_ns);
    if (err)
        return err;
    uint64_t ticks = pool && until_ns == WEFT_FOREVER ? wf_load_relaxed(&pool->wait_ticks) : 0; /* hint */
    return spin(future, pool, ticks) ? 0 : sleep_for(future, held, deadline_ns, until_ns);
}

static int help_with(weft_future *needed, int64_t deadline_ns)
{
    struct weft_executor *executor = wf_tasks_executor(needed);
    if (!needed->pool || wf_task_ended(needed) || wf_task_held(needed))
        return 0;
    const wf_engine *engine = helping(executor);
    if (engine)
        return engine->help(executor, needed, deadline_ns);
    return may_take_over(needed, deadline_ns) ? take_over(needed) : 0;
}

static bool help_with_one(weft_future *needed, int64_t deadline_ns, int *err)
{
    if (wf_task_state_of(needed) != WF_TASK_PENDING)
        return false;
    *err = help_with(needed, deadline_ns);
    return wf_task_state_of(needed) != WF_TASK_PENDING;
}

/* looks: how many ways it may still try. The last of what a future needs is looked at without coming back: chains may be
 * long. */
static bool help(weft_future *future, int64_t deadline_ns, unsigned *looks, int *err)
{
    weft_future *held = NULL, *needed, *next;
    bool helped = false;
    while (!helped && !*err) {
        size_t at = 0;
        if (!(needed = wf_task_needs(future, &at))) {
            helped = help_with_one(future, deadline_ns, err);
            break;
        }
        while (!helped && !*err && (next = wf_task_needs(future, &at)) != NULL) {
            helped = *looks && wf_thread_stack_left() && (--*looks, help(needed, deadline_ns, looks, err));
            wf_task_release(needed);
            needed = next;
        }
        if (held)
            wf_task_release(held);
        future = held = needed;
    }
    if (held)
        wf_task_release(held);
    return helped;
}

bool wf_future_help(weft_future *future, int64_t deadline_ns, int *err)
{
    unsigned looks = WF_HELP_LOOKS;
    return help(future, deadline_ns, &looks, err);
}

/* What it needs, down to what needs nothing: the last few of the way, each with a reference. */
typedef struct way {
    weft_future *last[WF_WAY];
    size_t length;
    bool one_will_do; /* of several, somewhere on it */
    bool anew;        /* what is needed there comes again and again */
} way;

static bool needs_anew(const weft_future *future)
{
    const wf_kind *kind = wf_task_kind(future);
    return kind && kind->anew;
}

static void go_down(weft_future *future, way *w)
{
    size_t at = w->length = 0;
    w->one_will_do = false;
    w->anew = needs_anew(future);
    bool any = wf_task_any(future);
    for (weft_future *needed; (needed = wf_task_needs(future, &at)) != NULL; future = needed, at = 0) {
        w->one_will_do |= any;
        w->anew |= needs_anew(needed);
        any = wf_task_any(needed);
        weft_future **end = &w->last[w->length++ % WF_WAY];
        if (w->length > WF_WAY)
            wf_task_release(*end);
        *end = needed;
    }
    w->one_will_do |= w->anew;
}

/* When to look for something to run again. In a task nobody else may be allowed to run what comes anew. */
static int64_t look_again(const way *w, int64_t deadline_ns)
{
    if (w->anew && wf_tasks_innermost())
        return wf_look(deadline_ns);
    return w->one_will_do ? wf_look_for_pending(deadline_ns) : deadline_ns;
}

static void let_go(const way *w)
{
    for (size_t i = w->length > WF_WAY ? w->length - WF_WAY : 0; i < w->length; i++)
        wf_task_release(w->last[i % WF_WAY]);
}

static bool needs_more(weft_future *future)
{
    size_t at = 0;
    weft_future *needed = wf_task_needs(future, &at);
    if (needed)
        wf_task_release(needed);
    return needed;
}

/* Back up, each in its turn, as far as the way is known: a long chain is not gone down again for each of it. True: there
 * may be more to be gone down to. */
static bool go_up(const way *w, int64_t deadline_ns, int *err)
{
    size_t known = w->length < WF_WAY ? w->length : WF_WAY;
    for (size_t i = 0; i < known; i++) {
        weft_future *needed = w->last[(w->length - 1 - i) % WF_WAY];
        if (needs_more(needed))
            return true;
        *err = wait_for_one(needed, deadline_ns, deadline_ns);
        if (*err || !wf_task_ended(needed))
            return !*err;
    }
    return true;
}

/* What nobody has begun is run here, then what has not ended is waited for, until it needs nothing, or one will do of several
 * that are left: then until when to wait for it. */
static int wait_for_needs(weft_future *future, int64_t deadline_ns, int64_t *until_ns)
{
    int err = 0;
    for (bool on = true; on && !err;) {
        way w;
        go_down(future, &w);
        on = w.length && (wf_future_help(future, deadline_ns, &err) ||
                          (!err && !w.one_will_do && go_up(&w, deadline_ns, &err)));
        let_go(&w);
        *until_ns = on || err ? deadline_ns : look_again(&w, deadline_ns);
    }
    return err;
}

/* The usual case: a task that needs nothing, in the queues of a pool that the caller is inside of, or may enter. */
static bool runs_at_once(weft_future *future, int64_t deadline_ns)
{
    wf_worker *self = inside(future);
    if (!future->pool || !wf_tasks_is_anybodys(future) || !wf_thread_stack_left())
        return false;
    if (self)
        return run_here(future, self);
    bool ran = false;
    if (wf_task_state_of(future) == WF_TASK_PENDING && !wf_task_held(future) &&
        may_take_over(future, deadline_ns))
        (void)enter_and_run(future, &ran);
    return ran;
}

/* What came between the look for something to run and the look at who waits for whom. */
static bool helps_after_all(weft_future *future, int64_t deadline_ns)
{
    int err = 0;
    bool helped = wf_future_help(future, deadline_ns, &err);
    if (helped)
        wf_waiter_helped();
    return helped;
}

__attribute__((noinline)) static int wait_slow(weft_future *future, int64_t deadline_ns)
{
    for (;;) {
        int64_t until;
        int err = wait_for_needs(future, deadline_ns, &until);
        if (!err)
            err = wait_for_one(future, deadline_ns, until);
        if (err == -EDEADLK && helps_after_all(future, deadline_ns))
            continue;
        if (err ? err != -ETIMEDOUT || until == deadline_ns : wf_task_ended(future))
            return err;
    }
}

static int wait_for(weft_future *future, int64_t deadline_ns)
{
    int err = wf_future_usable(future);
    if (!err && !wf_task_ended(future) && !runs_at_once(future, deadline_ns))
        err = wait_slow(future, deadline_ns);
    if (!err)
        wf_tsan_acquire(future);
    return err;
}

int weft_future_wait(weft_future *future, int64_t deadline_ns)
{
    return wait_for(future, deadline_ns);
}

static int status_of(const weft_future *future)
{
    switch (wf_task_state_of(future)) {
    case WF_TASK_DONE:
        return future->status;
    case WF_TASK_CANCELLED:
        return -ECANCELED;
    default:
        return -EINPROGRESS;
    }
}

WF_TOGETHER int weft_future_get(weft_future *future, int *status)
{
    int err = wait_for(future, WEFT_FOREVER);
    if (!err && status)
        *status = status_of(future);
    return err;
}

int weft_future_state(const weft_future *future)
{
    int err = wf_future_usable(future);
    return err ? err : (int)wf_task_state_of(future);
}

int weft_future_status(const weft_future *future)
{
    int err = wf_future_usable(future);
    return err ? err : status_of(future);
}

/* It was running a moment ago. */
static int ask(weft_future *future)
{
    (void)wf_task_ask(future);
    switch (wf_task_state_of(future)) { /* who hears that it is done may read what it did */
    case WF_TASK_CANCELLED:
        return 0;
    case WF_TASK_DONE:
        return -EALREADY;
    default:
        return -EBUSY;
    }
}

int weft_future_cancel(weft_future *future)
{
    int err = wf_future_usable(future);
    if (err)
        return err;
    switch (wf_task_cancel(future)) {
    case WF_TASK_PENDING:
        wf_tasks_dead(inside(future), future);
        return 0;
    case WF_TASK_CANCELLED:
        return 0;
    case WF_TASK_RUNNING:
        return ask(future);
    default:
        return -EALREADY;
    }
}

int weft_future_retain(weft_future *future)
{
    int err = wf_future_usable(future);
    if (err)
        return err;
    return wf_task_retain(future) ? 0 : -EOVERFLOW;
}

WF_TOGETHER void weft_future_release(weft_future *future)
{
    if (future && !wf_future_usable(future))
        wf_task_release(future);
}
