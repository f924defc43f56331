/* SPDX-License-Identifier: MIT */
/* sched/dump.c - see dump.h. */
#include "sched/dump.h"

#include <errno.h>

#include "base/text.h"
#include "os/clock.h"
#include "os/memory.h"
#include "os/output.h"
#include "sched/counters.h"
#include "sched/home.h"
#include "sched/pools.h"
#include "sched/queues.h"
#include "sched/sleep.h"
#include "sched/visible.h"

#define LINE_BYTES 1024

/* "words 17": a number with its name before it. */
static void item(wf_text *text, const char *name, uint64_t number)
{
    wf_text_str(text, name);
    wf_text_num(text, number);
}

static void who(wf_text *text, const weft_pool *pool, unsigned index)
{
    bool spare = index >= pool->workers + pool->guests;
    item(text, index < pool->workers ? "worker " : spare ? "spare " : "guest ", index);
}

/* ---- a pool -------------------------------------------------------------------------------------- */

/* Only where there have been any; "all out": no other can be called, what is queued waits until somebody comes back. */
static void spares(wf_text *text, const weft_pool *pool, unsigned blocked)
{
    uint64_t made = wf_load_relaxed(&pool->outside.spares);      /* statistic */
    uint32_t out = wf_load_relaxed(&pool->spares.out);           /* statistic */
    if (!made && !wf_load_relaxed(&pool->outside.spares_capped)) /* statistic */
        return;
    item(text, ", spares ", out);
    item(text, " of ", pool->spares.most);
    if (blocked && out >= pool->spares.most)
        item(text, " (all out: spare_max is reached), waiting for one ", wf_queues_backlog(pool));
    item(text, ", found standing still ", wf_load_relaxed(&pool->outside.stills)); /* statistic */
}

/* What nobody else may take, and for what it waits. */
static void strictly(wf_text *text, const weft_pool *pool, wf_home home, const char *name, uint64_t number)
{
    uint64_t waiting = wf_home_backlog(pool, home);
    if (!waiting)
        return;
    item(text, name, number);
    item(text, ": ", waiting);
    wf_text_str(text, " (");
    wf_text_str(text, wf_home_waits_for(pool, home));
    wf_text_str(text, ")");
}

/* By the kernel's numbers: a node's first place tells it. */
static void strictly_on_nodes(wf_text *text, const weft_pool *pool)
{
    for (unsigned i = 0, next = 0; i < pool->workers; i++)
        if (pool->places[i].node == next) {
            int node = pool->machine->pu[wf_worker_at(pool, i)->pu].node;
            wf_home home = {.kind = WF_ON_NODE, .strict = 1, .node = (uint16_t)next++};
            strictly(text, pool, home, ", strictly on node ", node < 0 ? 0 : (uint64_t)node);
        }
}

static void strictly_in_areas(wf_text *text, const weft_pool *pool)
{
    for (unsigned i = 0; i < WF_AREAS_MAX; i++)
        strictly(text, pool, (wf_home){.kind = WF_IN_AREA, .strict = 1, .area = (uint8_t)i},
                 ", strictly on part ", i);
}

static void pool_line(wf_text *text, const weft_pool *pool)
{
    wf_census census = wf_sleep_census(pool);
    wf_text_str(text, "pool ");
    wf_text_str(text, pool->name);
    wf_text_str(text, " ");
    wf_text_ptr(text, pool);
    item(text, ": started ", wf_load_relaxed(&pool->started)); /* statistic */
    item(text, " of ", wf_load_relaxed(&pool->open));          /* statistic */
    item(text, ", searching ", census.searching);
    item(text, ", napping ", census.sentinel >= 0);
    item(text, ", sleeping ", census.sleeping);
    item(text, ", blocked ", census.blocked);
    item(text, ", inbox ", wf_queues_outside(pool));
    wf_text_str(text, wf_load_relaxed(&pool->closing) ? ", closing" : ", open"); /* hint */
    strictly_on_nodes(text, pool);
    strictly_in_areas(text, pool);
    spares(text, pool, census.blocked);
}

/* ---- a worker or a guest ----------------------------------------------------------------------- */

/* The worker that is said to own what another runs: read in a moment of change it may be no worker at all. */
static void owner(wf_text *text, const weft_pool *pool, const wf_worker *owner)
{
    uintptr_t at = ((uintptr_t)owner - (uintptr_t)pool->all) / sizeof *owner;
    if (at < pool->workers + pool->seats)
        who(text, pool, (unsigned)at);
    else
        wf_text_str(text, "somebody");
}

