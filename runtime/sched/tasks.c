/* SPDX-License-Identifier: MIT */
/* sched/tasks.c - see tasks.h. */
#include "sched/tasks.h"

#include "base/annotate.h"
#include "base/check.h"
#include "os/clock.h"
#include "os/memory.h"
#include "os/thread.h"
#include "sched/duty.h"
#include "sched/home.h"
#include "sched/note.h"
#include "sched/places.h"
#include "sched/seat.h"
#include "sched/self.h"
#include "sched/sleep.h"
#include "sched/spare.h"
#include "sched/steal.h"

bool wf_tasks_is_inside(const wf_task *task)
{
    for (const wf_running *r = wf_innermost; r; r = r->outer)
        if (r->task == task)
            return true;
    return false;
}

/* ---- putting ----------------------------------------------------------------------------------- */

static wf_inbox *inbox_near(const weft_pool *pool)
{
    return &pool->inboxes[wf_node_near(pool) * WF_BANDS + WF_STRICT];
}

WF_TOGETHER __attribute__((noinline)) static void *take_shared(wf_slab *slab)
{
    return wf_slab_take_shared(slab, (uintptr_t)&wf_innermost >> 12); /* each thread has its own */
}

wf_task *wf_tasks_new(weft_pool *pool, const wf_worker *self, size_t bytes)
{
    unsigned size = 0;
    while (bytes > (size_t)WF_TASK_BYTES << size)
        size++;
    wf_slab *slab = pool->slab[size];
    wf_task *task = self && self->place ? wf_slab_take(slab, self->index) : take_shared(slab);
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
    /* pair SL2 -> wf_tasks_banded(): before anything is put */
    return wf_load_seq_cst(&pool->bands) & WF_SOME_BANDS ? 1 : 0;
}

void wf_tasks_banded(weft_pool *pool)
{
    (void)wf_or_seq_cst(&pool->bands, (uint32_t)WF_SOME_BANDS); /* pair SL2 -> first_band() */
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
            wf_tasks_take_over(self, task, true);
        else
            wf_task_release(task);
    }
    served = here.outer;
}

/* A thread that does so already comes to it later: submitting does not nest. */
__attribute__((noinline)) static void run_at_once(weft_pool *pool, wf_worker *self)
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

WF_TOGETHER __attribute__((noinline)) static void put_into_inbox(weft_pool *pool, const wf_worker *self,
                                                                 wf_task *task)
{
    wf_inbox *inbox = self && self->place ? self->place->inbox : inbox_near(pool);
    wf_tasks_goes_to(task, inbox);
    wf_inbox_put(inbox, &task->link);
}

void wf_tasks_put(weft_pool *pool, wf_worker *self, wf_task *task)
{
    wf_tsan_release(task);
    wf_tasks_goes_to(task, NULL);
    if (!self || !self->place || !wf_run_queue_put(&self->place->queue, task))
        put_into_inbox(pool, self, task);
}

/* One spare more for each that nobody comes for, two at a time: each that begins one of them calls two. */
void wf_tasks_call_for_blocking(weft_pool *pool)
{
    uint64_t waiting = wf_inbox_backlog(&pool->blocking), coming = wf_spares_coming(pool);
    if (waiting > coming && wf_nobody_idle(pool))
        wf_spare_call(pool, waiting - coming < 2 ? 1 : 2);
}

void wf_tasks_submit_blocking(weft_pool *pool, wf_worker *self, wf_task *task)
{
    if (!pool->spares.most) {
        wf_tasks_submit(pool, self, task);
        return;
    }
    wf_tsan_release(task);
    wf_tasks_goes_to(task, &pool->blocking);
    wf_inbox_put(&pool->blocking, &task->link);
    wf_tasks_notify(pool, self);
    wf_tasks_call_for_blocking(pool);
}

wf_task *wf_tasks_take_blocking(weft_pool *pool)
{
    wf_link *link;
    if (!wf_inbox_visible(&pool->blocking) || !wf_inbox_take(&pool->blocking, &link, 1))
        return NULL;
    wf_tasks_call_for_blocking(pool);
    return (wf_task *)(void *)link;
}

