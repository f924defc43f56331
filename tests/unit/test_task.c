/* SPDX-License-Identifier: MIT */
/* data/task: every way through the state word, every order of references, waits and who ends them. */
#include "task_records.h"

#include <errno.h>
#include <pthread.h>

#include "base/atomic.h"
#include "os/clock.h"
#include "surroundings.h"

TestSuite(task, .init = make_slab, .fini = close_slab, .timeout = 240);

Test(task, smoke)
{
    int number = 41;
    wf_task *task = wf_slab_take(slab, 0);
    wf_task_init(task, plus_one, &number, 1);
    cr_assert_eq(wf_task_state_of(task), WF_TASK_PENDING);
    cr_assert_not(wf_task_ended(task));
    cr_assert(wf_task_claim(task));
    cr_assert_eq(wf_task_state_of(task), WF_TASK_RUNNING);
    cr_assert_not(wf_task_ended(task));
    wf_task_complete(task, task->fn(task->arg), false);
    cr_assert_eq(wf_task_state_of(task), WF_TASK_DONE);
    cr_assert(wf_task_ended(task));
    cr_assert_eq(task->status, 42);
    wf_task_release(task);
    assert_back(task);
}

/* What each call answers in each state, and that only the right ones change it. */
Test(task, every_call_in_every_state)
{
    for (int state = WF_TASK_PENDING; state <= WF_TASK_CANCELLED; state++) {
        wf_task *task = task_with(2);
        if (state == WF_TASK_CANCELLED)
            cr_assert_eq(wf_task_cancel(task), WF_TASK_PENDING);
        else if (state != WF_TASK_PENDING)
            cr_assert(wf_task_claim(task));
        if (state == WF_TASK_DONE)
            wf_task_complete(task, -5, false);
        cr_assert_eq((int)wf_task_state_of(task), state);
        cr_assert_eq(wf_task_ended(task), state >= WF_TASK_DONE);
        cr_assert_eq(wf_task_wait(task, 0), state >= WF_TASK_DONE, "a look without waiting");
        cr_assert(wf_task_retain(task));
        wf_task_release(task);
        if (state != WF_TASK_PENDING) {
            cr_assert_not(wf_task_claim(task));
            cr_assert_eq((int)wf_task_cancel(task), state);
            cr_assert_not(wf_task_claim(task));
        }
        cr_assert_eq((int)wf_task_state_of(task), state, "nobody changed it");
        if (state == WF_TASK_DONE)
            cr_assert_eq(task->status, -5);
        if (state == WF_TASK_CANCELLED)
            cr_assert_eq(task->status, 0, "as init left it");
        wf_task_release(task);
        assert_out(task);
        wf_task_release(task);
        assert_back(task);
    }
}

Test(task, is_claimed_once)
{
    wf_task *task = task_with(3);
    cr_assert(wf_task_claim(task));
    cr_assert_not(wf_task_claim(task));
    cr_assert_eq(wf_task_cancel(task), WF_TASK_RUNNING);
    wf_task_complete(task, 1, true);
    cr_assert_not(wf_task_claim(task));
    cr_assert_eq(wf_task_cancel(task), WF_TASK_DONE);
    wf_task_release(task);
    wf_task_release(task);
    assert_back(task);
}

/* A waiter's mark in the word is in nobody's way. */
Test(task, everything_with_a_waiters_mark)
{
    for (int cancels = 0; cancels < 2; cancels++) {
        wf_task *task = task_with(3);
        cr_assert_not(wf_task_wait(task, wf_now_ns() + 1000000), "the time is over");
        cr_assert_eq(wf_task_state_of(task), WF_TASK_PENDING);
        cr_assert(wf_task_retain(task));
        wf_task_release(task);
        if (cancels) {
            cr_assert_eq(wf_task_cancel(task), WF_TASK_PENDING);
            wf_task_release(task);
        } else {
            cr_assert(wf_task_claim(task));
            cr_assert_not(wf_task_wait(task, wf_now_ns() + 1000000));
            cr_assert_eq(wf_task_state_of(task), WF_TASK_RUNNING);
            wf_task_complete(task, 9, true);
        }
        cr_assert_eq(wf_task_state_of(task), cancels ? WF_TASK_CANCELLED : WF_TASK_DONE);
        cr_assert(wf_task_wait(task, WF_FOREVER));
        wf_task_release(task);
        assert_out(task);
        wf_task_release(task);
        assert_back(task);
    }
}

