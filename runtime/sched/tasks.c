/* SPDX-License-Identifier: MIT */
/* sched/tasks.c - see tasks.h. */
#include "sched/tasks.h"

#include <errno.h>

#include "base/annotate.h"
#include "base/check.h"
#include "os/clock.h"
#include "os/memory.h"
#include "os/thread.h"
#include "sched/note.h"
#include "sched/seat.h"
#include "sched/self.h"
#include "sched/sleep.h"
#include "sched/steal.h"

static __thread wf_running *innermost;

wf_running *wf_tasks_innermost(void)
{
    return innermost;
}

bool wf_tasks_runs_here(const wf_task *task)
{
    for (const wf_running *r = innermost; r; r = r->outer)
        if (r->task == task)
            return true;
    return false;
}

/* ---- putting ----------------------------------------------------------------------------------- */

static wf_inbox *inbox_near(const weft_pool *pool)
{
    int cpu = pool->nodes > 1 ? wf_thread_cpu() : 0;
    unsigned node = pool->nodes > 1 && cpu >= 0 && cpu < pool->cpus_known ? pool->inbox_of_cpu[cpu] : 0;
    return &pool->inboxes[node * WF_BANDS + 1];
}

static void *take_block(wf_slab *slab, const wf_worker *self)
{
    return self && self->place ? wf_slab_take(slab, self->index)
                               : wf_slab_take_shared(slab, (uintptr_t)wf_outside() >> 12);
}

wf_task *wf_tasks_new(weft_pool *pool, const wf_worker *self, size_t bytes)
{
    unsigned size = 0;
    while (bytes > (size_t)WF_TASK_BYTES << size)
        size++;
    wf_task *task = take_block(pool->slab[size], self);
    if (task)
        task->pool = pool;
    return task;
}

/* The pools without threads whose queued tasks the calling thread runs. */
typedef struct serving {
    const weft_pool *pool;
    const struct serving *outer;
} serving;

static __thread const serving *served;

static bool serves(const weft_pool *pool)
{
    for (const serving *s = served; s; s = s->outer)
        if (s->pool == pool)
            return true;
    return false;
}

/* Those of one place that somebody may have put into: all, or the normal one. In the order in which they are looked at. */
static int first_band(const weft_pool *pool)
{
    return wf_load_seq_cst(&pool->banded) ? 1 : 0; /* pair SL2 -> wf_tasks_banded(): before anything is put */
}

void wf_tasks_banded(weft_pool *pool)
{
    wf_store_seq_cst(&pool->banded, 1u); /* pair SL2 -> first_band() */
}

static bool inboxes_visible(wf_inbox *normal, int first)
{
    for (int band = first; band >= -first; band--)
        if (wf_inbox_visible(wf_inbox_in(normal, band)))
            return true;
    return false;
}

/* In a pool without threads: until nothing is queued. One that is half-way in, or behind another taker's lock, is waited
 * for: its submitter may have found the lock taken, too. */
static void run_queued(weft_pool *pool, wf_worker *self)
{
    serving here = {.pool = pool, .outer = served};
    wf_link *link;
    wf_inbox *normal = inbox_near(pool);
    served = &here;
    while (inboxes_visible(normal, first_band(pool))) {
        int band = first_band(pool);
        while (band > -1 && !wf_inbox_visible(wf_inbox_in(normal, band)))
            band--;
        if (!wf_inbox_take(wf_inbox_in(normal, band), &link, 1)) {
            wf_thread_yield();
            continue;
        }
        wf_task *task = (wf_task *)(void *)link;
        if (wf_task_claim(task))
            wf_tasks_take_over(self, task);
        wf_task_release(task);
    }
    served = here.outer;
}

/* A thread that does so already comes to it later: submitting does not nest. */
static void run_at_once(weft_pool *pool, wf_worker *self)
{
    wf_visit visit;
    if (serves(pool))
        return;
    if (self) {
        run_queued(pool, self);
        return;
    }
    wf_seat_enter(pool, &visit);
    run_queued(pool, visit.seat);
    wf_seat_leave(&visit);
}

