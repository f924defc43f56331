/* SPDX-License-Identifier: MIT */
/* exec/limit.c - see limit.h. */
#include "exec/limit.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "base/config.h"
#include "os/lock.h"
#include "os/memory.h"
#include "os/thread.h"

enum { OUTSIDE, IN_LINE, HOLDER, OVER };

/* In the order in which they came. */
typedef struct list {
    wf_limited *first, *last;
} list;

struct weft_limit {
    uint64_t generation;
    uint32_t references;
    pthread_mutex_t lock; /* of all below, but the name */
    int n, out;
    list line, holders;
    bool is_looked_at; /* one at a time looks */
    char name[32];
    weft_limit *before, *behind; /* under the lock of all */
};

/* All there are, for an executor that cancels. After a fork(2) the child's is empty. */
static struct {
    wf_lock lock;
    uint64_t generation;
    weft_limit *first;
} all;

/* ---- lists, under the lock ------------------------------------------------------------------------ */

static void append(list *to, wf_limited *l)
{
    l->before = to->last;
    l->behind = NULL;
    *(to->last ? &to->last->behind : &to->first) = l;
    to->last = l;
}

static void take_out(list *from, const wf_limited *l)
{
    *(l->before ? &l->before->behind : &from->first) = l->behind;
    *(l->behind ? &l->behind->before : &from->last) = l->before;
}

/* ---- permits -------------------------------------------------------------------------------------- */

static wf_task *task_of(const wf_limited *l)
{
    return &l->held->wide.task;
}

/* Under the lock: the first of the line has a permit now; NULL: nobody is there, or there is none. */
static wf_limited *give_next(weft_limit *limit)
{
    wf_limited *l = limit->line.first;
    if (!l || limit->out >= limit->n)
        return NULL;
    take_out(&limit->line, l);
    append(&limit->holders, l);
    l->where = HOLDER;
    limit->out++;
    return l;
}

static void comes_not(const wf_limited *l)
{
    wf_executor_comes_not(l->held->executor);
    wf_task_release(task_of(l));
}

/* G2 */
static void let_go(const wf_limited *l)
{
    if (!l)
        return;
    if (wf_task_let_go(task_of(l)))
        wf_executor_comes(l->held->executor, task_of(l));
    else
        comes_not(l);
}

/* D1, D2: it is over, and its record there still. */
static void ended(wf_follower *follower, wf_task *task)
{
    wf_limited *l = wf_task_kind(task)->limited(task), *next = NULL;
    weft_limit *limit = l->limit;
    (void)follower;
    pthread_mutex_lock(&limit->lock);
    int where = l->where;
    l->where = OVER;
    if (where == IN_LINE)
        take_out(&limit->line, l);
    if (where == HOLDER) {
        take_out(&limit->holders, l);
        limit->out--;
        next = give_next(limit);
    }
    pthread_mutex_unlock(&limit->lock);
    if (where == IN_LINE)
        comes_not(l);
    let_go(next);
}

void wf_limited_enter(wf_limited *l)
{
    weft_limit *limit = l->limit;
    wf_limited *next = NULL;
    l->held->follower.ended = ended;
    wf_task_follow(task_of(l), &l->held->follower);
    pthread_mutex_lock(&limit->lock);
    bool comes = l->where == OUTSIDE && !wf_executor_cancels(l->held->executor);
    if (comes) {
        l->where = IN_LINE;
        append(&limit->line, l);
        next = give_next(limit);
    }
    pthread_mutex_unlock(&limit->lock);
    let_go(next);
    if (comes)
        return;
    (void)wf_task_cancel(task_of(l));
    comes_not(l);
}

/* ---- its tasks ------------------------------------------------------------------------------------ */

void wf_limited_init(wf_limited *l, weft_limit *limit, wf_held *held)
{
    weft_limit_retain(limit);
    l->limit = limit;
    l->held = held;
    l->where = OUTSIDE;
}

void wf_limited_fini(wf_limited *l)
{
    weft_limit_release(l->limit);
}

wf_task *wf_limited_needs(wf_limited *l, size_t *at)
{
    weft_limit *limit = l->limit;
    wf_task *found = NULL;
    size_t skip = *at;
    pthread_mutex_lock(&limit->lock);
    for (wf_limited *h = limit->holders.first; l->where == IN_LINE && h && !found; h = h->behind)
        if (wf_task_state_of(task_of(h)) == WF_TASK_PENDING && !skip-- && wf_task_retain(task_of(h)))
            found = task_of(h);
    pthread_mutex_unlock(&limit->lock);
    *at += found != NULL;
    return found;
}

const weft_limit *wf_limited_waits(const wf_limited *l)
{
    pthread_mutex_lock(&l->limit->lock);
    bool waits = l->where == IN_LINE;
    pthread_mutex_unlock(&l->limit->lock);
    return waits ? l->limit : NULL;
}

const weft_limit *wf_limit_of(const wf_task *task)
{
    const wf_kind *kind = wf_task_kind(task);
    return kind && kind->limited ? kind->limited(task)->limit : NULL;
}

