/* SPDX-License-Identifier: MIT */
/* exec/completions.c - see completions.h. */
#include "exec/completions.h"

#include <errno.h>

#include "exec/cycles.h"
#include "exec/executor.h"
#include "exec/future.h"
#include "os/clock.h"
#include "os/event.h"
#include "os/memory.h"
#include "os/thread.h"
#include "sched/block.h"
#include "sched/tasks.h"

typedef struct entry {
    wf_block block;
    wf_link ready, added; /* its places in both queues */
    wf_follower follower;
    struct entry *next, **before; /* under the lock: in the list of all that are not out */
    weft_completions *set;
    weft_future *future;
    void *tag;
    uint32_t uses; /* queues that it is in, or will be */
    bool out;      /* under the lock: its future is not the set's any more */
} entry;

struct weft_completions {
    wf_wide several; /* for who looks whether a wait can end: as a future that ends with one of the set's */
    uint64_t generation;
    wf_queue ready, added;
    uint64_t left;  /* added and not out */
    uint32_t users; /* entries whose futures have not ended, and the maker */
    uint32_t told, sleepers, lock;
    bool is_looked_at; /* by who looks for circles, one at a time */
    entry *all;        /* under the lock: those that are not out, newest first */
    int fd;            /* -1: nobody asked for one */
};

_Static_assert(sizeof(entry) <= 2 * WF_TASK_BYTES, "an entry is two lines");

/* ---- those that are in it ------------------------------------------------------------------------- */

static void lock(weft_completions *set)
{
    uint32_t open = 0;
    while (!wf_cas_acquire(&set->lock, &open, 1u)) { /* pair CO4 -> unlock() */
        open = 0;
        wf_thread_yield();
    }
}

static void unlock(weft_completions *set)
{
    wf_store_release(&set->lock, 0u); /* pair CO4 -> lock() */
}

/* Under the lock, as the next one. */
static void enter(weft_completions *set, entry *e)
{
    e->next = set->all;
    e->before = &set->all;
    if (e->next)
        e->next->before = &e->next;
    set->all = e;
}

static void take_out(entry *e)
{
    e->out = true;
    *e->before = e->next;
    if (e->next)
        e->next->before = e->before;
}

/* wf_kind.some. Again within itself: it ends with none but those that are looked at already. */
static bool some_ends(const wf_task *task, bool (*ends)(const wf_task *part))
{
    weft_completions *set = (weft_completions *)(uintptr_t)task;
    bool left = false, found = false;
    if (set->is_looked_at)
        return false;
    lock(set);
    set->is_looked_at = true;
    for (const entry *e = set->all; e && !found; e = e->next)
        if (!wf_task_ended(e->future)) {
            left = true;
            found = ends(e->future);
        }
    set->is_looked_at = false;
    unlock(set);
    return found || !left;
}

static const wf_kind set_kind = {.some = some_ends};

int weft_completions_create(weft_completions **set)
{
    if (!set)
        return -EINVAL;
    *set = wf_alloc(sizeof **set);
    if (!*set)
        return -ENOMEM;
    wf_task_init_held(&(*set)->several, &set_kind, NULL, NULL, 1);
    wf_queue_init(&(*set)->ready);
    wf_queue_init(&(*set)->added);
    (*set)->generation = wf_generation();
    (*set)->users = 1;
    (*set)->fd = -1;
    return 0;
}

/* ---- an entry's life ------------------------------------------------------------------------------ */

static void let_entry_go(entry *e)
{
    if (wf_sub_acq_rel(&e->uses, 1u) ==
        1) /* pair CO1 -> let_entry_go(): the other queue's user is done with it */
        wf_slab_give(e);
}

static entry *take(wf_queue *queue, size_t offset)
{
    wf_link *link = wf_queue_take(queue);
    return link && link != WF_BUSY ? (entry *)(void *)((char *)link - offset) : NULL;
}

