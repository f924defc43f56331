/* SPDX-License-Identifier: MIT */
/* sched/find.c - see find.h. */
#include "sched/find.h"

#include "sched/binding.h"
#include "sched/home.h"
#include "sched/layout.h"
#include "sched/steal.h"
#include "sched/tasks.h"
#include "sched/visible.h"

/* Of a loop that was laid out over nodes; home: what is self's. */
static bool take_stretch(wf_worker *self, bool home, wf_work *work)
{
    if (!wf_layout_take(self, home, &work->victim, &work->piece.span))
        return false;
    work->piece.from = &work->victim->loops[0];
    work->slot = NULL;
    work->more = wf_loop_visible(work->victim);
    return true;
}

static bool some_laid_out(const wf_worker *self)
{
    return self->stretches && wf_layout_some(self->pool);
}

static bool cut_from(wf_worker *self, wf_worker *victim, wf_work *work)
{
    if (!wf_loop_cut(self, victim, &work->piece))
        return false;
    work->victim = victim;
    work->slot = NULL;
    work->more = wf_loop_visible(victim);
    if (self->stretches)
        wf_layout_call(self, victim);
    return true;
}

static bool is_on_other_node(const wf_worker *self, const wf_worker *victim)
{
    return self->place && victim->place && victim->place->node != self->place->node;
}

/* Before a range of another node is cut, once in a round: what was not worth a cut near by, or not there yet, may be by
 * now. */
static bool take_near(wf_worker *self, wf_work *work)
{
    const weft_pool *pool = self->pool;
    work->near_again = true;
    if (some_laid_out(self) && take_stretch(self, true, work))
        return true;
    unsigned reach = wf_load_relaxed(&pool->reach); /* hint */
    for (unsigned i = 0; i < pool->workers - 1; i++) {
        wf_worker *near = wf_worker_at(pool, self->victims[i]);
        if (is_on_other_node(self, near))
            return false;
        if (near->index < reach && cut_from(self, near, work))
            return true;
    }
    return false;
}

static bool take_from(wf_worker *self, wf_worker *victim, wf_work *work)
{
    if (!work->near_again && is_on_other_node(self, victim) && wf_range_visible(victim) &&
        take_near(self, work))
        return true;
    if (cut_from(self, victim, work))
        return true;
    work->victim = victim;
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
    bool more = self->place ? wf_tasks_more(self) : wf_tasks_visible(self->pool);
    *work = (wf_work){.task = task, .more = more};
    return true;
}

/* Workers, near ones first for a worker, then guests and spares. */
static bool find_victim(wf_worker *self, wf_work *work)
{
    const weft_pool *pool = self->pool;
    unsigned others = self->victims ? pool->workers - 1 : pool->workers;
    unsigned reach = wf_load_relaxed(&pool->reach); /* hint, as below */
    for (unsigned i = 0; i < others; i++) {
        unsigned index = self->victims ? self->victims[i] : i;
        if (index < reach && try_victim(self, wf_worker_at(pool, index), work))
            return true;
    }
    unsigned used = wf_load_relaxed(&pool->seats_used); /* hint */
    for (unsigned i = 0; i < used; i++)
        if (pool->workers + i != self->index && try_victim(self, wf_worker_at(pool, pool->workers + i), work))
            return true;
    return false;
}

static bool found_strict(wf_worker *self, wf_work *work)
{
    wf_worker *away;
    wf_task *task = wf_home_take_for_other(self, &away);
    if (task)
        *work = (wf_work){.task = task, .away = away};
    return task;
}

/* Is there a range that was not worth a cut? A short time more, and it is, or it has ended. */
static bool near_ones_work(const wf_worker *self)
{
    const weft_pool *pool = self->pool;
    unsigned reach = wf_load_relaxed(&pool->reach); /* hint */
    for (unsigned i = 0; self->victims && i < pool->workers - 1; i++) {
        unsigned index = self->victims[i];
        if (pool->places[index].node != self->place->node)
            return false;
        if (index < reach && wf_range_visible(wf_worker_at(pool, index)))
            return true;
    }
    return false;
}

static bool find_shared(wf_worker *self, wf_work *work)
{
    work->task = NULL;
    work->stolen = false;
    work->away = NULL;
    work->near_again = !self->stretches;
    return (some_laid_out(self) && take_stretch(self, true, work)) || find_victim(self, work) ||
           (some_laid_out(self) && !near_ones_work(self) && take_stretch(self, false, work));
}

bool wf_find(wf_worker *self, bool place_free, wf_work *work)
{
    if (!self->place)
        return found_strict(self, work) || found_task(self, wf_tasks_take_any(self), work) ||
               (place_free && find_shared(self, work));
    return found_task(self, wf_tasks_next(self), work) || (place_free && find_shared(self, work)) ||
           (found_task(self, wf_tasks_steal(self), work) && (work->stolen = true));
}

/* Bound as the worker is in whose stead it runs the task. */
static void run_for_other(wf_worker *self, const wf_work *work)
{
    wf_binding_as(work->away);
    (void)wf_tasks_run_one(self, work->task);
    wf_binding_as_none(self->pool);
    wf_home_left(self, work->away);
}

bool wf_work_run(wf_worker *self, const wf_work *work)
{
    if (work->task && work->away)
        run_for_other(self, work);
    else if (work->task)
        return self->place ? wf_tasks_run(self, work->task) : wf_tasks_run_one(self, work->task);
    else if (work->slot)
        wf_steal_run(self, work->victim, work->slot);
    else
        wf_loop_run_piece(self, &work->piece);
    return false;
}
