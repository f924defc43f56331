/* SPDX-License-Identifier: MIT */
/* exec/combine.c - see combine.h. */
#include "exec/combine.h"

#include <errno.h>

#include "exec/executor.h"
#include "exec/future.h"
#include "os/memory.h"
#include "sched/tasks.h"

typedef struct combined combined;

typedef struct link {
    wf_follower follower;
    combined *whole;
    weft_future *part;
} link;

struct combined {
    wf_wide wide;
    link *links;
    size_t count, left;
    size_t winner; /* index + 1; 0: none yet */
    bool errors;   /* of any: only an error counts */
};

_Static_assert(sizeof(combined) <= 2 * WF_TASK_BYTES, "a record is two lines");

static combined *combined_of(const wf_task *task)
{
    return (combined *)(uintptr_t)task;
}

static void freed(wf_task *task)
{
    combined *whole = combined_of(task);
    for (size_t i = 0; i < whole->count; i++)
        wf_task_release(whole->links[i].part);
    wf_free(whole->links);
}

static int status_of(const weft_future *ended)
{
    return wf_task_state_of(ended) == WF_TASK_CANCELLED ? -ECANCELED : ended->status;
}

/* ---- all ---------------------------------------------------------------------------------------- */

static wf_task *next_not_ended(wf_task *task, size_t *at)
{
    const combined *whole = combined_of(task);
    while (*at < whole->count) {
        wf_task *part = whole->links[(*at)++].part;
        if (!wf_task_ended(part))
            return wf_task_retain(part) ? part : NULL;
    }
    return NULL;
}

static int first_error(const combined *whole)
{
    int status = 0;
    for (size_t i = 0; i < whole->count && !status; i++)
        status = status_of(whole->links[i].part);
    return status;
}

/* True: it was the last one. */
static bool count_down(combined *whole)
{
    return wf_sub_acq_rel(&whole->left, (size_t)1) == 1; /* pair CB2 -> itself: what the others ended with */
}

static void part_ended(combined *whole)
{
    if (!count_down(whole))
        return;
    if (!wf_task_ended(&whole->wide.task)) /* given up, its parts may run still */
        (void)wf_task_fulfil(&whole->wide.task, first_error(whole));
    wf_task_release(&whole->wide.task);
}

static void all_ended(wf_follower *self, wf_task *part)
{
    (void)part;
    part_ended(((link *)(void *)self)->whole);
}

/* wf_kind.some: it needs all: if the first of those that are left cannot end, it cannot. */
static bool first_ends(const wf_task *task, bool (*ends)(const wf_task *part))
{
    const combined *whole = combined_of(task);
    size_t i = 0;
    while (i < whole->count && wf_task_ended(whole->links[i].part))
        i++;
    return i == whole->count || ends(whole->links[i].part);
}

static const wf_kind all_kind = {.freed = freed, .needs = next_not_ended, .some = first_ends};

/* ---- any ---------------------------------------------------------------------------------------- */

static wf_task *next_pending(wf_task *task, size_t *at)
{
    const combined *whole = combined_of(task);
    while (*at < whole->count) {
        wf_task *part = whole->links[(*at)++].part;
        if (wf_task_state_of(part) == WF_TASK_PENDING)
            return wf_task_retain(part) ? part : NULL;
    }
    return NULL;
}

static void any_ended(wf_follower *self, wf_task *part)
{
    link *own = (link *)(void *)self;
    combined *whole = own->whole;
    bool given_up = !wf_task_ended(part);
    size_t none = 0;
    int status = given_up ? 0 : status_of(part);
    if (!given_up && (status || !whole->errors) &&
        wf_cas_relaxed(&whole->winner, &none,
                       (size_t)(own - whole->links) + 1)) /* ordered by pair TA1: before DONE */
        (void)wf_task_fulfil(&whole->wide.task, status);
    part_ended(whole);
}

static bool some_ends(const wf_task *task, bool (*ends)(const wf_task *part))
{
    const combined *whole = combined_of(task);
    bool left = false;
    for (size_t i = 0; i < whole->count; i++) {
        const wf_task *part = whole->links[i].part;
        if (wf_task_ended(part))
            continue;
        left = true;
        if (ends(part))
            return true;
    }
    return !left;
}

static const wf_kind any_kind = {.freed = freed, .needs = next_pending, .any = true, .some = some_ends};

ptrdiff_t weft_when_any_index(const weft_future *any)
{
    if (wf_future_usable(any) || wf_task_kind(any) != &any_kind || wf_task_state_of(any) != WF_TASK_DONE)
        return -1;
    return (ptrdiff_t)wf_load_relaxed(&combined_of(any)->winner) - 1; /* ordered by pair TA1: after DONE */
}

/* ---- making ------------------------------------------------------------------------------------- */

static int usable(weft_future *const *futures, size_t n)
{
    int err = futures || !n ? 0 : -EINVAL;
    for (size_t i = 0; i < n && !err; i++)
        err = wf_future_usable(futures[i]);
    return err;
}