/* What it runs: "task fn=0x1 arg=0x2 for 3.4 ms". */
static void origin(wf_text *text, const wf_worker *worker)
{
    const wf_origin *from = &worker->origin;
    uint64_t what = wf_load_relaxed(&from->what);                     /* hint */
    uint64_t since = wf_load_relaxed(&from->since), now = wf_ticks(); /* hint */
    if (what == WF_TASK) {
        wf_text_str(text, "task fn=");
        wf_text_ptr(text, (const void *)(uintptr_t)wf_load_relaxed(&from->fn)); /* hint */
        wf_text_str(text, " arg=");
        wf_text_ptr(text, wf_load_relaxed(&from->arg)); /* hint */
    } else if (what == WF_ROOT) {
        wf_text_str(text, "root");
    } else {
        wf_text_str(text, what == WF_CHILD ? "a stolen child of " : "a piece of a loop of ");
        owner(text, worker->pool, wf_load_relaxed(&from->owner)); /* hint */
    }
    if (since) {
        wf_text_str(text, " for ");
        wf_text_span(text, now > since ? (uint64_t)wf_ns_of(now - since) : 0);
    }
}

/* Of a guest that has just come its stack may not be there for us yet. */
static void child(wf_text *text, const wf_worker *waiter, const weft_slot_ *slot)
{
    wf_taken by;
    uint32_t shared, own;
    bool there = wf_stack_count(&waiter->stack, &shared, &own);
    wf_text_str(text, "a child taken by ");
    if (there && wf_slot_taken_by(slot, &by))
        who(text, waiter->pool, by.thief);
    else
        wf_text_str(text, there && wf_slot_is_done(slot) ? "somebody, done" : "somebody");
}

static void future(wf_text *text, const wf_task *task, bool foreign)
{
    static const char *const states[] = {" (pending)", " (running)", " (done)", " (cancelled)"};
    wf_text_str(text, "future ");
    wf_text_ptr(text, task);
    wf_text_str(text, foreign ? " of another pool" : states[wf_task_state_of(task)]);
}

static void waits_for(wf_text *text, const wf_worker *waiter, uintptr_t waits)
{
    const void *what = (const void *)(waits & ~(uintptr_t)WF_WAIT_MASK);
    enum wf_wait why = (enum wf_wait)(waits & WF_WAIT_MASK);
    wf_text_str(text, "waiting for ");
    if (why == WF_FOR_CHILD) {
        child(text, waiter, what);
    } else if (why == WF_FOR_LOOP) {
        item(text, "the end of a loop, ", wf_latch_left(&((const wf_loop *)what)->latch));
        wf_text_str(text, " units left");
    } else if (why == WF_FOR_SECTION) {
        wf_text_str(text, "something outside");
    } else {
        future(text, what, why == WF_FOR_FOREIGN);
    }
    wf_text_str(text, ", in ");
}

static void state(wf_text *text, const wf_worker *worker)
{
    uintptr_t waits = wf_load_relaxed(&worker->waits); /* hint */
    if (waits) {
        waits_for(text, worker, waits);
        origin(text, worker);
    } else if (wf_load_relaxed(&worker->mode) != WF_IDLE) { /* hint */
        wf_text_str(text, "running ");
        origin(text, worker);
        if (wf_load_relaxed(&worker->mode) == WF_STILL) /* hint */
            wf_text_str(text, ", standing still");
    } else if (wf_sleep_census(worker->pool).sentinel == (int)worker->index) {
        wf_text_str(text, "napping");
    } else {
        bool stands = wf_load_relaxed(&worker->duty) == WF_STANDS; /* hint */
        wf_text_str(text, stands ? "without a place" : wf_sleeps(worker) ? "sleeping" : "searching");
    }
}

static void work(wf_text *text, const wf_worker *worker)
{
    uint32_t shared, own;
    (void)wf_stack_count(&worker->stack, &shared, &own);
    item(text, "; private ", own);
    item(text, ", public ", shared);
    item(text, ", units ", wf_units_of(worker));
    if (!worker->place)
        return;
    item(text, ", queued ", wf_run_queue_backlog(&worker->place->queue));
    item(text, "+", wf_run_queue_backlog(&worker->place->batch));
    wf_home here = {.kind = WF_AT_WORKER, .strict = 1, .worker = (uint16_t)worker->index};
    strictly(text, worker->pool, here, ", strictly for worker ", worker->index);
}

