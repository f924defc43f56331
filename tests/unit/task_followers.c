/* SPDX-License-Identifier: MIT */
/* data/task, in the program of test_task.c: held tasks, and who follows one. */
#include "task_records.h"

#include <errno.h>

#include "os/memory.h"

TestSuite(task_followers, .init = make_slab, .fini = close_slab, .timeout = 240);

/* ---- held tasks, and followers ------------------------------------------------------------------ */

static int freed_count, order[8], told;

static void count_freed(wf_task *task)
{
    (void)task;
    freed_count++;
}

static wf_task *needed;

static wf_task *tell_needed(wf_task *task, size_t *at)
{
    (void)task;
    return !(*at)++ && needed && wf_task_retain(needed) ? needed : NULL;
}

static const wf_kind kind = {.freed = count_freed, .needs = tell_needed};

static wf_wide *held_with(unsigned references)
{
    wf_wide *wide =
        wf_alloc(sizeof *wide + 64); /* the slab's blocks are too small: this one is never given back */
    cr_assert_not_null(wide);
    wf_task_init_held(wide, &kind, plus_one, NULL, references);
    return wide;
}

Test(task_followers, held_ones_run_when_they_are_let_go)
{
    wf_wide *wide = held_with(2);
    cr_assert_not(wf_task_claim(&wide->task));
    cr_assert(wf_task_let_go(&wide->task));
    cr_assert_not(wf_task_fulfil(&wide->task, 5));
    cr_assert(wf_task_claim(&wide->task));
    wf_task_complete(&wide->task, 3, true);
    cr_assert_eq(wf_task_state_of(&wide->task), WF_TASK_DONE);
    cr_assert_eq(freed_count, 0);
    wf_free(wide);
}

Test(task_followers, held_ones_are_cancelled_or_fulfilled)
{
    wf_wide *wide = held_with(2);
    cr_assert_eq(wf_task_cancel(&wide->task), WF_TASK_PENDING);
    cr_assert_not(wf_task_fulfil(&wide->task, 4));
    cr_assert_not(wf_task_let_go(&wide->task));
    wf_free(wide);
    wide = held_with(2);
    cr_assert(wf_task_fulfil(&wide->task, 4));
    cr_assert_eq(wf_task_cancel(&wide->task), WF_TASK_DONE);
    cr_assert_eq(wide->task.status, 4);
    wf_free(wide);
}

Test(task_followers, a_held_one_tells_what_it_needs)
{
    wf_wide *wide = held_with(2);
    wf_task *other = task_with(1);
    size_t at = 0;
    cr_assert_null(wf_task_needs(other, &at));
    cr_assert_null(wf_task_needs(&wide->task, &at));
    needed = other;
    at = 0;
    cr_assert_eq(wf_task_needs(&wide->task, &at), other);
    cr_assert_null(wf_task_needs(&wide->task, &at), "that was all");
    at = 0;
    wf_task_release(other);
    wf_task_not_borrowed(&wide->task);
    cr_assert_not(wf_task_any(&wide->task));
    cr_assert_not(wf_task_any(other));
    wf_task_let_go(&wide->task);
    cr_assert_null(wf_task_needs(&wide->task, &at));
    wf_task_release(other);
    assert_back(other);
    wf_free(wide);
}

typedef struct numbered {
    wf_follower follower;
    int number;
} numbered;

static void note(wf_follower *self, wf_task *task)
{
    cr_assert(wf_task_ended(task));
    order[told++] = ((numbered *)self)->number;
}

Test(task_followers, followers_are_told_once_in_their_order)
{
    numbered follower[4];
    wf_task *task = task_with(2);
    for (int i = 0; i < 4; i++)
        follower[i] = (numbered){.follower.ended = note, .number = i};
    for (int i = 0; i < 3; i++)
        wf_task_follow(task, &follower[i].follower);
    cr_assert_eq(told, 0);
    cr_assert(wf_task_claim(task));
    wf_task_complete(task, 0, true);
    cr_assert_eq(told, 3);
    wf_task_follow(task, &follower[3].follower);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(order[i], i);
    wf_task_release(task);
    assert_back(task);
}