/* Three references: A and B hold the future, Q is the queue's, which the runner drops or the one that finds it
 * dead. Each order of giving them up gives the block back with the last one. */
static void give_up(wf_task *task, char who, bool runs)
{
    if (who == 'Q' && runs)
        wf_task_complete(task, 3, true);
    else
        wf_task_release(task);
}

Test(task, references_go_in_every_order)
{
    static const char *const orders[] = {"QAB", "QBA", "AQB", "BQA", "ABQ", "BAQ"};
    for (int scene = 0; scene < 6 * 3; scene++) {
        const char *order = orders[scene % 6];
        bool runs = scene < 6;
        wf_task *task = task_with(3);
        if (runs)
            cr_assert(wf_task_claim(task));
        else if (scene < 12)
            cr_assert_eq(wf_task_cancel(task), WF_TASK_PENDING);
        for (int i = 0; i < 3; i++) {
            assert_out(task);
            give_up(task, order[i], runs);
        }
        assert_back(task);
    }
}

Test(task, completed_without_drop_keeps_the_runners_reference)
{
    wf_task *task = task_with(1);
    cr_assert(wf_task_claim(task));
    wf_task_complete(task, 77, false);
    assert_out(task);
    cr_assert_eq(task->status, 77);
    wf_task_release(task);
    assert_back(task);
}

Test(task, completed_with_the_last_reference_is_gone)
{
    wf_task *task = task_with(1);
    cr_assert(wf_task_claim(task));
    wf_task_complete(task, 77, true);
    assert_back(task);
}

Test(task, statuses_are_kept_as_they_are)
{
    static const int statuses[] = {0, 1, -1, INT32_MAX, INT32_MIN};
    for (int i = 0; i < 5; i++) {
        wf_task *task = task_with(2);
        cr_assert(wf_task_claim(task));
        wf_task_complete(task, statuses[i], true);
        cr_assert_eq(task->status, statuses[i]);
        wf_task_release(task);
        assert_back(task);
    }
}

/* 23 bits count; before they are used up retain says no, and changes nothing. */
Test(task, references_have_an_end)
{
    wf_task *task = task_with((1u << 23) - 1);
    cr_assert_not(wf_task_retain(task), "one more would carry over");
    cr_assert_eq(task->word, ((1u << 23) - 1) << 9);
    wf_task_init(task, plus_one, NULL, 1u << 21);
    unsigned held = 1u << 21;
    while (held < 1u << 23 && wf_task_retain(task))
        held++;
    cr_assert_lt(held, (1u << 23) - 1000, "with room for those that come together");
    cr_assert_eq(task->word, held << 9);
    cr_assert_eq(wf_task_state_of(task), WF_TASK_PENDING);
    for (unsigned i = 0; i < held; i++)
        wf_task_release(task);
    assert_back(task);
}

Test(task, a_new_life_knows_nothing_of_the_last)
{
    wf_task *task = task_with(2);
    cr_assert_not(wf_task_wait(task, wf_now_ns() + 1000000));
    cr_assert(wf_task_claim(task));
    wf_task_complete(task, 8, true);
    wf_task_release(task);
    wf_task *other[16], *again = NULL;
    for (int i = 0; i < 16 && again != task; i++)
        other[i] = again = task_with(1);
    cr_assert_eq(again, task, "it comes again");
    cr_assert_eq(wf_task_state_of(again), WF_TASK_PENDING);
    cr_assert_eq(again->status, 0);
    cr_assert(wf_task_claim(again));
    wf_task_complete(again, 0, true);
    for (int i = 0; i < 16 && other[i] != again; i++)
        wf_task_release(other[i]);
    assert_back(again);
}

