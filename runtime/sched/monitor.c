/* SPDX-License-Identifier: MIT */
/* sched/monitor.c - see monitor.h. */
#include "sched/monitor.h"

#include <stdio.h>

#include "os/barrier.h"
#include "os/clock.h"
#include "os/thread.h"
#include "sched/arm.h"
#include "sched/binding.h"
#include "sched/home.h"
#include "sched/note.h"
#include "sched/places.h"
#include "sched/queues.h"
#include "sched/sleep.h"
#include "sched/spare.h"
#include "sched/tasks.h"
#include "sched/visible.h"

/* Calls see(worker, with) of all that may be active; the sum of its answers. */
static uint64_t of_all(weft_pool *pool, uint64_t (*see)(wf_worker *worker, const void *with),
                       const void *with)
{
    unsigned reach = wf_reach(pool), used = wf_load_seq_cst(&pool->seats_used); /* pair SL6 -> count_seat() */
    uint64_t sum = 0;
    for (unsigned i = 0; i < reach + used; i++)
        sum += see(wf_worker_at(pool, i < reach ? i : pool->workers + i - reach), with);
    return sum;
}

static bool is_spare(const wf_worker *worker)
{
    return worker->index >= worker->pool->workers + worker->pool->guests;
}

/* ---- who stands still ---------------------------------------------------------------------------- */

/* CPU time since the last look; INT64_MAX: that is not known. Of a spare, which is new at times, its first look's is all that
 * it ever had. */
static int64_t used_by(wf_worker *worker)
{
    int tid = wf_load_relaxed(&worker->tid); /* hint */
    int64_t now = wf_thread_ns_of(tid);
    int64_t before = tid == worker->tid_seen ? worker->cpu_seen : 0;
    bool known = now >= 0 && (tid == worker->tid_seen || is_spare(worker));
    worker->cpu_seen = now;
    worker->tid_seen = tid;
    return known ? now - before : INT64_MAX;
}

/* Has a worker or a guest turned active since the last look? Then how long it stands is not known. */
static bool is_fresh(wf_worker *worker)
{
    uint64_t entries = wf_load_relaxed(&worker->entries); /* hint */
    bool fresh = entries != worker->entries_looked && !is_spare(worker);
    worker->entries_looked = entries;
    return fresh;
}

typedef struct look {
    int64_t elapsed_ns;
    bool judges;
} look;

/* /proc is asked for good reason only: it takes ten times as long as the clock. */
static bool stands_still(wf_worker *worker, bool stood, int64_t elapsed_ns)
{
    int64_t used = used_by(worker);
    return (stood && !used) || (used < elapsed_ns / 8 && wf_thread_sleeps(worker->tid_seen));
}

/* Does it stand still there, or was that a wait in the pool, from which it has come back meanwhile? Then it computes. */
static bool leaves_place(wf_worker *worker)
{
    if (!wf_place_is_left(worker))
        return false;
    if (wf_thread_sleeps(worker->tid_seen) && wf_load_relaxed(&worker->mode) == WF_STILL) /* hint */
        return true;
    wf_place_is_held(worker);
    return false;
}

/* 1: it was found to stand still. */
static uint64_t look_at(wf_worker *worker, const void *with)
{
    const look *now = with;
    uint32_t mode = wf_load_relaxed(&worker->mode); /* re-checked by exchange */
    if (mode != WF_ACTIVE && mode != WF_STILL)
        return 0;
    bool fresh = is_fresh(worker);
    bool stands = stands_still(worker, mode == WF_STILL, now->elapsed_ns);
    if (mode == WF_STILL && !stands)
        wf_place_is_held(worker);
    if (mode == WF_STILL || !stands || !now->judges || fresh || !leaves_place(worker))
        return 0;
    wf_count_shared(&worker->pool->outside.stills);
    return 1;
}

/* ---- what there is to take ----------------------------------------------------------------------- */

/* Makes children visible that nobody else asks for. */
static void expose(wf_worker *worker)
{
    uint64_t mark;
    const weft_pool *pool = worker->pool;
    bool leaves = wf_load_relaxed(&worker->mode) == WF_STILL; /* hint */
    if (!wf_stack_private(&worker->stack))
        return;
    if (pool->force && (leaves || wf_stack_silent(&worker->stack, &mark)) &&
        wf_stack_force(&worker->stack, wf_barrier_everywhere))
        wf_count_shared(&worker->pool->outside.forced);
    else
        wf_stack_ask(&worker->stack);
}

/* What it shows; exposes: and now. */
static uint64_t shown_by(wf_worker *worker, const void *exposes)
{
    uint32_t shared, own;
    if (wf_load_relaxed(&worker->mode) == WF_IDLE) /* hint */
        return 0;
    if (exposes)
        expose(worker);
    (void)wf_stack_count(&worker->stack, &shared, &own);
    return shared + wf_units_of(worker);
}

/* How many things there are to take; a hint, but for none or some. */
static uint64_t takeable(weft_pool *pool, bool exposes)
{
    return of_all(pool, shown_by, exposes ? pool : NULL) + wf_queues_backlog(pool);
}

/* ---- who is to take it --------------------------------------------------------------------------- */