/* It was destroyed, and all its futures have ended. */
static void free_set(weft_completions *set)
{
    entry *e;
    while ((e = take(&set->ready, offsetof(entry, ready))) != NULL) {
        wf_task_release(e->future);
        let_entry_go(e);
    }
    while ((e = take(&set->added, offsetof(entry, added))) != NULL)
        let_entry_go(e);
    if (set->fd >= 0)
        wf_event_close(set->fd);
    wf_free(set);
}

static void let_set_go(weft_completions *set)
{
    if (wf_sub_acq_rel(&set->users, 1u) == 1) /* pair CO1 -> let_set_go(): all that others did with it */
        free_set(set);
}

static void tell(weft_completions *set)
{
    (void)wf_add_seq_cst(&set->told, 1u); /* pair CO2 -> weft_completions_next() */
    if (wf_load_seq_cst(&set->sleepers))  /* pair CO2 -> sleep_until() */
        wf_futex_wake_all(&set->told);
}

static void ended(wf_follower *follower, wf_task *task)
{
    entry *e = (entry *)(void *)((char *)follower - offsetof(entry, follower));
    weft_completions *set = e->set;
    (void)task;
    wf_queue_put(&set->ready, &e->ready);
    tell(set);
    int fd = wf_load_seq_cst(&set->fd); /* pair CO3 -> weft_completions_fd() */
    if (fd >= 0)
        wf_event_post(fd);
    let_set_go(set);
}

static int usable(const weft_completions *set)
{
    if (!set)
        return -EINVAL;
    return set->generation == wf_generation() ? 0 : -EOWNERDEAD;
}

int weft_completions_add(weft_completions *set, weft_future *future, void *tag)
{
    wf_door door;
    int err = usable(set);
    if (!err)
        err = wf_future_usable(future);
    if (!err)
        err = wf_executor_near(future, &door);
    if (err)
        return err;
    entry *e = (void *)wf_tasks_new(door.pool, door.self, sizeof *e);
    if (!e)
        return -ENOMEM;
    if (!wf_task_retain_to_follow(future)) {
        wf_slab_give(e);
        return -ENOMEM;
    }
    e->follower.ended = ended;
    e->set = set;
    e->future = future;
    e->tag = tag;
    e->out = false;
    bool pending = wf_task_state_of(future) == WF_TASK_PENDING; /* else nobody here can begin it */
    wf_store_relaxed(&e->uses, 1u + pending);                   /* owner only: published by the queues */
    (void)wf_add_relaxed(&set->users, 1u);                      /* statistic: the caller uses it */
    (void)wf_add_relaxed(&set->left,
                         (uint64_t)1); /* statistic: before it is in a queue, so before it is out */
    lock(set);
    enter(set, e);
    unlock(set);
    if (pending)
        wf_queue_put(&set->added, &e->added);
    wf_task_follow(future, &e->follower);
    return 0;
}

/* ---- taking them out ------------------------------------------------------------------------------ */

/* Under the lock: may something of it be run, now or later? Of a promise nothing ever is. */
static bool is_pending(const entry *e)
{
    if (e->out || wf_task_state_of(e->future) != WF_TASK_PENDING)
        return false;
    const wf_kind *kind = wf_task_kind(e->future);
    return e->future->pool || (kind && kind->needs);
}

/* Under the lock: lets up to two go that are not. For each one that comes out: else the queue would grow while there is
 * always one that is ready. */
static void tidy(weft_completions *set)
{
    entry *e;
    for (int i = 0; i < 2 && (e = take(&set->added, offsetof(entry, added))) != NULL; i++)
        if (is_pending(e))
            wf_queue_put(&set->added, &e->added);
        else
            let_entry_go(e);
}

/* One that has ended; NULL: none now. One that came while the descriptor was cleared may not be the last. */
static entry *next_ready(weft_completions *set)
{
    lock(set);
    entry *e = take(&set->ready, offsetof(entry, ready));
    if (!e && wf_load_relaxed(&set->fd) >= 0) { /* hint: who asks for one posts it */
        wf_event_clear(set->fd);
        e = take(&set->ready, offsetof(entry, ready));
        if (e)
            wf_event_post(set->fd);
    }
    if (e) {
        take_out(e);
        tidy(set);
    }
    unlock(set);
    return e;
}

