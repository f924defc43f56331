/* SPDX-License-Identifier: MIT */
/*
 * model/model_inside.c - sched/inside.h: a stolen child is inside of the task that forked it, whatever other tasks come and go on
 * its owner's stack, above it, while the thief looks; what it says is that task's.
 *
 * Worker 0 runs `outer`, which forks, and inside of it `inner`, which forks too, twice. Worker 1 steals.
 */
#include "pool.h"

#include <string.h>

#include "os/memory.h"
#include "par/fork.h"
#include "sched/inside.h"
#include "sched/steal.h"

static weft_pool *pool;
static wf_worker *owner;
static wf_task outer, inner;
static const wf_task *around_inner;

static const wf_task *task(void)
{
    return wf_innermost ? wf_innermost->task : NULL;
}

static void says(char letter)
{
    char *text = wf_alloc(2);
    text[0] = letter;
    wf_running_says(wf_innermost, text);
}

/* What the task has been told so far, if anything. */
static void said_by_one_of(wf_running *running, const char *letters)
{
    char *text = wf_running_take_said(running);
    mc_assert(text && text[0] && strchr(letters, text[0]));
    wf_free(text);
}

WEFT_TASK(int, of_outer, int)
int of_outer(int i)
{
    mc_assert(task() == &outer);
    says('o');
    return 10 + i;
}
WEFT_TASK(int, of_inner, int)
int of_inner(int i)
{
    const wf_running *around = task() == &inner ? wf_innermost->outer : NULL;
    mc_assert(task() == &inner && (around ? around->task : NULL) == around_inner);
    says('i');
    return 20 + i;
}
WEFT_TASK(int, of_none, int)
int of_none(int i)
{
    mc_assert(!task());
    return 30 + i;
}

static void run_inner(wf_worker *self, int i)
{
    wf_running here = {.task = &inner};
    wf_running_begin(self, &here);
    weft_fork(of_inner, child, i);
    mc_assert(weft_join(of_inner, child) == 20 + i);
    said_by_one_of(&here, "i");
    wf_running_end(self, &here);
}

static void run_outer(wf_worker *self)
{
    wf_running here = {.task = &outer};
    wf_running_begin(self, &here);
    weft_fork(of_outer, child, 0);
    around_inner = &outer;
    says('x');
    run_inner(self, 0);
    run_inner(self, 1);
    said_by_one_of(&here, "ox");
    says('y');
    mc_assert(weft_join(of_outer, child) == 10);
    said_by_one_of(&here, "oy");
    wf_running_end(self, &here);
    mc_assert(!task());
}

static void runs_both(void)
{
    run_outer(model_be(pool, 0));
}
/* A guest's own child lies in no task, though one runs above it. */
static void runs_above_none(void)
{
    wf_worker *self = model_be(pool, 0);
    weft_fork(of_none, child, 0);
    run_inner(self, 0);
    mc_assert(weft_join(of_none, child) == 30);
}
static void steals_two(void)
{
    wf_worker *self = model_be(pool, 1);
    for (int i = 0; i < 2; i++) {
        weft_slot_ *slot = wf_stack_steal(&owner->stack);
        if (slot)
            wf_steal_run(self, owner, slot);
        mc_assert(!task());
    }
}

static void setup(void)
{
    pool = model_pool(2, 0);
    owner = wf_worker_at(pool, 0);
    wf_stack_ask(&owner->stack);
    around_inner = NULL;
}

static void check(void)
{
    mc_assert(!owner->stack.within.from && !wf_worker_at(pool, 1)->stack.within.from);
}

#define SCENARIO(scenario, preemptions, ...)                                                             \
    {                                                                                                    \
        .name = scenario, .setup = setup, .thread = {__VA_ARGS__}, .check = check, .bound = preemptions, \
        .stale = 1, MODEL_POOL                                                                           \
    }

static const mc_scenario scenarios[] = {
    SCENARIO("one_task_in_another", 3, runs_both, steals_two),
    SCENARIO("a_task_above_a_guests_child", 3, runs_above_none, steals_two),
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