Test(task_followers, followers_of_a_cancelled_one_are_told)
{
    numbered follower = {.follower.ended = note, .number = 9};
    wf_task *task = task_with(2);
    wf_task_follow(task, &follower.follower);
    cr_assert_eq(wf_task_cancel(task), WF_TASK_PENDING);
    cr_assert_eq(told, 1);
    cr_assert_eq(wf_task_cancel(task), WF_TASK_CANCELLED);
    cr_assert_eq(told, 1);
    wf_task_release(task);
    wf_task_release(task);
    assert_back(task);
}

Test(task_followers, one_that_was_asked_and_says_so_is_cancelled)
{
    wf_task *asked = task_with(2), *proud = task_with(2), *late = task_with(2);
    cr_assert_eq(wf_task_ask(asked), WF_TASK_PENDING, "too early: it may be cancelled");
    cr_assert(wf_task_claim(asked) && wf_task_claim(proud) && wf_task_claim(late));
    cr_assert_eq(wf_task_ask(asked), WF_TASK_RUNNING);
    cr_assert_eq(wf_task_ask(proud), WF_TASK_RUNNING);
    cr_assert(wf_task_asked(asked) && !wf_task_asked(late));
    wf_task_complete(asked, -ECANCELED, true);
    wf_task_complete(proud, 3, true);
    wf_task_complete(late, -ECANCELED, true);
    cr_assert_eq(wf_task_ask(late), WF_TASK_DONE);
    cr_assert_eq(wf_task_state_of(asked), WF_TASK_CANCELLED);
    cr_assert_eq(wf_task_state_of(proud), WF_TASK_DONE);
    cr_assert_eq(wf_task_state_of(late), WF_TASK_DONE);
    wf_task_release(asked);
    wf_task_release(proud);
    wf_task_release(late);
}

/* ---- followers that nobody wants any more -------------------------------------------------------- */

typedef struct listener {
    wf_follower follower;
    int told;
    bool unwanted;
} listener;

static int told_so_far;

static void hear(wf_follower *self, wf_task *task)
{
    (void)task;
    ((listener *)(void *)self)->told = ++told_so_far;
}

static bool is_unwanted(const wf_follower *follower)
{
    return ((const listener *)(const void *)follower)->unwanted;
}

Test(task_followers, a_sweep_tells_those_that_nobody_wants_and_keeps_the_order_of_the_others)
{
    wf_task *task = task_with(2);
    listener listeners[5] = {{.unwanted = false}};
    told_so_far = 0;
    for (int i = 0; i < 5; i++) {
        listeners[i].follower.ended = hear;
        listeners[i].unwanted = i % 2;
        wf_task_follow(task, &listeners[i].follower);
    }
    wf_task_sweep(task, is_unwanted);
    cr_assert(listeners[1].told && listeners[3].told && told_so_far == 2);
    wf_task_sweep(task, is_unwanted);
    cr_assert_eq(told_so_far, 2);
    cr_assert(wf_task_claim(task));
    wf_task_complete(task, 0, true);
    cr_assert(listeners[0].told == 3 && listeners[2].told == 4 && listeners[4].told == 5);
    wf_task_release(task);
    assert_back(task);
}

Test(task_followers, a_sweep_of_an_ended_task_finds_nobody)
{
    wf_task *task = task_with(2);
    listener one = {.follower.ended = hear};
    told_so_far = 0;
    wf_task_follow(task, &one.follower);
    cr_assert(wf_task_claim(task));
    wf_task_complete(task, 0, true);
    wf_task_sweep(task, is_unwanted);
    cr_assert(told_so_far == 1 && one.told == 1);
    wf_task_release(task);
    assert_back(task);
}
