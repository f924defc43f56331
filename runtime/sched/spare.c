/* SPDX-License-Identifier: MIT */
/* sched/spare.c - see spare.h. */
#include "sched/spare.h"

static void count_call(wf_spares *s)
{
    (void)wf_add_seq_cst(&s->out, 1u);    /* pair SP1 -> wf_spares_rest() */
    (void)wf_add_seq_cst(&s->coming, 1u); /* pair SP2 -> wf_spares_coming() */
}

/* One more thread; when there is none to be had it is not tried again. */
static void make(weft_pool *pool, unsigned index)
{
    wf_spares *s = &pool->spares;
    wf_worker *seat = wf_worker_at(pool, pool->workers + pool->guests + index);
    int err = wf_thread_create(&seat->thread, s->main, seat, pool->stack_bytes);
    pthread_mutex_lock(&s->lock);
    bool again = s->again;
    s->making = s->again = false;
    if (err)
        s->most = s->made;
    else
        s->made++;
    pthread_mutex_unlock(&s->lock);
    if (err) {
        wf_spare_seated(pool);
        wf_spare_back(pool);
    }
    if (again)
        wf_spare_call(pool);
}

/* While one is made a call waits for that: the new one may wait for something itself before its maker knows that it is. */
void wf_spare_call(weft_pool *pool)
{
    wf_spares *s = &pool->spares;
    pthread_mutex_lock(&s->lock);
    bool wakes = s->resting > s->calls, makes = !wakes && !s->making && s->made < s->most;
    if (wakes || makes)
        count_call(s);
    if (wakes)
        s->calls++;
    wf_store_relaxed(&s->turn, s->turn + wakes); /* under lock */
    s->again |= !wakes && s->making;
    s->making |= makes;
    unsigned index = s->made;
    pthread_mutex_unlock(&s->lock);
    if (wakes)
        wf_futex_wake_one(&s->turn);
    if (makes)
        make(pool, index);
}

unsigned wf_spares_coming(const weft_pool *pool)
{
    return wf_load_seq_cst(&pool->spares.coming); /* pair SP2 -> count_call() */
}

bool wf_spares_rest(const weft_pool *pool)
{
    return !wf_load_seq_cst(&pool->spares.out); /* pair SP1 -> wf_spare_back() */
}

void wf_spare_rests(weft_pool *pool)
{
    pthread_mutex_lock(&pool->spares.lock);
    pool->spares.resting++;
    pthread_mutex_unlock(&pool->spares.lock);
}

bool wf_spare_wait(weft_pool *pool)
{
    wf_spares *s = &pool->spares;
    pthread_mutex_lock(&s->lock);
    while (!s->calls && !s->end) {
        uint32_t turn = s->turn;
        pthread_mutex_unlock(&s->lock);
        wf_futex_wait(&s->turn, turn, WF_FOREVER);
        pthread_mutex_lock(&s->lock);
    }
    s->resting--;
    bool called = s->calls;
    if (called)
        s->calls--;
    pthread_mutex_unlock(&s->lock);
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

void wf_spares_end(weft_pool *pool)
{
    wf_spares *s = &pool->spares;
    pthread_mutex_lock(&s->lock);
    s->end = true;
    wf_store_relaxed(&s->turn, s->turn + 1); /* under lock */
    pthread_mutex_unlock(&s->lock);
    wf_futex_wake_all(&s->turn);
    for (unsigned i = 0; i < s->made; i++)
        wf_thread_join(&wf_worker_at(pool, pool->workers + pool->guests + i)->thread);
}