/* Waits for a child whose runner shows something, perhaps since its children were published in its stead. */
static bool may_help(const wf_worker *worker, uintptr_t waits)
{
    wf_taken by;
    const weft_slot_ *child = (const weft_slot_ *)(waits & ~(uintptr_t)WF_WAIT_MASK);
    return (waits & WF_WAIT_MASK) == WF_FOR_CHILD && wf_slot_taken_by(child, &by) &&
           wf_stack_public_above(&wf_worker_at(worker->pool, by.thief)->stack, by.top, by.epoch);
}

/* At a join or a loop's end, but not asleep there: it has not lain down yet, or was woken and waits for a CPU. Or it is
 * woken now. Its place is not vacant. */
static uint64_t comes_back(wf_worker *worker, const void *unused)
{
    (void)unused;
    uintptr_t waits = wf_load_relaxed(&worker->waits), why = waits & WF_WAIT_MASK; /* hint */
    if (!worker->victims || (why != WF_FOR_CHILD && why != WF_FOR_LOOP))
        return 0;
    if (!wf_park_sleeps(&worker->parker))
        return 1;
    if (!may_help(worker, waits))
        return 0;
    wf_count_shared(&worker->pool->outside.wakes);
    wf_wake(&worker->parker);
    return 1;
}

static unsigned places(weft_pool *pool)
{
    unsigned vacant = wf_places_vacant(pool, wf_tasks_visible(pool) ? WF_TAKES_TASKS : WF_TAKES_ALL);
    unsigned back = vacant ? (unsigned)of_all(pool, comes_back, NULL) : 0;
    return vacant > back ? vacant - back : 0;
}

/* As many as there are places; or, after a look at which half of those that were called stood still, twice as many as then. */
static unsigned wanted(const wf_monitor *m, unsigned vacant, unsigned most, uint64_t shown)
{
    unsigned want = m->stood && 2 * m->stood >= m->called ? 2 * m->called : 0;
    if (want < vacant)
        want = vacant;
    if (want > most)
        want = most;
    return want < shown ? want : (unsigned)shown;
}

static void call_spares(weft_pool *pool, uint64_t shown)
{
    wf_monitor *m = &pool->monitor;
    unsigned vacant = shown && wf_nobody_idle(pool) ? places(pool) : 0;
    unsigned want = vacant ? wanted(m, vacant, pool->spares.most, shown) : 0;
    wf_store_relaxed(&pool->spares.extra, want > vacant ? want - vacant : 0); /* hint */
    m->called = want;
    if (want)
        wf_spare_call(pool, want);
}

/* No worker sees to it: all have work, or there was no place for them when they looked round last. */
static bool is_left_to(const weft_pool *pool)
{
    return wf_is_full(pool) || wf_unwatched(pool);
}

/* Is there anything to find out? */
static bool needed(weft_pool *pool)
{
    return is_left_to(pool) && (wf_any_running(pool) || takeable(pool, false));
}

static int64_t next_nap(wf_monitor *m, bool judged)
{
    m->nap_ns = m->called || !judged ? WF_MONITOR_NAP_NS : m->nap_ns + m->nap_ns / 4;
    if (m->nap_ns > WF_MONITOR_NAP_MAX_NS)
        m->nap_ns = WF_MONITOR_NAP_MAX_NS;
    return m->nap_ns;
}

int64_t wf_monitor_look(weft_pool *pool, int64_t now_ns, bool judges)
{
    wf_monitor *m = &pool->monitor;
    look now = {.elapsed_ns = now_ns - m->looked_ns, .judges = judges};
    m->stood = (unsigned)of_all(pool, look_at, &now);
    m->looked_ns = now_ns;
    if (wf_any_active(pool)) /* who stood still, or seemed to, was not counted */
        wf_rouse_follower(pool);
    bool exposes = judges || wf_any_still(pool); /* who stands still may have run for a moment, and forked */
    uint64_t shown = exposes && wf_any_place_left(pool) ? takeable(pool, true) : 0;
    if (shown)
        wf_wake_for_shown(pool);
    call_spares(pool, shown);
    wf_tasks_call_for_blocking(pool);
    bool strict = wf_home_see_to(pool);
    m->unneeded = strict || needed(pool) ? 0 : m->unneeded + 1;
    return m->unneeded < WF_MONITOR_LINGERS ? next_nap(m, judges) : 0;
}

/* ---- its thread ---------------------------------------------------------------------------------- */

void wf_monitor_park(weft_pool *pool)
{
    wf_arm_parks(pool);
    if (!(is_left_to(pool) && wf_any_running(pool)) && !wf_arm_ends(pool))
        wf_park(&pool->monitor.parker, wf_any_still(pool) ? WF_MONITOR_REST_NS : WF_FOREVER);
    wf_arm_stays(pool);
}

void *wf_monitor_main(void *arg)
{
    weft_pool *pool = arg;
    char name[24];
    wf_binding_confine(pool);
    snprintf(name, sizeof name, "%s.monitor", pool->name);
    wf_thread_name(name);
    bool judges = false;
    while (!wf_arm_ends(pool)) {
        wf_spares_join_ended(pool);
        int64_t nap_ns = wf_monitor_look(pool, wf_now_ns(), judges);
        judges = nap_ns;
        if (nap_ns)
            wf_park(&pool->monitor.parker, nap_ns);
        else
            wf_monitor_park(pool);
    }
    return NULL;
}