void wf_tasks_submit_to(weft_pool *pool, wf_worker *self, wf_task *task, wf_home home, int priority)
{
    wf_inbox *inbox = wf_home_inbox(pool, self, home, priority);
    wf_tsan_release(task);
    wf_tasks_goes_to(task, inbox);
    wf_inbox_put(inbox, &task->link);
    if (home.kind == WF_NEAR)
        wf_tasks_notify(pool, self);
    else
        wf_home_published(pool, self, home);
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

/* Ageing: the priority that goes first at this turn; 1: the highest, as ever. */
static int aged_band(unsigned turns, int first)
{
    if (turns % WF_AGE_NORMAL != WF_AGE_NORMAL - 1)
        return 1;
    return first && turns % WF_AGE_LOW == WF_AGE_LOW - 1 ? -1 : 0;
}

/* Of what there is besides the normal ones: what nobody else may take goes first, then the highest priority. */
static wf_task *next_of_bands(wf_worker *self, uint32_t bands)
{
    wf_place *place = self->place;
    int first = bands & WF_SOME_BANDS ? 1 : 0, aged = aged_band(place->turns, first);
    wf_task *task = aged < 1 ? next_in_band(self, aged) : NULL;
    if (!task && (bands & WF_SOME_STRICT))
        task = wf_home_take(self);
    for (int band = first; band >= -first && !task; band--)
        task = next_in_band(self, band);
    place->turns += task != NULL;
    return task;
}

static wf_task *next_from_outside(wf_worker *self)
{
    uint32_t bands = wf_load_relaxed(&self->pool->bands); /* hint: the last look before sleep is exact */
    return bands ? next_of_bands(self, bands) : next_in_band(self, 0);
}

bool wf_tasks_more_urgent(const wf_worker *self, int priority)
{
    int first = self ? first_band(self->pool) : 0;
    if (!first)
        return false;
    wf_inbox *normal = self->place ? self->place->inbox : inbox_near(self->pool);
    for (int band = first; band > priority; band--)
        if (wf_inbox_visible(wf_inbox_in(normal, band)))
            return true;
    return priority < 0 && self->place && wf_run_queue_visible(&self->place->batch);
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
    unsigned reach = wf_load_relaxed(&pool->reach); /* hint: who is new now has queued nothing yet */
    for (unsigned i = 0; i + 1 < pool->workers && !task; i++) {
        if (self->victims[i] >= reach)
            continue;
        wf_place *place = &pool->places[self->victims[i]];
        task = wf_run_queue_steal(&place->queue);
        if (!task)
            task = wf_run_queue_steal(&place->batch);
        int first = first_band(pool);
        for (int band = first; band >= -first && !task && place->inbox != self->place->inbox; band--)
            task = fetch(self, wf_inbox_in(place->inbox, band), 1);
    }
    return task ? task : wf_tasks_take_blocking(self->pool);
}

static wf_task *take_of_places(const weft_pool *pool)
{
    wf_task *task = NULL;
    for (unsigned i = 0; i < wf_reach(pool) && !task; i++) {
        task = wf_run_queue_steal(&pool->places[i].batch);
        if (!task)
            task = wf_run_queue_steal(&pool->places[i].queue);
    }
    return task;
}

/* Of one priority, of any place, as there: the normal ones that are in places first. */
static wf_task *take_of_band(const weft_pool *pool, int band)
{
    wf_link *link;
    wf_task *task = band ? NULL : take_of_places(pool);
    for (unsigned i = 0; i < pool->nodes && !task; i++)
        if (wf_inbox_take(wf_inbox_in(&pool->inboxes[i * WF_BANDS + WF_STRICT], band), &link, 1))
            task = (wf_task *)(void *)link;
    return task;
}

wf_task *wf_tasks_take_any(wf_worker *self)
{
    weft_pool *pool = self->pool;
    int first = first_band(pool), aged = first ? aged_band(self->turns, first) : 1;
    wf_task *task = wf_tasks_take_blocking(pool);
    if (!task && aged < 1)
        task = take_of_band(pool, aged);
    for (int band = first; band >= -first && !task; band--)
        task = take_of_band(pool, band);
    self->turns += task != NULL;
    return task;
}

bool wf_tasks_visible(const weft_pool *pool)
{
    int first = first_band(pool);
    for (unsigned i = 0; i < pool->nodes; i++)
        if (inboxes_visible(&pool->inboxes[i * WF_BANDS + WF_STRICT], first))
            return true;
    for (unsigned i = 0; i < wf_reach(pool); i++)
        if (wf_run_queue_visible(&pool->places[i].queue) || wf_run_queue_visible(&pool->places[i].batch))
            return true;
    return wf_inbox_visible(&pool->blocking);
}

bool wf_tasks_more(const wf_worker *self)
{
    const wf_place *place = self->place;
    return wf_run_queue_visible(&place->batch) || wf_run_queue_visible(&place->queue) ||
           inboxes_visible(place->inbox, first_band(self->pool));
}

/* ---- running ----------------------------------------------------------------------------------- */

/* What weft_fail left. */
__attribute__((noinline, cold)) static void told(wf_task *task, int status, char *said)
{
    if (status)
        wf_task_says(task, said);
    else
        wf_free(said);
}

/* since: ticks; 0: it counts from when what runs around it began. */
WF_TOGETHER static int call(wf_worker *self, wf_task *task, uint64_t since)
{
    wf_running here = {.task = task};
    wf_frame outer;
    if (self) {
        if (since)
            self->latest = since;
        wf_frame_begin(self, (wf_origin){.what = WF_TASK, .arg = task->arg, .fn = task->fn, .since = since},
                       &outer);
    }
    wf_running_begin(self, &here);
    wf_tsan_acquire(task);
    int status = task->fn(task->arg);
    wf_tsan_release(task);
    wf_running_end(self, &here);
    if (here.said)
        told(task, status, here.said);
    if (self)
        wf_frame_end(self, &outer);
    return status;
}

void wf_tasks_call_part(wf_task *task, void (*fn)(void *arg), void *arg)
{
    wf_worker *self = wf_self();
    wf_running here = {.task = task};
    wf_running_begin(self, &here);
    fn(arg);
    wf_running_end(self, &here);
    wf_free(here.said);
}

int wf_tasks_call(wf_worker *self, wf_task *task)
{
    return call(self, task, wf_ticks());
}

/* A pool that is gone does not hear of what followed a promise. */
void wf_tasks_failed(const wf_task *task, int status)
{
    const weft_pool *pool = wf_slab_closed(task) ? NULL : task->pool;
    if (pool && pool->on_error && wf_task_detached(task))
        pool->on_error(wf_task_label(task), status, pool->ctx);
}

/* drop: with a reference that the caller gives up. */
static inline bool complete(wf_task *task, int status, bool drop)
{
    if (status && drop)
        wf_tasks_failed(task, status);
    return wf_task_complete(task, status, drop);
}

bool wf_tasks_run_one(wf_worker *self, wf_task *task)
{
    if (!wf_task_claim(task)) {
        wf_task_release(task);
        return false;
    }
    wf_count(&self->counters.tasks);
    return !complete(task, wf_tasks_call(self, task), true);
}

bool wf_tasks_run(wf_worker *self, wf_task *task)
{
    bool useful = false;
    do
        useful |= wf_tasks_run_one(self, task);
    while (!wf_dismissed(self) && !wf_follow_due(self->pool, self->latest) &&
           (task = wf_tasks_next(self)) != NULL);
    return useful;
}

void wf_tasks_run_held(wf_worker *self, wf_task *task)
{
    if (wf_task_claim_held(task))
        (void)complete(task, call(self, task, 0), true);
    else
        wf_task_release(task);
}

/* Perhaps of one that a thief has just taken, and whose record is another task's by now: but a record it stays. */
static bool is_dead(const void *task)
{
    return wf_task_state_of(task) != WF_TASK_PENDING;
}

static bool drop_dead(wf_link *link)
{
    bool dead = is_dead(link);
    if (dead)
        wf_task_release((wf_task *)(void *)link);
    return dead;
}

/* Drops what is dead at its owner's end of a run queue, and at the thieves'. */
static void trim_newest(wf_run_queue *queue)
{
    wf_task *task;
    while ((task = wf_run_queue_newest(queue)) != NULL && is_dead(task))
        if (wf_run_queue_pop(queue))
            wf_task_release(task);
}

static void trim_oldest(wf_run_queue *queue)
{
    wf_task *task;
    while ((task = wf_run_queue_oldest(queue)) != NULL && is_dead(task))
        if (wf_run_queue_drop(queue, task))
            wf_task_release(task);
}

__attribute__((noinline)) static void trim(wf_run_queue *queue)
{
    trim_newest(queue);
    trim_oldest(queue);
}

bool wf_tasks_take_back(wf_worker *self, const wf_task *task)
{
    if (!self || !self->place)
        return false;
    wf_run_queue *queue = &self->place->queue;
    if (wf_run_queue_newest(queue) != task)
        return wf_run_queue_drop(queue, task);
    bool back = wf_run_queue_pop(queue);
    trim_newest(queue); /* it covered them */
    return back;
}

WF_TOGETHER void wf_tasks_dead(wf_worker *self, wf_task *task)
{
    wf_inbox *inbox = wf_load_relaxed(&task->inbox); /* hint: nobody sweeps for it, else */
    if (inbox)
        wf_inbox_dead(inbox, drop_dead);
    else if (self && self->place)
        trim(&self->place->queue);
}

void wf_tasks_sweep(wf_inbox *inbox)
{
    while (!wf_inbox_sweep(inbox, drop_dead))
        wf_thread_yield(); /* a few instructions of theirs */
}

void wf_tasks_take_over(wf_worker *self, wf_task *task, bool drop)
{
    if (self)
        wf_count(&self->counters.taken_over);
    else
        wf_count_shared(&task->pool->outside.taken_over);
    (void)complete(task, call(self, task, 0), drop);
}