Test(task, outlives_its_slab)
{
    wf_slab *closed = wf_slab_create(WF_TASK_BYTES, 0, 1);
    wf_slab_mark(closed, 4711);
    wf_task *task = wf_slab_take_shared(closed, 0);
    wf_task_init(task, plus_one, NULL, 2);
    wf_slab_close(closed);
    cr_assert_eq(wf_slab_mark_of(task), 4711);
    cr_assert_eq(wf_task_cancel(task), WF_TASK_PENDING);
    wf_task_release(task);
    cr_assert_eq(wf_task_state_of(task), WF_TASK_CANCELLED);
    wf_task_release(task);
    cr_assert_not(is_mapped(task));
}

/* ---- waits ------------------------------------------------------------------------------------- */
Test(task, deadlines)
{
    wf_task *task = task_with(2);
    cr_assert_not(wf_task_wait(task, INT64_MIN));
    cr_assert_not(wf_task_wait(task, 0));
    cr_assert_not(wf_task_wait(task, wf_now_ns()));
    int64_t end = wf_now_ns() + 2000000;
    cr_assert_not(wf_task_wait(task, end));
    cr_assert_geq(wf_now_ns(), end, "false: the deadline came");
    cr_assert(wf_task_claim(task));
    wf_task_complete(task, 0, true);
    cr_assert(wf_task_wait(task, INT64_MIN), "it has ended: no deadline matters");
    cr_assert(wf_task_wait(task, WF_FOREVER));
    wf_task_release(task);
    assert_back(task);
}

enum { WAITERS = 3 };

typedef struct waiter {
    pthread_t thread;
    wf_task *task;
    int64_t deadline;
    int number;
    bool ended;
    int status;
} waiter;

static void *wait_for_it(void *arg)
{
    waiter *w = arg;
    __atomic_store_n(&w->number, thread_number(), __ATOMIC_RELEASE);
    w->ended = wf_task_wait(w->task, w->deadline);
    w->status = w->task->status;
    wf_task_release(w->task);
    return NULL;
}

static void start(waiter *waiters, wf_task *task)
{
    for (int i = 0; i < WAITERS; i++) {
        waiters[i] = (waiter){.task = task, .deadline = i ? WF_FOREVER - i + 1 : WF_FOREVER};
        cr_assert_eq(pthread_create(&waiters[i].thread, NULL, wait_for_it, &waiters[i]), 0);
    }
    for (int i = 0; i < WAITERS; i++) {
        while (!__atomic_load_n(&waiters[i].number, __ATOMIC_ACQUIRE))
            sched_yield();
        until_asleep(waiters[i].number);
    }
}

static void join(waiter *waiters, int status)
{
    for (int i = 0; i < WAITERS; i++) {
        pthread_join(waiters[i].thread, NULL);
        cr_assert(waiters[i].ended);
        cr_assert_eq(waiters[i].status, status);
    }
}

Test(task, waiters_are_woken_by_the_end)
{
    for (int drop = 0; drop < 2; drop++) {
        waiter waiters[WAITERS];
        wf_task *task = task_with(WAITERS + 1);
        start(waiters, task);
        cr_assert(wf_task_claim(task));
        wf_task_complete(task, 6, drop);
        join(waiters, 6);
        if (!drop)
            wf_task_release(task);
        assert_back(task);
    }
}

Test(task, waiters_are_woken_by_cancel)
{
    waiter waiters[WAITERS];
    wf_task *task = task_with(WAITERS + 1);
    start(waiters, task);
    cr_assert_eq(wf_task_cancel(task), WF_TASK_PENDING);
    join(waiters, 0);
    wf_task_release(task);
    assert_back(task);
}

/* The word changes under those that sleep on it, by references and by a claim: they are woken all the same. */
Test(task, waiters_sleep_through_other_changes)
{
    waiter waiters[WAITERS];
    wf_task *task = task_with(WAITERS + 1);
    start(waiters, task);
    for (int i = 0; i < 100; i++)
        cr_assert(wf_task_retain(task));
    cr_assert(wf_task_claim(task));
    wf_futex_wake_all(&task->word); /* as a wake meant for what lay there before */
    for (int i = 0; i < WAITERS; i++)
        until_asleep(waiters[i].number);
    for (int i = 0; i < 100; i++)
        wf_task_release(task);
    wf_task_complete(task, -3, true);
    join(waiters, -3);
    assert_back(task);
}
