/* SPDX-License-Identifier: MIT */
/* data/task.c - see task.h. */
#include "data/task.h"

#include <errno.h>

#include "base/annotate.h"
#include "base/check.h"
#include "os/clock.h"
#include "os/memory.h"
#include "os/thread.h"

#define STATE 3u
#define WAITED 4u
#define WANTED 8u /* a hint for the scheduler */
#define FOLLOWED 16u
#define HELD 32u /* only while it is pending */
#define WIDE 64u
#define BORROWED 128u /* somebody asks what it needs: only while it is held */
#define ASKED 256u    /* to stop, while it ran */
#define REFERENCE 512u
#define REFERENCES_MAX (1u << 22)

_Static_assert(sizeof(wf_task) <= WF_TASK_BYTES, "a record is one line");
_Static_assert(offsetof(wf_task, home) == offsetof(wf_block, home), "a record begins as a block does");

static enum wf_task_state state_in(uint32_t word)
{
    return (enum wf_task_state)(word & STATE);
}

static void init(wf_task *task, int (*fn)(void *arg), void *arg, uint32_t word)
{
    task->fn = fn;
    task->arg = arg;
    task->status = 0;
    task->followers = NULL;
    wf_store_relaxed(&task->word, word); /* owner only: published by a queue, or with the future */
}

void wf_task_init(wf_task *task, int (*fn)(void *arg), void *arg, unsigned references)
{
    init(task, fn, arg, references * REFERENCE + WF_TASK_PENDING);
}

static void init_wide(wf_wide *wide, const wf_kind *kind, int (*fn)(void *arg), void *arg, uint32_t word)
{
    wide->kind = kind;
    init(&wide->task, fn, arg, word + WF_TASK_PENDING + WIDE);
}

void wf_task_init_wide(wf_wide *wide, const wf_kind *kind, int (*fn)(void *arg), void *arg,
                       unsigned references)
{
    init_wide(wide, kind, fn, arg, references * REFERENCE);
}

void wf_task_init_held(wf_wide *wide, const wf_kind *kind, int (*fn)(void *arg), void *arg,
                       unsigned references)
{
    init_wide(wide, kind, fn, arg, references * REFERENCE + HELD);
}

/* PENDING becomes `to`, if it is held as `held` says or that does not matter; what the word was. */
static uint32_t leave_pending(wf_task *task, enum wf_task_state to, uint32_t held_matters, uint32_t held)
{
    uint32_t word = wf_load_relaxed(&task->word); /* re-checked by the exchange */
    /* pair TA1 -> wf_task_complete(), wf_task_wait() */
    while (state_in(word) == WF_TASK_PENDING && (word & held_matters) == held &&
           !wf_cas_acq_rel(&task->word, &word, (word & ~HELD) + (uint32_t)to))
        ;
    return word;
}

bool wf_task_claim(wf_task *task)
{
    uint32_t word = leave_pending(task, WF_TASK_RUNNING, HELD, 0);
    return state_in(word) == WF_TASK_PENDING && !(word & HELD);
}

bool wf_task_claim_held(wf_task *task)
{
    return state_in(leave_pending(task, WF_TASK_RUNNING, 0, 0)) == WF_TASK_PENDING;
}

static void wake_waiters(wf_task *task, uint32_t before)
{
    if (before & WAITED)
        wf_futex_wake_all(&task->word);
}

bool wf_task_let_go(wf_task *task)
{
    /* pair TA1 -> wf_task_claim(): what the task waited for is seen by who runs it */
    uint32_t before = wf_and_acq_rel(&task->word, ~HELD);
    wake_waiters(task, before);
    return state_in(before) == WF_TASK_PENDING;
}

bool wf_task_held(const wf_task *task)
{
    return wf_load_relaxed(&task->word) & HELD; /* hint */
}

/* ---- followers ---------------------------------------------------------------------------------- */

/* The newest first; turned round they are told in the order in which they came. */
static wf_follower *turn_round(wf_follower *newest)
{
    wf_follower *turned = NULL;
    while (newest) {
        wf_follower *older = newest->next;
        newest->next = turned;
        turned = newest;
        newest = older;
    }
    return turned;
}

static __thread struct {
    unsigned depth;
    void (*afterwards)(void);
} telling;

void wf_task_when_all_are_told(void (*run)(void))
{
    telling.afterwards = run;
}

static void tell_these(wf_task *task, wf_follower *next)
{
    telling.depth++;
    while (next) {
        wf_follower *told = next;
        next = next->next;
        told->ended(told, task);
    }
    void (*run)(void) = telling.afterwards;
    if (--telling.depth || !run)
        return;
    telling.afterwards = NULL;
    run();
}

static void tell_followers(wf_task *task)
{
    /* pair TA2 -> wf_task_follow(): what the follower is */
    tell_these(task, turn_round(wf_exchange_acq_rel(&task->followers, NULL)));
}

