/* SPDX-License-Identifier: MIT */
/*
 * model/model_fork.c - fork and join as programs write them, inlined halves and cold ones (weft/fork.h, par/fork.c,
 * sched/steal.c), on a pool whose other workers are asleep or look for work.
 *
 * Tasks leave results and run counts in plain variables. The joiner sleeps at once; a child that nobody runs, twice run,
 * or joined too early is found, and so is a waiter that runs what is no descendant of what it waits for.
 */
#include "pool.h"

#include "par/fork.h"
#include "sched/find.h"

WEFT_TASK(int, leaf, int)
WEFT_TASK(int, middle, int)
WEFT_TASK_VOID(locks, int)

#define LEAVES 4

static weft_pool *pool;
static int runs[LEAVES], answer, locked, lock_word, locks_runs;

int leaf(int which)
{
    runs[which]++;
    return 100 + which;
}

/* Whoever runs it may be helped with its child. */
int middle(int which)
{
    weft_fork(leaf, inner, which);
    int own = leaf(which + 1);
    return weft_join(leaf, inner) + own;
}

static void lock(void)
{
    int open = 0;
    while (!__atomic_compare_exchange_n(&lock_word, &open, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        open = 0;
        mc_pause();
    }
}

static void unlock(void)
{
    __atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE);
}

void locks(int unused)
{
    (void)unused;
    lock();
    locked++;
    unlock();
    locks_runs++;
}

/* ---- how it begins ------------------------------------------------------------------------------- */

static void begin(unsigned workers)
{
    pool = model_pool(workers, 1);
    answer = locked = lock_word = locks_runs = 0;
    for (int i = 0; i < LEAVES; i++)
        runs[i] = 0;
    for (unsigned i = 1; i < workers; i++)
        model_lies_asleep(pool, i);
    model_is_active(pool, 0);
}

static void two(void)
{
    begin(2);
}

static void three(void)
{
    begin(3);
}

/* As after the last private child that there is room for. */
static void full(void)
{
    begin(2);
    weft_worker_ *head = &wf_worker_at(pool, 0)->stack.head;
    head->limit = head->room = head->top;
}

/* ---- who takes part ------------------------------------------------------------------------------- */

static void run_as_owner(int (*task)(int))
{
    wf_worker *self = model_be(pool, 0);
    answer = task(0);
    mc_assert(self->stack.head.top == self->stack.base);
    model_rest(self);
}

static void owner_of_a_leaf(void)
{
    run_as_owner(middle);
}

static int outer(int which)
{
    weft_fork(middle, child, which);
    int own = leaf(2);
    return weft_join(middle, child) + own;
}

static void owner_of_a_parent(void)
{
    run_as_owner(outer);
}

/* In an array, joined in reverse order. */
static int array(int which)
{
    weft_handle(leaf) handles[2] = {{0}};
    weft_fork_at(leaf, &handles[0], which);
    weft_fork_at(leaf, &handles[1], which + 1);
    int second = weft_join(leaf, handles[1]);
    return weft_join(leaf, handles[0]) + second;
}

static void owner_of_an_array(void)
{
    run_as_owner(array);
}

static int dropped(int which)
{
    weft_fork(leaf, child, which);
    weft_drop(leaf, child);
    return leaf(which + 1) + 100;
}

static void owner_who_drops(void)
{
    run_as_owner(dropped);
}

/* An older child wants the same lock: it must not run on top of who holds it and waits. */
static int locked_join(int which)
{
    weft_fork(locks, older, 0);
    lock();
    weft_fork(leaf, child, which);
    int own = leaf(which + 1);
    own += weft_join(leaf, child);
    locked++;
    unlock();
    weft_join(locks, older);
    return own;
}

static void owner_who_locks(void)
{
    run_as_owner(locked_join);
}

static void sleeper1(void)
{
    model_wake_up(pool, 1);
}

static void sleeper2(void)
{
    model_wake_up(pool, 2);
}

/* ---- checks -------------------------------------------------------------------------------------- */

static void check(void)
{
    mc_assert(runs[0] == 1 && runs[1] == 1);
    mc_assert(answer == 201);
}

static void check_three(void)
{
    mc_assert(runs[0] == 1 && runs[1] == 1 && runs[2] == 1);
    mc_assert(answer == 303);
}

static void check_dropped(void)
{
    mc_assert(runs[0] <= 1 && runs[1] == 1);
    mc_assert(answer == 201);
}

static void check_locked(void)
{
    check();
    mc_assert(locked == 2 && locks_runs == 1);
}

#define WITH_ONE(scenario, made, main, checked, preemptions)                                         \
    {                                                                                                \
        .name = scenario, .setup = made, .thread = {main, sleeper1}, .check = checked, .daemons = 3, \
        .stale = 1, .bound = preemptions, MODEL_POOL                                                 \
    }
#define WITH_TWO(scenario, main, checked, preemptions)                                            \
    {                                                                                             \
        .name = scenario, .setup = three, .thread = {main, sleeper1, sleeper2}, .check = checked, \
        .daemons = 7, .stale = 1, .bound = preemptions, MODEL_POOL                                \
    }

static const mc_scenario scenarios[] = {
    WITH_ONE("join_stolen_or_taken_back", two, owner_of_a_leaf, check, 3),
    WITH_ONE("handles_in_an_array", two, owner_of_an_array, check, 3),
    WITH_ONE("dropped", two, owner_who_drops, check_dropped, 3),
    WITH_ONE("overflow_inline_result", full, owner_of_a_leaf, check, 3),
    WITH_ONE("overflow_inline_result_in_an_array", full, owner_of_an_array, check, 3),
    WITH_ONE("nested_and_leapfrogged", two, owner_of_a_parent, check_three, 3),
    WITH_TWO("two_thieves", owner_of_a_parent, check_three, 1),
    WITH_ONE("lock_across_join", two, owner_who_locks, check_locked, 3),
    WITH_TWO("lock_across_join_two_thieves", owner_who_locks, check_locked, 1),
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