/* Again within itself: the lock is held. */
bool wf_limited_can_end(const wf_limited *l, bool (*can_end)(const wf_task *task))
{
    weft_limit *limit = l->limit;
    if (limit->is_looked_at)
        return l->where != IN_LINE;
    pthread_mutex_lock(&limit->lock);
    int enough = l->where == IN_LINE ? limit->out - limit->n + 1 : 0; /* more than one where it was lowered */
    limit->is_looked_at = true;
    for (const wf_limited *h = limit->holders.first; h && enough > 0; h = h->behind)
        enough -= can_end(task_of(h));
    limit->is_looked_at = false;
    pthread_mutex_unlock(&limit->lock);
    return enough <= 0;
}

/* Those of one executor, linked by `behind`; each with the line's reference. */
static wf_limited *take_from_line(weft_limit *limit, const weft_executor *executor)
{
    wf_limited *taken = NULL, **last = &taken;
    pthread_mutex_lock(&limit->lock);
    for (wf_limited *l = limit->line.first, *behind; l; l = behind) {
        behind = l->behind;
        if (l->held->executor != executor)
            continue;
        take_out(&limit->line, l);
        l->where = OUTSIDE;
        l->behind = NULL;
        *last = l;
        last = &l->behind;
    }
    pthread_mutex_unlock(&limit->lock);
    return taken;
}

void wf_limits_cancel(const weft_executor *executor)
{
    wf_limited *taken = NULL, **last = &taken;
    wf_lock_take(&all.lock);
    for (weft_limit *limit = all.generation == wf_generation() ? all.first : NULL; limit;
         limit = limit->behind) {
        *last = take_from_line(limit, executor);
        while (*last)
            last = &(*last)->behind;
    }
    wf_lock_give(&all.lock);
    for (wf_limited *l = taken, *behind; l; l = behind) {
        behind = l->behind;
        (void)wf_task_cancel(task_of(l));
        comes_not(l);
    }
}

/* ---- its life ------------------------------------------------------------------------------------- */

int wf_limit_usable(const weft_limit *limit)
{
    if (!limit)
        return -EINVAL;
    return limit->generation == wf_generation() ? 0 : -EOWNERDEAD;
}

static void note(weft_limit *limit)
{
    wf_lock_take(&all.lock);
    if (all.generation != limit->generation)
        all.first = NULL;
    all.generation = limit->generation;
    limit->behind = all.first;
    if (all.first)
        all.first->before = limit;
    all.first = limit;
    wf_lock_give(&all.lock);
}

static void strike_out(const weft_limit *limit)
{
    wf_lock_take(&all.lock);
    *(limit->before ? &limit->before->behind : &all.first) = limit->behind;
    if (limit->behind)
        limit->behind->before = limit->before;
    wf_lock_give(&all.lock);
}

int weft_limit_create(weft_limit **limit, int n, const char *name)
{
    if (!limit)
        return -EINVAL;
    *limit = NULL;
    if (n < 1)
        return -EINVAL;
    weft_limit *made = wf_alloc(sizeof *made);
    if (!made)
        return -ENOMEM;
    made->generation = wf_generation();
    made->references = 1;
    made->n = n;
    snprintf(made->name, sizeof made->name, "%s", name ? name : "limit");
    pthread_mutex_init(&made->lock, NULL);
    note(made);
    *limit = made;
    return 0;
}

void weft_limit_retain(weft_limit *limit)
{
    if (!wf_limit_usable(limit))
        (void)wf_add_relaxed(&limit->references, 1u); /* statistic: the caller holds another one */
}

void weft_limit_release(weft_limit *limit)
{
    /* pair LI1 -> itself: who frees it comes after all that others did with it */
    if (wf_limit_usable(limit) || wf_sub_acq_rel(&limit->references, 1u) > 1)
        return;
    strike_out(limit);
    pthread_mutex_destroy(&limit->lock);
    wf_free(limit);
}

int weft_limit_set(weft_limit *limit, int n)
{
    int err = n < 1 ? -EINVAL : wf_limit_usable(limit);
    if (err)
        return err;
    wf_limited *next;
    pthread_mutex_lock(&limit->lock);
    limit->n = n; /* once: who sets it meanwhile is the later one */
    while ((next = give_next(limit)) != NULL) {
        pthread_mutex_unlock(&limit->lock);
        let_go(next);
        pthread_mutex_lock(&limit->lock);
    }
    pthread_mutex_unlock(&limit->lock);
    return 0;
}

int weft_limit_inspect(weft_limit *limit, weft_limit_state *state)
{
    int err = state ? wf_limit_usable(limit) : -EINVAL;
    if (err)
        return err;
    weft_limit_state now = {.size = sizeof now, .name = limit->name};
    pthread_mutex_lock(&limit->lock);
    now.n = limit->n;
    for (const wf_limited *l = limit->holders.first; l; l = l->behind)
        *(wf_task_state_of(task_of(l)) == WF_TASK_PENDING ? &now.ready : &now.running) += 1;
    for (const wf_limited *l = limit->line.first; l; l = l->behind)
        now.waiting++;
    pthread_mutex_unlock(&limit->lock);
    return wf_config_write(state, &now, sizeof now, sizeof now) ? 0 : -EINVAL;
}