void wf_task_follow(wf_task *task, wf_follower *self)
{
    if (!(wf_load_relaxed(&task->word) & FOLLOWED)) /* hint: it stays */
        (void)wf_or_relaxed(&task->word, FOLLOWED); /* ordered by pair TA2: the push */
    self->next = wf_load_relaxed(&task->followers); /* re-checked by the exchange */
    /* pair TA2 -> tell_followers(): what the follower is; that nobody comes any more who would take it */
    while (!wf_cas_acq_rel(&task->followers, &self->next, self))
        ;
    if (wf_task_ended(task))
        tell_followers(task);
}

/* Those that came meanwhile are newer: they stay on top. */
static void put_back(wf_task *task, wf_follower *older)
{
    wf_follower *none = NULL;
    /* pair TA2 -> tell_followers() */
    while (older && !wf_cas_acq_rel(&task->followers, &none, older)) {
        wf_follower *newer = wf_exchange_acq_rel(&task->followers, NULL), **end = &newer; /* pair TA2 */
        while (*end)
            end = &(*end)->next;
        *end = older;
        older = newer;
        none = NULL;
    }
}

void wf_task_sweep(wf_task *task, bool (*unwanted)(const wf_follower *follower))
{
    wf_follower *kept = NULL, *dropped = NULL, **last_kept = &kept, **last_dropped = &dropped;
    wf_follower *next = wf_exchange_acq_rel(&task->followers, NULL); /* pair TA2 -> wf_task_follow() */
    for (wf_follower *f = next; f; f = next) {
        next = f->next;
        f->next = NULL;
        wf_follower ***last = unwanted(f) ? &last_dropped : &last_kept;
        **last = f;
        *last = &f->next;
    }
    put_back(task, kept);
    if (wf_task_ended(task)) /* who ended it may have found none */
        tell_followers(task);
    tell_these(task, dropped);
}

/* ---- the end ------------------------------------------------------------------------------------ */

/* Never called: a mark in fn of a task that ended and has a text in arg. */
static int says(void *arg)
{
    return arg != NULL;
}

void wf_task_says(wf_task *task, char *text)
{
    task->fn = says;
    task->arg = text;
}

const char *wf_task_said(const wf_task *task)
{
    return task->fn == says ? task->arg : NULL;
}

/* Apart: giving one of several references up needs no frame. */
__attribute__((noinline)) static void give(wf_task *task, uint32_t word)
{
    const wf_kind *kind = word & WIDE ? ((wf_wide *)(void *)task)->kind : NULL;
    if (task->fn == says || (kind && kind->freed))
        wf_tsan_acquire(task);
    if (task->fn == says)
        wf_free(task->arg);
    if (kind && kind->freed)
        kind->freed(task);
    wf_slab_give(task);
}

const wf_kind *wf_task_kind(const wf_task *task)
{
    uint32_t word = wf_load_relaxed(&task->word); /* hint: what it is does not change */
    return word & WIDE ? ((const wf_wide *)(const void *)task)->kind : NULL;
}

const char *wf_task_label(const wf_task *task)
{
    const wf_kind *kind = wf_task_kind(task);
    return kind && kind->label ? kind->label(task) : NULL;
}

struct wf_away *wf_task_away(wf_task *task)
{
    const wf_kind *kind = wf_task_kind(task);
    return kind && kind->away ? kind->away(task) : NULL;
}

bool wf_task_detached(const wf_task *task)
{
    return wf_load_relaxed(&task->word) < 2 * REFERENCE; /* hint */
}

enum wf_task_state wf_task_cancel(wf_task *task)
{
    uint32_t before = leave_pending(task, WF_TASK_CANCELLED, 0, 0);
    if (state_in(before) != WF_TASK_PENDING)
        return wf_task_state_of(task); /* who hears DONE may read the status */
    const wf_kind *kind = wf_task_kind(task);
    if (kind && kind->cancelled)
        kind->cancelled(task);
    wake_waiters(task, before);
    if (before & FOLLOWED)
        tell_followers(task);
    return WF_TASK_PENDING;
}

enum wf_task_state wf_task_ask(wf_task *task)
{
    return state_in(wf_or_relaxed(&task->word, ASKED)); /* hint: it looks now and then */
}

bool wf_task_asked(const wf_task *task)
{
    return wf_load_relaxed(&task->word) & ASKED; /* hint */
}

void wf_task_want(wf_task *task)
{
    (void)wf_or_relaxed(&task->word, WANTED); /* hint */
}

/* What it was ended with. */
__attribute__((noinline)) static void tell(wf_task *task, uint32_t before, bool drop)
{
    wake_waiters(task, before);
    if (!(before & FOLLOWED))
        return;
    tell_followers(task);
    if (drop)
        wf_task_release(task);
}

