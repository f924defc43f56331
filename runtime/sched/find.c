/* SPDX-License-Identifier: MIT */
/* sched/find.c - see find.h. */
#include "sched/find.h"

#include "sched/steal.h"
#include "sched/tasks.h"

static bool take_from(wf_worker *self, wf_worker *victim, wf_work *work)
{
    work->victim = victim;
    work->slot = NULL;
    if (wf_loop_cut(self, victim, &work->piece)) {
        work->more = wf_loop_visible(victim);
        return true;
    }
    work->slot = wf_stack_steal(&victim->stack);
    work->more = work->slot && wf_stack_public(&victim->stack);
    return work->slot;
}

static bool try_victim(wf_worker *self, wf_worker *victim, wf_work *work)
{
    if (wf_load_relaxed(&victim->mode) == WF_IDLE) /* hint: the last look before sleep looks everywhere */
        return false;
    if (take_from(self, victim, work))
        return true;
    return wf_ask(self, victim) && take_from(self, victim, work);
}

static bool found_task(const wf_worker *self, wf_task *task, wf_work *work)
{
    if (!task)
        return false;
    *work = (wf_work){.task = task, .more = wf_tasks_more(self)};
    return true;
}

static bool find_shared(wf_worker *self, wf_work *work)
{
    const weft_pool *pool = self->pool;
    work->task = NULL;
    for (unsigned i = 0; i + 1 < pool->workers; i++)
        if (try_victim(self, wf_worker_at(pool, self->victims[i]), work))
            return true;
    unsigned used = wf_load_relaxed(&pool->seats_used); /* hint */
    for (unsigned i = 0; i < used; i++)
        if (try_victim(self, wf_worker_at(pool, pool->workers + i), work))
            return true;
    return false;
}

bool wf_find(wf_worker *self, bool place_free, wf_work *work)
{
    return found_task(self, wf_tasks_next(self), work) || (place_free && find_shared(self, work)) ||
           found_task(self, wf_tasks_steal(self), work);
}

bool wf_work_run(wf_worker *self, const wf_work *work)
{
    if (work->task)
        return wf_tasks_run(self, work->task);
    if (work->slot)
        wf_steal_run(self, work->victim, work->slot);
    else
        wf_loop_run_piece(self, &work->piece);
    return false;
}

bool wf_visible(const wf_worker *self)
{
    const weft_pool *pool = self->pool;
    /* pair SL6 -> wf_seat_enter(): a seat that is new since is one whose guest sees this worker asleep */
    unsigned all = pool->workers + wf_load_seq_cst(&pool->seats_used);
    for (unsigned i = 0; i < all; i++) {
        const wf_worker *other = wf_worker_at(pool, i);
        if (other != self && (wf_stack_public(&other->stack) || wf_loop_visible(other)))
            return true;
    }
    return false;
}
