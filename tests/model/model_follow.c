/* SPDX-License-Identifier: MIT */
/*
 * model/model_follow.c - who is told of a task's end, and tasks that are held: data/task as exec/then, exec/combine and
 * exec/promise use it.
 *
 * A follower writes plain: told twice is a race or a wrong count, told too early sees no result. The slab is closed, so
 * that the last reference frees the record: what is touched after it is found.
 */
#include "base/atomic.h"
#include "checker/mc.h"
#include "data/task.h"
#include "os/memory.h"

enum { RESULT = 6, STATUS = 7 };

typedef struct numbered {
    wf_follower follower;
    int told, status;
} numbered;

static wf_slab *slab;
static wf_wide *wide;
static wf_task *task, *other;
static numbered first, second, third;
static int result, runs, freed;

static int body(void *given)
{
    (void)given;
    runs++;
    result = RESULT;
    return STATUS;
}

static void count_freed(wf_task *unused)
{
    (void)unused;
    freed++;
}

static wf_task *tell_other(wf_task *unused, size_t *at)
{
    (void)unused;
    return !(*at)++ && other && !wf_task_ended(other) && wf_task_retain(other) ? other : NULL;
}

static const wf_kind kind = {.freed = count_freed, .needs = tell_other};

static void ended(wf_follower *self, wf_task *of)
{
    numbered *n = (numbered *)(void *)self;
    mc_assert(of == task && wf_task_ended(of));
    mc_assert(wf_task_state_of(of) == WF_TASK_CANCELLED || result == RESULT);
    n->told++;
    n->status = wf_task_state_of(of) == WF_TASK_CANCELLED ? -1 : of->status;
}

static wf_task *take(unsigned references)
{
    wf_task *taken = wf_slab_take(slab, 0);
    wf_task_init(taken, body, NULL, references);
    return taken;
}

static void setup(unsigned references)
{
    slab = wf_slab_create((size_t)2 * WF_TASK_BYTES, 1, 1);
    task = take(references);
    other = NULL;
    first = second = third = (numbered){.follower.ended = ended};
    wf_slab_close(slab);
    mc_name(&task->word, sizeof task->word, "word");
    mc_name(&task->followers, sizeof task->followers, "followers");
}

static void setup_two(void)
{
    setup(2);
}

static void setup_three(void)
{
    setup(3);
}

/* ---- followers ----------------------------------------------------------------------------------- */

static void runner(void)
{
    if (wf_task_claim(task))
        (void)wf_task_complete(task, task->fn(task->arg), true);
    else
        wf_task_release(task);
}

static void follow_first(void)
{
    wf_task_follow(task, &first.follower);
    wf_task_release(task);
}

static void follow_second(void)
{
    wf_task_follow(task, &second.follower);
    wf_task_release(task);
}

static void cancel(void)
{
    (void)wf_task_cancel(task);
    wf_task_release(task);
}

static void told_once(const numbered *n)
{
    mc_assert(n->told == 1);
    mc_assert(n->status == (runs ? STATUS : -1));
}

static void check_first(void)
{
    told_once(&first);
    mc_assert(mc_freed(task));
}

static void check_both(void)
{
    told_once(&second);
    check_first();
}

/* ---- followers that nobody wants any more -------------------------------------------------------- */

static void swept_or_ended(wf_follower *self, wf_task *of)
{
    (void)of;
    ((numbered *)(void *)self)->told++;
}

static bool is_first(const wf_follower *follower)
{
    return follower == &first.follower;
}

/* The first follower is to be swept, the second is wanted. */
static void setup_sweep(void)
{
    setup(3);
    first.follower.ended = swept_or_ended;
    wf_task_follow(task, &second.follower);
    wf_task_follow(task, &first.follower);
}

static void setup_sweep_and_come(void)
{
    setup(3);
    first.follower.ended = swept_or_ended;
    wf_task_follow(task, &first.follower);
}

static void sweep(void)
{
    wf_task_sweep(task, is_first);
    wf_task_release(task);
}

static void follow_third(void)
{
    wf_task_follow(task, &third.follower);
    wf_task_release(task);
}

static void hold(void)
{
    wf_task_release(task);
}