/* One that nobody may have begun, with a reference; NULL: none is left. It stays in the queue, as the last one: another
 * consumer may be allowed to run what this one is not. */
static weft_future *next_pending(weft_completions *set)
{
    weft_future *future = NULL;
    entry *e;
    lock(set);
    while (!future && (e = take(&set->added, offsetof(entry, added))) != NULL)
        if (is_pending(e) && wf_task_retain(e->future)) {
            future = e->future;
            wf_queue_put(&set->added, &e->added);
        } else {
            let_entry_go(e);
        }
    unlock(set);
    return future;
}

static int give_out(weft_completions *set, entry *e, weft_future **future, void **tag)
{
    if (wf_sub_relaxed(&set->left, (uint64_t)1) == 1) /* ordered by pair CO2: told is newer */
        tell(set);                                    /* other consumers: that was the last */
    if (tag)
        *tag = e->tag;
    if (future)
        *future = e->future;
    else
        wf_task_release(e->future);
    let_entry_go(e);
    return 0;
}

/* Runs one that nobody has begun, or what that needs. True: there was one, or err says why it could not be run. */
static bool help(weft_completions *set, int64_t deadline_ns, int *err)
{
    uint64_t looks = wf_load_relaxed(&set->left); /* hint */
    bool helped = false;
    weft_future *future;
    while (!helped && !*err && looks-- && (future = next_pending(set)) != NULL) {
        helped = wf_future_help(future, deadline_ns, err);
        wf_task_release(future);
    }
    return helped || *err;
}

static int sleep_until(weft_completions *set, uint32_t told, int64_t deadline_ns)
{
    wf_waiter waiter;
    int err = wf_waiter_begin(&waiter, &set->several.task, deadline_ns);
    if (err)
        return err;
    (void)wf_add_seq_cst(&set->sleepers, 1u); /* pair CO2 -> ended() */
    wf_block_while(&set->told, told, wf_look_for_pending(deadline_ns), set);
    (void)wf_sub_relaxed(&set->sleepers, 1u); /* hint: too late, somebody wakes for nothing */
    wf_waiter_done(&waiter);
    return 0;
}

int weft_completions_next(weft_completions *set, int64_t deadline_ns, weft_future **future, void **tag)
{
    int err = usable(set), came = 0;
    if (future)
        *future = NULL;
    while (!err) {
        uint32_t told = wf_load_seq_cst(&set->told); /* pair CO2 -> ended() */
        entry *e = next_ready(set);
        if (e)
            return give_out(set, e, future, tag);
        if (!wf_load_relaxed(&set->left)) /* ordered by pair CO2: told was read before */
            return WEFT_EEND;
        if (help(set, deadline_ns, &err))
            continue;
        if (deadline_ns != WEFT_FOREVER && wf_now_ns() >= deadline_ns)
            return -ETIMEDOUT;
        err = sleep_until(set, told, deadline_ns);
        if (err == -EDEADLK && help(set, deadline_ns, &came) && !came) {
            wf_waiter_helped(); /* it came after the look before */
            err = 0;
        }
    }
    return err;
}

size_t weft_completions_left(const weft_completions *set)
{
    return set ? wf_load_relaxed(&set->left) : 0; /* hint */
}

int weft_completions_fd(weft_completions *set)
{
    int err = usable(set);
    if (err)
        return err;
    lock(set);
    int fd = set->fd;
    if (fd < 0 && (fd = wf_event_create()) >= 0) {
        wf_store_seq_cst(&set->fd, fd); /* pair CO3 -> ended(): who misses it has put before this */
        wf_event_post(fd);
    }
    unlock(set);
    return fd;
}

/* Who ends a future of the set later finds it still there. */
void weft_completions_destroy(weft_completions *set)
{
    if (!usable(set))
        let_set_go(set);
}
