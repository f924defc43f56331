/* SPDX-License-Identifier: MIT */
/* sched/spare.c - see spare.h. */
#include "sched/spare.h"

#include "os/clock.h"
#include "sched/arm.h"
#include "sched/note.h"

static wf_worker *pop(wf_worker **list)
{
    wf_worker *first = *list;
    if (first)
        *list = first->next_spare;
    return first;
}

static void push(wf_worker **list, wf_worker *seat)
{
    seat->next_spare = *list;
    *list = seat;
}

static void unlink_from(wf_worker **list, const wf_worker *seat)
{
    while (*list != seat)
        list = &(*list)->next_spare;
    *list = seat->next_spare;
}

void wf_spares_init(weft_pool *pool, unsigned most, int64_t keep_ns, void *(*main)(void *seat))
{
    wf_spares *s = &pool->spares;
    s->most = most;
    s->keep_ns = keep_ns;
    s->main = main;
    for (unsigned i = most; i-- > 0;)
        push(&s->unmade, wf_worker_at(pool, pool->workers + pool->guests + i));
}

static void count_made(wf_spares *s, int more)
{
    wf_store_relaxed(&s->made, s->made + (unsigned)more); /* under lock */
}

/* ---- calling ------------------------------------------------------------------------------------- */

static void count_calls(wf_spares *s, unsigned calls)
{
    (void)wf_add_seq_cst(&s->out, calls);    /* pair SP1 -> wf_spares_rest() */
    (void)wf_add_seq_cst(&s->coming, calls); /* pair SP2 -> wf_spares_coming() */
}

/* One that rests; NULL: none does. */
static wf_worker *call_resting(wf_spares *s)
{
    pthread_mutex_lock(&s->lock);
    wf_worker *spare = s->ends ? NULL : pop(&s->resting);
    if (spare) {
        spare->called = 1;
        count_calls(s, 1);
    }
    pthread_mutex_unlock(&s->lock);
    return spare;
}

static bool refused_lately(const wf_spares *s)
{
    return s->not_before && wf_now_ns() < s->not_before;
}

static void want(weft_pool *pool, unsigned more)
{
    wf_spares *s = &pool->spares;
    pthread_mutex_lock(&s->lock);
    bool refused = refused_lately(s);
    unsigned room = s->ends || refused ? 0 : s->most - s->made - s->wanted;
    if (room < more)
        wf_count_shared(&pool->outside.spares_capped);
    unsigned fresh = room < more ? room : more;
    s->wanted += fresh;
    if (fresh)
        count_calls(s, fresh);
    pthread_mutex_unlock(&s->lock);
    if (refused)
        wf_arm(pool); /* it tries again */
}

/* The next one to be made, its thread from before to be joined; NULL: none is wanted. */
static wf_worker *begin_making(wf_spares *s, bool *had_thread)
{
    wf_worker *seat = NULL;
    pthread_mutex_lock(&s->lock);
    if (s->wanted && !s->ends) {
        s->wanted--;
        s->making++;
        count_made(s, 1);
        seat = pop(&s->unmade);
        *had_thread = seat->joinable;
        seat->joinable = 1;
    }
    pthread_mutex_unlock(&s->lock);
    return seat;
}

/* Nor those that were wanted besides. */
static unsigned refused(wf_spares *s, wf_worker *seat)
{
    pthread_mutex_lock(&s->lock);
    unsigned calls = 1 + s->wanted;
    s->wanted = 0;
    s->making--;
    count_made(s, -1);
    seat->joinable = 0;
    push(&s->unmade, seat);
    s->not_before = wf_now_ns() + WF_SPARE_RETRY_NS;
    pthread_mutex_unlock(&s->lock);
    return calls;
}

static void end_making(wf_spares *s)
{
    pthread_mutex_lock(&s->lock);
    s->making--;
    pthread_mutex_unlock(&s->lock);
}

static void make_wanted(weft_pool *pool)
{
    wf_spares *s = &pool->spares;
    wf_worker *seat;
    bool had_thread;
    while ((seat = begin_making(s, &had_thread)) != NULL) {
        if (had_thread)
            wf_thread_join(&seat->thread);
        if (wf_thread_create(&seat->thread, s->main, seat, pool->stack_bytes)) {
            for (unsigned calls = refused(s, seat); calls; calls--) {
                wf_spare_seated(pool);
                wf_spare_back(pool);
            }
            wf_arm(pool); /* as want() */
            return;
        }
        wf_count_shared(&pool->outside.spares);
        end_making(s);
    }
}