void wf_tasks_put(weft_pool *pool, wf_worker *self, wf_task *task)
{
    wf_tsan_release(task);
    wf_tasks_goes_to(task, NULL);
    if (!self || !self->place || !wf_run_queue_put(&self->place->queue, task)) {
        wf_inbox *inbox = self && self->place ? self->place->inbox : inbox_near(pool);
        wf_tasks_goes_to(task, inbox);
        wf_inbox_put(inbox, &task->link);
    }
}

wf_inbox *wf_tasks_inbox_on(const weft_pool *pool, int node)
{
    for (unsigned i = 0; i < pool->workers; i++)
        if (pool->machine->pu[wf_worker_at(pool, i)->pu].node == node)
            return pool->places[i].inbox;
    return NULL;
}

void wf_tasks_submit_to_band(weft_pool *pool, wf_worker *self, wf_task *task, wf_inbox *normal, int priority)
{
    if (!normal)
        normal = self && self->place ? self->place->inbox : inbox_near(pool);
    wf_inbox *inbox = wf_inbox_in(normal, priority);
    wf_tsan_release(task);
    wf_tasks_goes_to(task, inbox);
    wf_inbox_put(inbox, &task->link);
    wf_tasks_notify(pool, self);
}

void wf_tasks_notify(weft_pool *pool, wf_worker *self)
{
    if (pool->workers)
        wf_notify_task(pool, self);
    else
        run_at_once(pool, self);
}

void wf_tasks_submit(weft_pool *pool, wf_worker *self, wf_task *task)
{
    wf_tasks_put(pool, self, task);
    wf_tasks_notify(pool, self);
}

/* ---- taking ------------------------------------------------------------------------------------ */

/* The oldest from the inbox; with it a share of the others, for the batch. */
static wf_task *fetch(wf_worker *self, wf_inbox *inbox, unsigned max)
{
    wf_place *place = self->place;
    wf_link *links[WF_BATCH];
    if (!wf_inbox_visible(inbox)) /* no memory for a batch before there is one */
        return NULL;
    if (max > 1 && !wf_run_queue_reserve(&place->batch))
        max = 1;
    unsigned count = wf_inbox_take(inbox, links, max);
    for (unsigned i = 1; i < count; i++) {
        bool in = wf_run_queue_put(&place->batch, links[i]);
        WF_CHECK(in, "a batch has room for what is fetched into it when it is empty");
    }
    if (!count)
        return NULL;
    wf_count(&self->counters.fetches);
    if (count > 1)
        wf_notify_task(self->pool, self); /* they were to be seen nowhere for a moment: as T2, T3 */
    return (wf_task *)(void *)links[0];
}

/* Of one priority; of the normal one what was fetched before comes first. */
static wf_task *next_in_band(wf_worker *self, int band)
{
    wf_place *place = self->place;
    if (band)
        return fetch(self, wf_inbox_in(place->inbox, band), 1);
    wf_task *task = wf_run_queue_steal(&place->batch);
    if (!task && !wf_run_queue_visible(&place->batch))
        task = fetch(self, place->inbox, WF_BATCH);
    return task;
}

/* From outside, the highest priority first; ageing: now and then a lower one goes before it. */
static wf_task *next_from_outside(wf_worker *self)
{
    wf_place *place = self->place;
    int first = first_band(self->pool), aged = 0;
    wf_task *task = NULL;
    if (!first)
        return next_in_band(self, 0);
    if (place->turns % WF_AGE_NORMAL == WF_AGE_NORMAL - 1) {
        aged = place->turns % WF_AGE_LOW == WF_AGE_LOW - 1 ? -1 : 0;
        task = next_in_band(self, aged);
    }
    for (int band = first; band >= -first && !task; band--)
        task = next_in_band(self, band);
    place->turns += task != NULL;
    return task;
}

bool wf_tasks_more_urgent(const wf_worker *self, int priority)
{
    int first = self && self->place ? first_band(self->pool) : 0;
    for (int band = first; band > priority; band--)
        if (wf_inbox_visible(wf_inbox_in(self->place->inbox, band)))
            return true;
    return first && priority < 0 && wf_run_queue_visible(&self->place->batch);
}

wf_task *wf_tasks_next(wf_worker *self)
{
    wf_place *place = self->place;
    wf_task *task = NULL;
    if (++place->looks % WF_INBOX_EVERY == 0)
        task = next_from_outside(self);
    if (!task)
        task = wf_run_queue_pop(&place->queue);
    return task ? task : next_from_outside(self);
}