static enum wf_task_state end_of(uint32_t word, int status)
{
    return (word & ASKED) && status == -ECANCELED ? WF_TASK_CANCELLED : WF_TASK_DONE;
}

WF_TOGETHER bool wf_task_complete(wf_task *task, int status, bool drop)
{
    task->status = status;
    uint32_t word = wf_load_relaxed(&task->word), now; /* re-checked by the exchange */
    do {
        now = word + ((uint32_t)end_of(word, status) - WF_TASK_RUNNING);
        if (drop && !(word & FOLLOWED))
            now -= REFERENCE;
        /* pair TA1 -> wf_task_state_of(): the status and what the task did; -> wf_task_release(): all is done with */
    } while (!wf_cas_acq_rel(&task->word, &word, now));
    if (now < REFERENCE)
        give(task, word);
    else if (word & (WAITED | FOLLOWED))
        tell(task, word, drop);
    return word & WANTED;
}

bool wf_task_fulfil(wf_task *task, int status)
{
    task->status = status;
    uint32_t word = leave_pending(task, WF_TASK_DONE, HELD, HELD);
    if (state_in(word) != WF_TASK_PENDING || !(word & HELD))
        return false;
    tell(task, word, false);
    return true;
}

bool wf_task_any(const wf_task *task)
{
    const wf_kind *kind = wf_task_kind(task);
    return kind && kind->any;
}

wf_task *wf_task_needs(wf_task *task, size_t *at)
{
    const wf_kind *kind;
    uint32_t word = wf_load_relaxed(&task->word); /* re-checked by the exchange */
    for (;;) {
        if (!(word & HELD) || !(kind = ((wf_wide *)(void *)task)->kind)->needs)
            return NULL;
        if (word & BORROWED) {
            wf_thread_yield();
            word = wf_load_relaxed(&task->word); /* re-checked by the exchange */
        } else if (wf_cas_acq_rel(&task->word, &word,
                                  word | BORROWED)) { /* pair TA3 -> wf_task_not_borrowed() */
            break;
        }
    }
    wf_task *needed = kind->needs(task, at);
    (void)wf_and_acq_rel(&task->word, ~BORROWED); /* pair TA3 -> wf_task_not_borrowed() */
    return needed;
}

void wf_task_not_borrowed(const wf_task *task)
{
    while (wf_load_acquire(&task->word) & BORROWED) /* pair TA3 -> wf_task_needs() */
        wf_thread_yield();
}

enum wf_task_state wf_task_state_of(const wf_task *task)
{
    return state_in(wf_load_acquire(&task->word)); /* pair TA1 -> wf_task_complete() */
}

static bool add_reference(wf_task *task, uint32_t flags)
{
    uint32_t word = wf_load_relaxed(&task->word); /* re-checked by the exchange */
    do
        if (word >= REFERENCES_MAX * REFERENCE)
            return false;
    while (!wf_cas_relaxed(&task->word, &word,
                           (word | flags) + REFERENCE)); /* statistic: the caller holds another one */
    return true;
}

bool wf_task_retain(wf_task *task)
{
    return add_reference(task, 0);
}

bool wf_task_retain_to_follow(wf_task *task)
{
    return add_reference(task, FOLLOWED);
}

WF_TOGETHER void wf_task_release(wf_task *task)
{
    uint32_t before =
        wf_load_acquire(&task->word); /* pair TA1 -> wf_task_release(): the last needs no exchange */
    if (before >= 2 * REFERENCE) {
        wf_tsan_release(task);
        /* pair TA1 -> wf_task_release(): who gives the block back comes after all that others did with it */
        before = wf_sub_acq_rel(&task->word, REFERENCE);
    }
    if (before < 2 * REFERENCE)
        give(task, before);
}

static bool wait_while(wf_task *task, uint32_t all_of, int64_t deadline_ns)
{
    uint32_t word = wf_load_acquire(&task->word); /* pair TA1 -> wf_task_complete() */
    while (state_in(word) < WF_TASK_DONE && (word & all_of) == all_of) {
        if (deadline_ns != WF_FOREVER && wf_now_ns() >= deadline_ns)
            return false;
        if (!(word & WAITED))
            (void)wf_cas_acq_rel(&task->word, &word, word | WAITED); /* pair TA1 -> wf_task_complete() */
        else
            wf_futex_wait_until(&task->word, word, deadline_ns);
        word = wf_load_acquire(&task->word); /* pair TA1 -> wf_task_complete() */
    }
    return true;
}

bool wf_task_wait(wf_task *task, int64_t deadline_ns)
{
    return wait_while(task, 0, deadline_ns);
}

bool wf_task_wait_held(wf_task *task, int64_t deadline_ns)
{
    return wait_while(task, HELD, deadline_ns);
}