/* With room for n links, from the first future's pool, or the current one. */
static int make(combined **made, weft_future *const *futures, size_t n)
{
    wf_door door;
    int err = n ? wf_executor_near(futures[0], &door) : wf_executor_find(NULL, &door);
    if (err)
        return err;
    link *links = n > SIZE_MAX / sizeof *links ? NULL : wf_alloc(n * sizeof *links);
    combined *whole = links ? (void *)wf_tasks_new(door.pool, door.self, sizeof(combined)) : NULL;
    if (!whole) {
        wf_free(links);
        return -ENOMEM;
    }
    whole->links = links;
    whole->count = 0;
    whole->left = n + 1;
    whole->winner = 0;
    whole->wide.task.inbox = NULL;
    *made = whole;
    return 0;
}

/* All links are there before the first is told: who waits looks at all. */
static int retain_parts(combined *whole, weft_future *const *futures, size_t n,
                        void (*told)(wf_follower *, wf_task *))
{
    for (; whole->count < n; whole->count++) {
        if (!wf_task_retain_to_follow(futures[whole->count]))
            return -ENOMEM;
        whole->links[whole->count] =
            (link){.follower.ended = told, .whole = whole, .part = futures[whole->count]};
    }
    return 0;
}

static int combine(weft_future *const *futures, size_t n, bool any, bool errors, weft_future **out)
{
    combined *whole;
    int err = usable(futures, n);
    if (!err)
        err = make(&whole, futures, n);
    if (err)
        return err;
    whole->errors = errors;
    err = retain_parts(whole, futures, n, any ? any_ended : all_ended);
    if (err) {
        freed(&whole->wide.task);
        wf_slab_give(whole);
        return err;
    }
    wf_task_init_held(&whole->wide, any ? &any_kind : &all_kind, NULL, NULL, 2);
    whole->wide.task.pool = n ? futures[0]->pool : NULL;
    *out = &whole->wide.task;
    for (size_t i = 0; i < n; i++)
        wf_task_follow(futures[i], &whole->links[i].follower);
    part_ended(whole);
    return 0;
}

int weft_when_all(weft_future *const *futures, size_t n, weft_future **all)
{
    if (!all)
        return -EINVAL;
    *all = NULL;
    return combine(futures, n, false, false, all);
}

int weft_when_any(weft_future *const *futures, size_t n, weft_future **any)
{
    if (!any)
        return -EINVAL;
    *any = NULL;
    return n ? combine(futures, n, true, false, any) : -EINVAL;
}

/* ---- waiting for several ------------------------------------------------------------------------- */

static int wait_for_all(weft_future *const *futures, size_t n, int64_t deadline_ns)
{
    int err = 0;
    for (size_t i = 0; i < n && !err; i++)
        err = weft_future_wait(futures[i], deadline_ns);
    return err;
}

static bool have_ended(weft_future *const *futures, size_t n)
{
    size_t i = 0;
    while (i < n && wf_task_ended(futures[i]))
        i++;
    return i == n;
}

/* The index of one that counts already; n: none. */
static size_t find_ended(weft_future *const *futures, size_t n, bool errors)
{
    for (size_t i = 0; i < n; i++)
        if (wf_task_ended(futures[i]) && (!errors || status_of(futures[i])))
            return i;
    return n;
}

/* Its links are those of one that was cancelled. */
static bool is_given_up(const wf_follower *follower)
{
    if (follower->ended != any_ended)
        return false;
    const combined *whole = ((const link *)(const void *)follower)->whole;
    return wf_task_state_of(&whole->wide.task) == WF_TASK_CANCELLED;
}

/* Nobody waits any more: else each wait that times out would leave something behind until the last of the n ends. */
static void give_up(weft_future *const *futures, size_t n, weft_future *any)
{
    (void)wf_task_cancel(any);
    for (size_t i = 0; i < n; i++)
        wf_task_sweep(futures[i], is_given_up);
}

static int wait_for_any(weft_future *const *futures, size_t n, bool errors, int64_t deadline_ns,
                        size_t *index)
{
    weft_future *any;
    bool over = have_ended(futures, n); /* before: then none of them fails later */
    *index = find_ended(futures, n, errors);
    if (over || *index < n)
        return 0;
    int err = combine(futures, n, true, errors, &any);
    if (err)
        return err;
    err = weft_future_wait(any, deadline_ns);
    if (err)
        give_up(futures, n, any);
    ptrdiff_t which = weft_when_any_index(any);
    *index = which < 0 ? n : (size_t)which;
    weft_future_release(any);
    return err;
}

int weft_wait(weft_future *const *futures, size_t n, int what, int64_t deadline_ns, size_t *index)
{
    size_t unused;
    if (!index)
        index = &unused;
    *index = n;
    int err = what < WEFT_ALL || what > WEFT_FIRST_ERROR || (what == WEFT_FIRST && !n) ? -EINVAL
                                                                                       : usable(futures, n);
    if (err)
        return err;
    if (what == WEFT_ALL)
        return wait_for_all(futures, n, deadline_ns);
    return wait_for_any(futures, n, what == WEFT_FIRST_ERROR, deadline_ns, index);
}