static void counted(wf_text *text, const wf_worker *worker)
{
    weft_counters c = {0};
    uint64_t steals = 0;
    wf_counters_add(&c, worker);
    for (unsigned i = 0; i < WEFT_STEAL_KINDS; i++)
        steals += c.steals[i];
    item(text, "; tasks ", c.tasks);
    item(text, ", taken over ", c.taken_over);
    item(text, ", steals ", steals);
    item(text, ", cuts ", c.cuts);
    item(text, ", published ", c.publications);
    item(text, ", forced ", c.forced);
    item(text, ", naps ", c.naps);
    item(text, ", parks ", c.parks);
    item(text, ", blocks ", c.blocks);
    item(text, ", wakes ", c.wakes);
}

static bool to_be_shown(const weft_pool *pool, unsigned index)
{
    if (index < pool->workers)
        return wf_load_relaxed(&wf_worker_at(pool, index)->made);        /* hint */
    return wf_load_relaxed(&wf_worker_at(pool, index)->mode) != WF_IDLE; /* hint */
}

static void worker_line(wf_text *text, const wf_worker *worker)
{
    const weft_pool *pool = worker->pool;
    int pu =
        worker->pu < 0 ? wf_load_relaxed(&worker->cpu) : pool->machine->pu[worker->pu].os_index; /* hint */
    who(text, pool, worker->index);
    item(text, " tid ", (uint64_t)wf_load_relaxed(&worker->tid)); /* hint */
    item(text, " pu ", pu < 0 ? 0 : (uint64_t)pu);
    wf_text_str(text, ": ");
    state(text, worker);
    work(text, worker);
    counted(text, worker);
}

/* ---- lines ------------------------------------------------------------------------------------- */

/* Where a dump is: the pool's number, and in it 0, the pool's own line, or 1 + a record's index. */
typedef struct cursor {
    uint64_t pool;
    unsigned line;
} cursor;

/* Makes the next line of the pool that is to be shown; false: there is none. */
static bool next_line(wf_text *text, const weft_pool *pool, cursor *at)
{
    while (at->line && at->line <= pool->workers + pool->seats && !to_be_shown(pool, at->line - 1))
        at->line++;
    if (at->line > pool->workers + pool->seats)
        return false;
    if (at->line)
        worker_line(text, wf_worker_at(pool, at->line - 1));
    else
        pool_line(text, pool);
    wf_text_end(text);
    at->line++;
    return true;
}

/* The same over all pools; under the lock of their list. */
static bool next_of_all(wf_text *text, cursor *at)
{
    const weft_pool *pool;
    for (; (pool = wf_pools_from(at->pool)) != NULL; *at = (cursor){.pool = pool->number + 1}) {
        if (pool->number != at->pool)
            *at = (cursor){.pool = pool->number};
        if (next_line(text, pool, at))
            return true;
    }
    return false;
}

static void say(wf_text *text, const char *what)
{
    wf_text_str(text, what);
    wf_text_end(text);
}

/* 0, or why the list of pools could not be seen. */
static int next_locked(wf_text *text, cursor *at, bool *more)
{
    if (!wf_pools_try_lock()) {
        say(text, "weft: the list of pools is in use");
        return -EBUSY;
    }
    *more = next_of_all(text, at);
    if (!*more && !at->pool) {
        say(text, "weft: there are no pools");
        *at = (cursor){.pool = UINT64_MAX};
        *more = true;
    }
    wf_pools_unlock();
    return 0;
}

int weft_dump(weft_pool *pool, int fd)
{
    cursor at = {0};
    bool more = true;
    int busy = 0, err = 0;
    if (pool && pool->generation != wf_generation())
        return -EOWNERDEAD;
    while (more && !busy && !err) {
        char line[LINE_BYTES];
        wf_text text = {.at = line, .end = line + sizeof line};
        if (pool)
            more = next_line(&text, pool, &at);
        else
            busy = next_locked(&text, &at, &more);
        if (more)
            err = wf_write_all(fd, line, (size_t)(text.at - line));
    }
    return err ? err : busy;
}
