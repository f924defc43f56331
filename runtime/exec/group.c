/* SPDX-License-Identifier: MIT */
/* exec/group.c - see group.h. */
#include "exec/group.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "base/config.h"
#include "exec/cycles.h"
#include "exec/executor.h"
#include "exec/future.h"
#include "exec/stop.h"
#include "exec/task_spec.h"
#include "os/clock.h"
#include "os/memory.h"
#include "sched/block.h"
#include "sched/tasks.h"

#define TEXT_BYTES 256

typedef struct member {
    wf_block block;
    wf_follower follower;
    struct member *before, *behind;
    wf_task *task; /* with a reference */
    weft_group *group;
} member;

_Static_assert(sizeof(member) <= WF_TASK_BYTES, "a member is one line");

struct weft_group {
    weft_executor *executor; /* NULL: what is current where a task is submitted */
    uint64_t epoch;          /* of the executor: another one may have its record by now */
    weft_stop *stop;
    int on_error;
    uint64_t generation;
    pthread_mutex_t lock; /* of the rest, but for ended */
    member *first, *last;
    size_t references; /* the maker's, and each member's */
    int status;        /* of the first that failed */
    char text[TEXT_BYTES];
    unsigned waiting;   /* for members to be taken out */
    uint32_t taken_out; /* changes when one is */
};

/* ---- members ------------------------------------------------------------------------------------ */

static void add(weft_group *g, member *m)
{
    pthread_mutex_lock(&g->lock);
    m->before = g->last;
    m->behind = NULL;
    *(g->last ? &g->last->behind : &g->first) = m;
    g->last = m;
    g->references++;
    pthread_mutex_unlock(&g->lock);
}

static void take_out(weft_group *g, member *m)
{
    *(m->before ? &m->before->behind : &g->first) = m->behind;
    *(m->behind ? &m->behind->before : &g->last) = m->before;
}

/* Under the lock, which is given up. */
static void let_go(weft_group *g)
{
    bool last = --g->references == 0;
    pthread_mutex_unlock(&g->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&g->lock);
    weft_stop_release(g->stop);
    wf_free(g);
}

/* Under the lock. */
static void note_error(weft_group *g, const wf_task *task)
{
    const char *said = wf_task_said(task);
    if (g->status)
        return;
    g->status = task->status;
    snprintf(g->text, sizeof g->text, "%s", said ? said : weft_strerror(task->status));
    if (g->on_error == WEFT_STOP_OTHERS)
        (void)weft_stop_request(g->stop);
}

static void ended(wf_follower *follower, wf_task *task)
{
    member *m = (member *)(void *)((char *)follower - offsetof(member, follower));
    weft_group *g = m->group;
    pthread_mutex_lock(&g->lock);
    take_out(g, m);
    if (wf_task_state_of(task) == WF_TASK_DONE && task->status)
        note_error(g, task);
    wf_store_relaxed(&g->taken_out, g->taken_out + 1); /* under lock */
    if (g->waiting)
        wf_futex_wake_all(&g->taken_out);
    let_go(g);
    wf_task_release(m->task);
    wf_slab_give(m);
}

/* ---- submitting --------------------------------------------------------------------------------- */

static int find(const weft_group *g, wf_door *door)
{
    if (g->generation != wf_generation())
        return -EOWNERDEAD;
    if (g->executor && wf_executor_epoch(g->executor) != g->epoch)
        return -ESHUTDOWN;
    return wf_executor_find_any(g->executor, door);
}

int weft_group_submit_task(weft_group *g, const weft_task_spec *given, weft_future **future)
{
    weft_task_spec spec;
    wf_door door;
    weft_future *made;
    if (future)
        *future = NULL;
    if (!g || !given || !wf_config_read(&spec, sizeof spec, sizeof spec, given) || spec.stop)
        return -EINVAL;
    int err = find(g, &door);
    if (err)
        return err;
    member *m = (void *)wf_tasks_new(door.pool, door.self, sizeof *m);
    if (!m)
        return -ENOMEM;
    spec.size = sizeof spec;
    spec.stop = g->stop;
    err = weft_submit_task(door.executor, &spec, &made);
    if (err) {
        wf_slab_give(m);
        return err;
    }
    m->task = made;
    m->group = g;
    m->follower.ended = ended;
    bool wanted = future && wf_task_retain(made);
    add(g, m);
    wf_task_follow(made, &m->follower);
    if (wanted)
        *future = made;
    return 0;
}

int weft_group_submit(weft_group *g, weft_task_fn *fn, void *arg)
{
    const weft_task_spec spec = {.size = sizeof spec, .fn = fn, .arg = arg};
    return weft_group_submit_task(g, &spec, NULL);
}