wf_task *wf_tasks_steal(wf_worker *self)
{
    const weft_pool *pool = self->pool;
    wf_task *task = NULL;
    for (unsigned i = 0; i + 1 < pool->workers && !task; i++) {
        wf_place *place = &pool->places[self->victims[i]];
        task = wf_run_queue_steal(&place->queue);
        if (!task)
            task = wf_run_queue_steal(&place->batch);
        int first = first_band(pool);
        for (int band = first; band >= -first && !task && place->inbox != self->place->inbox; band--)
            task = fetch(self, wf_inbox_in(place->inbox, band), 1);
    }
    return task;
}

/* One of any place, without a place of one's own. */
static wf_task *take_from(wf_inbox *normal, int first)
{
    wf_link *link;
    for (int band = first; band >= -first; band--)
        if (wf_inbox_take(wf_inbox_in(normal, band), &link, 1))
            return (wf_task *)(void *)link;
    return NULL;
}

wf_task *wf_tasks_take_any(weft_pool *pool)
{
    wf_task *task = NULL;
    for (unsigned i = 0; i < pool->nodes && !task; i++)
        task = take_from(&pool->inboxes[i * WF_BANDS + 1], first_band(pool));
    for (unsigned i = 0; i < pool->workers && !task; i++) {
        task = wf_run_queue_steal(&pool->places[i].batch);
        if (!task)
            task = wf_run_queue_steal(&pool->places[i].queue);
    }
    return task;
}

bool wf_tasks_ever(const weft_pool *pool)
{
    for (unsigned i = 0; i < pool->nodes * WF_BANDS; i++)
        if (wf_inbox_ever(&pool->inboxes[i]))
            return true;
    for (unsigned i = 0; i < pool->workers; i++)
        if (wf_run_queue_ever(&pool->places[i].queue))
            return true;
    return false;
}

bool wf_tasks_visible(const weft_pool *pool)
{
    int first = first_band(pool);
    for (unsigned i = 0; i < pool->nodes; i++)
        if (inboxes_visible(&pool->inboxes[i * WF_BANDS + 1], first))
            return true;
    for (unsigned i = 0; i < pool->workers; i++)
        if (wf_run_queue_visible(&pool->places[i].queue) || wf_run_queue_visible(&pool->places[i].batch))
            return true;
    return false;
}

bool wf_tasks_more(const wf_worker *self)
{
    const wf_place *place = self->place;
    return wf_run_queue_visible(&place->batch) || wf_run_queue_visible(&place->queue) ||
           inboxes_visible(place->inbox, first_band(self->pool));
}

/* ---- running ----------------------------------------------------------------------------------- */

int wf_tasks_call(wf_worker *self, wf_task *task)
{
    wf_running here = {.task = task, .outer = innermost};
    wf_frame outer;
    if (self)
        outer = wf_frame_begin(
            self, (wf_origin){.what = WF_TASK, .arg = task->arg, .fn = task->fn, .since = wf_ticks()});
    innermost = &here;
    wf_tsan_acquire(task);
    int status = task->fn(task->arg);
    wf_tsan_release(task);
    innermost = here.outer;
    if (here.said && status)
        wf_task_says(task, here.said);
    else
        wf_free(here.said);
    if (self)
        wf_frame_end(self, &outer);
    return status;
}

bool wf_tasks_run_one(wf_worker *self, wf_task *task)
{
    if (!wf_task_claim(task)) {
        wf_task_release(task);
        return false;
    }
    wf_count(&self->counters.tasks);
    return !wf_task_complete(task, wf_tasks_call(self, task), true);
}

bool wf_tasks_run(wf_worker *self, wf_task *task)
{
    bool useful = false;
    for (; task; task = wf_tasks_next(self))
        useful |= wf_tasks_run_one(self, task);
    return useful;
}

void wf_tasks_run_inline(wf_worker *self, wf_task *task)
{
    if (wf_task_claim(task))
        (void)wf_task_complete(task, wf_tasks_call(self, task), true);
    else
        wf_task_release(task);
}

static bool drop_dead(wf_link *link)
{
    wf_task *task = (wf_task *)(void *)link;
    bool dead = wf_task_state_of(task) != WF_TASK_PENDING;
    if (dead)
        wf_task_release(task);
    return dead;
}

