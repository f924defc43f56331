/* SPDX-License-Identifier: MIT */
/* sched/resize.c - see resize.h. */
#include "sched/resize.h"

#include <errno.h>

#include "os/thread.h"
#include "sched/binding.h"
#include "sched/duty.h"
#include "sched/home.h"
#include "sched/layout.h"
#include "sched/presence.h"
#include "sched/sleep.h"
#include "sched/tasks.h"

void wf_open(weft_pool *pool, unsigned places)
{
    wf_store_seq_cst(&pool->open, places); /* pair SL10 -> empty_places() */
}

/* Its thread stands until it is told to sit. */
static int make_thread(wf_worker *worker)
{
    weft_pool *pool = worker->pool;
    if (!worker->stack.base && wf_stack_init(&worker->stack))
        return -ENOMEM;
    worker->absent = true;
    wf_binding_aim(worker);
    wf_store_relaxed(&worker->duty, (uint32_t)WF_STANDS); /* owner only: it has no thread */
    if (worker->index >= pool->reach)
        wf_store_seq_cst(&pool->reach, worker->index + 1); /* pair SL6 -> wf_reach() */
    int err = wf_thread_create(&worker->thread, pool->sizing.main, worker, pool->stack_bytes);
    wf_store_relaxed(&worker->made, !err); /* under lock */
    pool->sizing.made += !err;
    return err == -ENOMEM || !err ? err : -EAGAIN;
}

/* The first ones, of those whose PUs may be used; more than these only if there are not enough. */
static void choose(weft_pool *pool, unsigned places)
{
    for (unsigned i = 0; i < pool->workers; i++) {
        wf_worker *worker = wf_worker_at(pool, i);
        worker->chosen = places && !worker->lost;
        places -= worker->chosen;
    }
    for (unsigned i = 0; places; i++)
        if (!wf_worker_at(pool, i)->chosen) {
            wf_worker_at(pool, i)->chosen = true;
            places--;
        }
}

static int make_threads(weft_pool *pool)
{
    int err = 0;
    for (unsigned i = 0; i < pool->workers && !err; i++)
        if (wf_worker_at(pool, i)->chosen && !wf_worker_at(pool, i)->made)
            err = make_thread(wf_worker_at(pool, i));
    return err;
}

static void assign(weft_pool *pool, unsigned places)
{
    wf_open(pool, places);
    for (unsigned i = 0; i < pool->reach; i++)
        if (wf_worker_at(pool, i)->chosen)
            wf_recall(wf_worker_at(pool, i));
    for (unsigned i = 0; i < pool->reach; i++)
        if (wf_worker_at(pool, i)->made && !wf_worker_at(pool, i)->chosen)
            wf_dismiss(wf_worker_at(pool, i));
    wf_layout_follow(pool);
    (void)wf_home_see_to(pool);
}

int wf_resize_to(weft_pool *pool, unsigned places, enum wf_size_origin origin)
{
    if (pool->sizing.closed)
        return -ESHUTDOWN;
    choose(pool, places);
    int err = make_threads(pool);
    if (err)
        return err;
    bool more = places > pool->open;
    pool->sizing.changes += places != pool->open;
    pool->size.workers = places;
    pool->size.origin = origin;
    assign(pool, places);
    if (more && wf_tasks_visible(pool))
        wf_notify_task(pool, NULL);
    if (more)
        wf_places_grew(pool);
    return 0;
}

int wf_resize(weft_pool *pool, unsigned places)
{
    wf_turn_take(pool);
    int err = wf_resize_to(pool, places, WF_SIZE_RESIZE);
    if (!err) {
        pool->sizing.follows = false;
        wf_store_relaxed(&pool->follow_ticks, UINT64_MAX); /* hint */
    }
    wf_turn_give(pool);
    return err;
}

void wf_resize_close(weft_pool *pool)
{
    wf_turn_take(pool);
    pool->sizing.closed = true;
    wf_turn_give(pool);
}