int weft_group_stop(weft_group *g)
{
    if (!g)
        return -EINVAL;
    return g->generation == wf_generation() ? weft_stop_request(g->stop) : -EOWNERDEAD;
}

weft_stop *weft_group_token(const weft_group *g)
{
    return g ? g->stop : NULL;
}

/* ---- waiting ------------------------------------------------------------------------------------ */

/* What there is to wait for: a member that has not ended, with a reference, or, if all have, that they are taken out. */
typedef struct todo {
    wf_task *task;
    bool empty; /* nothing */
    uint32_t taken_out;
} todo;

static todo look(weft_group *g)
{
    pthread_mutex_lock(&g->lock);
    todo now = {.empty = !g->first, .taken_out = g->taken_out};
    for (member *m = g->first; m && !now.task; m = m->behind)
        if (!wf_task_ended(m->task) && wf_task_retain(m->task))
            now.task = m->task;
    if (!now.task)
        g->waiting++;
    pthread_mutex_unlock(&g->lock);
    return now;
}

static void looked(weft_group *g)
{
    pthread_mutex_lock(&g->lock);
    g->waiting--;
    pthread_mutex_unlock(&g->lock);
}

static int wait_for(weft_group *g, const todo *now, int64_t deadline_ns)
{
    int err = 0;
    if (now->task) {
        err = weft_future_wait(now->task, deadline_ns);
        wf_task_release(now->task);
        return err;
    }
    if (!now->empty && deadline_ns != WEFT_FOREVER && wf_now_ns() >= deadline_ns)
        err = -ETIMEDOUT;
    else if (!now->empty)
        wf_block_while(&g->taken_out, now->taken_out, deadline_ns, g);
    looked(g);
    return err;
}

static int wait_for_all(weft_group *g, int64_t deadline_ns)
{
    todo now;
    int err;
    do {
        now = look(g);
        err = wait_for(g, &now, deadline_ns);
    } while (!err && !now.empty);
    return err;
}

/* Is the caller inside one of its tasks, or of a group within? They have its token, or one below it. */
static bool runs_here(const weft_group *g)
{
    for (const wf_running *r = wf_tasks_innermost(); r; r = r->outer)
        if (wf_stop_is_within(wf_task_stop(r->task), g->stop))
            return true;
    return false;
}

static int waits_for_itself(void)
{
    wf_crowd end = {.of = NULL};
    wf_crowd_init(&end, "the end of a group", NULL);
    return wf_waits_for_itself(&end.wide.task);
}

static int status_of(const weft_group *g)
{
    return g->status ? g->status : weft_stop_requested(g->stop) ? -ECANCELED : 0;
}

int weft_group_wait(weft_group *g, int64_t deadline_ns, int *status)
{
    if (!g)
        return -EINVAL;
    if (g->generation != wf_generation())
        return -EOWNERDEAD;
    int err = runs_here(g) ? waits_for_itself() : wait_for_all(g, deadline_ns);
    if (!err && status) {
        pthread_mutex_lock(&g->lock);
        *status = status_of(g);
        pthread_mutex_unlock(&g->lock);
    }
    return err;
}

const char *weft_group_error_text(const weft_group *g)
{
    return !g ? weft_strerror(-EINVAL) : g->status ? g->text : weft_strerror(status_of(g));
}

/* ---- life --------------------------------------------------------------------------------------- */

int weft_group_create(weft_group **group, const weft_group_config *given)
{
    weft_group_config config;
    if (!group)
        return -EINVAL;
    *group = NULL;
    if (!wf_config_read(&config, sizeof config, sizeof config, given) || config.on_error < WEFT_GO_ON ||
        config.on_error > WEFT_STOP_OTHERS)
        return -EINVAL;
    wf_door door;
    int err = wf_executor_find_any(config.executor, &door);
    if (err)
        return err;
    weft_group *g = wf_alloc(sizeof *g);
    if (!g ||
        weft_stop_create(&g->stop, config.stop, config.deadline_ns ? config.deadline_ns : WEFT_FOREVER)) {
        wf_free(g);
        return -ENOMEM;
    }
    g->executor = config.executor;
    g->epoch = wf_executor_epoch(door.executor);
    g->on_error = config.on_error;
    g->generation = wf_generation();
    g->references = 1;
    pthread_mutex_init(&g->lock, NULL);
    *group = g;
    return 0;
}

int weft_group_destroy(weft_group *g)
{
    if (!g)
        return 0;
    int err = weft_group_wait(g, WEFT_FOREVER, NULL);
    if (err)
        return err;
    pthread_mutex_lock(&g->lock);
    let_go(g);
    return 0;
}