static void check_swept(void)
{
    mc_assert(first.told == 1);
    told_once(&second);
    mc_assert(mc_freed(task));
}

static void check_three(void)
{
    told_once(&third);
    check_swept();
}

/* ---- held ---------------------------------------------------------------------------------------- */

static void setup_held(void)
{
    slab = wf_slab_create((size_t)2 * WF_TASK_BYTES, 1, 1);
    wide = wf_slab_take(slab, 0);
    wf_task_init_held(wide, &kind, body, NULL, 2);
    task = &wide->task;
    other = wf_slab_take(slab, 0);
    wf_task_init(other, body, NULL, 2); /* one for the held task, one for who runs it */
    wf_slab_close(slab);
    first = (numbered){.follower.ended = ended};
    freed = 0;
}

/* What exec/then does when the task before has ended: let it go, run it, give up what it followed. */
static void let_go_and_run(void)
{
    result = 1;
    bool mine = wf_task_let_go(task) && wf_task_claim(task);
    if (mine) {
        wf_task_not_borrowed(task);
        wf_task *before = other;
        other = NULL;
        wf_task_release(before);
        (void)wf_task_complete(task, body(NULL), true);
    } else {
        wf_task_release(task);
    }
}

/* A waiter: what does it need first? */
static void ask(void)
{
    size_t at = 0;
    wf_task *needed = wf_task_needs(task, &at);
    if (needed) {
        mc_assert(wf_task_state_of(needed) == WF_TASK_PENDING);
        wf_task_release(needed);
    }
    wf_task_release(task);
}

static void keep(void)
{
    result = RESULT;
    runs += wf_task_fulfil(task, STATUS);
    wf_task_release(task);
}

static void check_kept(void)
{
    told_once(&first);
    mc_assert(freed == 1 && runs == 1);
}

static void check_cancelled_or_run(void)
{
    mc_assert(freed == 1 && runs <= 1);
}

static const mc_scenario scenarios[] = {
    {.name = "follow_and_end",
     .setup = setup_two,
     .thread = {runner, follow_first},
     .check = check_first,
     .bound = 4},
    {.name = "follow_and_cancel",
     .setup = setup_two,
     .thread = {cancel, follow_first},
     .check = check_first,
     .bound = 4},
    {.name = "follow_end_cancel",
     .setup = setup_three,
     .thread = {runner, cancel, follow_first},
     .check = check_first,
     .bound = 3},
    {.name = "two_follow",
     .setup = setup_three,
     .thread = {runner, follow_first, follow_second},
     .check = check_both,
     .bound = 2},
    {.name = "swept_while_it_ends",
     .setup = setup_sweep,
     .thread = {runner, sweep, hold},
     .check = check_swept,
     .bound = 3,
     .keeps = true},
    {.name = "swept_while_another_comes",
     .setup = setup_sweep_and_come,
     .thread = {runner, sweep, follow_second},
     .check = check_swept,
     .bound = 3,
     .keeps = true},
    {.name = "put_back_under_another",
     .setup = setup_sweep,
     .thread = {runner, sweep, follow_third},
     .check = check_three,
     .bound = 3,
     .keeps = true},
    {.name = "swept_by_two",
     .setup = setup_sweep,
     .thread = {runner, sweep, sweep},
     .check = check_swept,
     .bound = 2,
     .keeps = true},
    {.name = "promise_kept_and_followed",
     .setup = setup_held,
     .thread = {keep, follow_first},
     .check = check_kept,
     .bound = 4,
     .keeps = true},
    {.name = "promise_kept_or_cancelled",
     .setup = setup_held,
     .thread = {keep, cancel},
     .check = check_cancelled_or_run,
     .bound = 4,
     .keeps = true},
    {.name = "asked_while_let_go",
     .setup = setup_held,
     .thread = {let_go_and_run, ask},
     .check = check_cancelled_or_run,
     .bound = 4,
     .keeps = true},
    {.name = "let_go_or_cancelled",
     .setup = setup_held,
     .thread = {let_go_and_run, cancel},
     .check = check_cancelled_or_run,
     .bound = 4,
     .keeps = true},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