void wf_spare_call(weft_pool *pool, unsigned more)
{
    wf_worker *spare;
    for (; more && (spare = call_resting(&pool->spares)) != NULL; more--)
        wf_wake(&spare->parker);
    if (!more)
        return;
    want(pool, more);
    make_wanted(pool);
}

unsigned wf_spares_coming(const weft_pool *pool)
{
    return wf_load_seq_cst(&pool->spares.coming); /* pair SP2 -> count_calls() */
}

bool wf_spares_rest(const weft_pool *pool)
{
    return !wf_load_seq_cst(&pool->spares.out); /* pair SP1 -> wf_spare_back() */
}

/* ---- a spare's own ------------------------------------------------------------------------------- */

void wf_spare_rests(wf_worker *self)
{
    wf_spares *s = &self->pool->spares;
    pthread_mutex_lock(&s->lock);
    push(&s->resting, self);
    pthread_mutex_unlock(&s->lock);
}

/* How long yet? 0: it is time to end. */
static int64_t until(int64_t end_ns)
{
    if (end_ns == WF_FOREVER)
        return WF_FOREVER;
    int64_t left = end_ns - wf_now_ns();
    return left > 0 ? left : 0;
}

/* Its seat has no thread any more; the monitor, the next maker or the pool's end joins what is left of this one. */
static void end(wf_spares *s, wf_worker *self)
{
    unlink_from(&s->resting, self);
    push(&s->unmade, self);
    count_made(s, -1);
}

bool wf_spare_wait(wf_worker *self)
{
    wf_spares *s = &self->pool->spares;
    int64_t end_ns = s->keep_ns == WF_FOREVER ? WF_FOREVER : wf_now_ns() + s->keep_ns, left = 1;
    pthread_mutex_lock(&s->lock);
    while (!self->called && !s->ends && (left = until(end_ns)) > 0) {
        pthread_mutex_unlock(&s->lock);
        wf_park(&self->parker, left);
        pthread_mutex_lock(&s->lock);
    }
    bool called = self->called;
    self->called = 0;
    bool ended = !called && !s->ends;
    if (ended)
        end(s, self);
    pthread_mutex_unlock(&s->lock);
    if (ended && wf_load_relaxed(&self->pool->monitor.made)) /* hint: else others join it */
        wf_wake(&self->pool->monitor.parker);
    return called;
}

void wf_spare_seated(weft_pool *pool)
{
    (void)wf_sub_seq_cst(&pool->spares.coming,
                         1u); /* pair SP2 -> wf_spares_coming(): it counts as a guest now */
}

void wf_spare_back(weft_pool *pool)
{
    (void)wf_sub_seq_cst(&pool->spares.out, 1u); /* pair SP1 -> wf_spares_rest() */
    if (wf_load_seq_cst(&pool->closing))         /* pair SL8 -> wf_sleep_closing(): one sees the other */
        wf_wake(&pool->closer);
}

/* ---- the end ------------------------------------------------------------------------------------- */

/* To be joined by the caller; the lock is held. */
static bool take_thread(wf_worker *seat, wf_thread *thread)
{
    bool has = seat->joinable;
    *thread = seat->thread;
    seat->joinable = 0;
    return has;
}

static bool take_ended(wf_spares *s, wf_thread *thread)
{
    bool has = false;
    pthread_mutex_lock(&s->lock);
    for (wf_worker *seat = s->unmade; seat && !has; seat = seat->next_spare)
        has = take_thread(seat, thread);
    pthread_mutex_unlock(&s->lock);
    return has;
}

void wf_spares_join_ended(weft_pool *pool)
{
    wf_thread thread;
    while (take_ended(&pool->spares, &thread))
        wf_thread_join(&thread);
}

/* From now on none is made. Who makes one just now is waited for: until then there is nothing to be joined. */
static void make_no_more(wf_spares *s)
{
    pthread_mutex_lock(&s->lock);
    s->ends = true;
    while (s->making) {
        pthread_mutex_unlock(&s->lock);
        wf_thread_yield();
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
}

void wf_spares_end(weft_pool *pool)
{
    wf_spares *s = &pool->spares;
    wf_thread thread;
    make_no_more(s);
    for (unsigned i = 0; i < s->most; i++) {
        wf_worker *seat = wf_worker_at(pool, pool->workers + pool->guests + i);
        pthread_mutex_lock(&s->lock);
        bool has = take_thread(seat, &thread);
        pthread_mutex_unlock(&s->lock);
        if (!has)
            continue;
        wf_wake(&seat->parker);
        wf_thread_join(&thread);
    }
}