/* Drops what is dead at the owner's end of its run queue. The look before: a thief may have taken the newest, and its
 * record be another task's by now, but a record it stays. */
static void trim(wf_place *place)
{
    wf_task *task = wf_run_queue_newest(&place->queue);
    if (!task || wf_task_state_of(task) == WF_TASK_PENDING)
        return;
    while ((task = wf_run_queue_pop(&place->queue)) != NULL)
        if (!drop_dead(&task->link)) {
            (void)wf_run_queue_put(&place->queue, task); /* where it was a moment ago: there is room */
            return;
        }
}

void wf_tasks_dead(wf_worker *self, wf_task *task)
{
    wf_inbox *inbox = wf_load_relaxed(&task->inbox); /* hint: nobody sweeps for it, else */
    if (inbox)
        wf_inbox_dead(inbox, drop_dead);
    else if (self && self->place)
        trim(self->place);
}

void wf_tasks_sweep(wf_inbox *inbox)
{
    while (!wf_inbox_sweep(inbox, drop_dead))
        wf_thread_yield(); /* a few instructions of theirs */
}

void wf_tasks_take_over(wf_worker *self, wf_task *task)
{
    if (self)
        wf_count(&self->counters.taken_over);
    else
        wf_count_shared(&task->pool->outside.taken_over);
    wf_task_complete(task, wf_tasks_call(self, task), false);
}

/* ---- the queues' life -------------------------------------------------------------------------- */

/* Inboxes by NUMA node, in the order in which the places meet them. */
static void assign_nodes(weft_pool *pool)
{
    for (unsigned i = 0; i < pool->workers; i++) {
        const wf_pu *own = &pool->machine->pu[wf_worker_at(pool, i)->pu];
        wf_place *place = &pool->places[i];
        for (unsigned j = 0; j < i && !place->inbox; j++)
            if (pool->machine->pu[wf_worker_at(pool, j)->pu].shares[WF_SAME_NODE] ==
                own->shares[WF_SAME_NODE])
                place->inbox = pool->places[j].inbox;
        if (!place->inbox)
            place->inbox = &pool->inboxes[pool->nodes++ * WF_BANDS + 1];
        pool->inbox_of_cpu[own->os_index] = (uint16_t)((place->inbox - pool->inboxes) / WF_BANDS);
        wf_worker_at(pool, i)->place = place;
    }
    if (!pool->nodes)
        pool->nodes = 1;
}

static int last_cpu(const wf_machine *machine)
{
    int last = 0;
    for (int i = 0; i < machine->pus; i++)
        if (machine->pu[i].os_index > last)
            last = machine->pu[i].os_index;
    return last;
}

int wf_tasks_init(weft_pool *pool)
{
    unsigned most = pool->workers ? pool->workers : 1;
    pool->cpus_known = last_cpu(pool->machine) + 1;
    pool->places = wf_alloc(pool->workers * sizeof *pool->places);
    pool->inboxes = wf_alloc(most * WF_BANDS * sizeof *pool->inboxes);
    pool->inbox_of_cpu = wf_alloc((size_t)pool->cpus_known * sizeof *pool->inbox_of_cpu);
    if (!pool->places || !pool->inboxes || !pool->inbox_of_cpu)
        return -ENOMEM;
    for (unsigned i = 0; i < WF_RECORD_SIZES; i++) {
        pool->slab[i] = wf_slab_create((size_t)WF_TASK_BYTES << i, pool->workers, WF_SHELVES_OUTSIDE);
        if (!pool->slab[i])
            return -ENOMEM;
        wf_slab_mark(pool->slab[i], pool->generation);
    }
    for (unsigned i = 0; i < most * WF_BANDS; i++)
        wf_inbox_init(&pool->inboxes[i]);
    assign_nodes(pool);
    return 0;
}

void wf_tasks_fini(weft_pool *pool)
{
    for (unsigned i = 0; pool->places && i < pool->workers; i++) {
        wf_run_queue_fini(&pool->places[i].queue);
        wf_run_queue_fini(&pool->places[i].batch);
    }
    for (unsigned i = 0; i < WF_RECORD_SIZES; i++)
        wf_slab_close(pool->slab[i]);
    wf_free(pool->inbox_of_cpu);
    wf_free(pool->inboxes);
    wf_free(pool->places);
}
