/* SPDX-License-Identifier: MIT */
/*
 * model/model_steal.c - fork and join as users write them (weft/fork.h, par/fork.c), against workers that steal, force,
 * leapfrog and sleep (sched/steal.c).
 *
 * Worker 0 forks and joins. Worker 1 takes what it finds there; nobody searches or sleeps but at a join, so that a
 * lost wake leaves its joiner asleep. Each task counts its runs in a plain variable and returns another number: run
 * twice, read too early or given back wrongly is a race or a wrong number.
 */
#include "pool.h"

#include "os/barrier.h"
#include "par/fork.h"
#include "sched/find.h"
#include "sched/steal.h"

#define TASKS 4

static weft_pool *pool;
static wf_worker *joiner, *thief; /* workers 0 and 1 */
static int ran[TASKS];

WEFT_TASK(int, leaf, int)
int leaf(int i)
{
    ran[i]++;
    return 10 + i;
}
static weft_handle(leaf) handle[TASKS];

/* Forks the leaf that has the next number. */
WEFT_TASK(int, parent, int)
int parent(int i)
{
    ran[i]++;
    weft_fork(leaf, next, i + 1);
    int sum = weft_join(leaf, next);
    mc_assert(ran[i + 1] == 1);
    return sum + i;
}

/* Forks once somebody wants it to; then it is in a long plain call until another one has run the leaf. */
WEFT_TASK(int, busy_parent, int)
int busy_parent(int i)
{
    ran[i]++;
    while (wf_load_relaxed(&weft_self_->limit) > wf_load_relaxed(&weft_self_->top))
        mc_pause();
    weft_fork(leaf, next, i + 1);
    model_long_call(&ran[i + 1]);
    return weft_join(leaf, next) + i;
}

static weft_handle(busy_parent) taken;
static weft_slot_ *slot; /* its */

/* The thief is in such a call in each unit that it runs. */
static void body(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    for (size_t i = begin; i < end; i++)
        if (weft_self_ == &thief->stack.head)
            (void)busy_parent(0);
}

/* A lock of the user's. */
static uint32_t lock;
static int locked;

static void take_lock(void)
{
    uint32_t open = 0;
    for (; !wf_cas_acq_rel(&lock, &open, 1u); open = 0)
        mc_pause();
    mc_assert(!locked++);
}
static void give_lock(void)
{
    locked--;
    wf_store_release(&lock, 0u);
}

WEFT_TASK(int, locker, int)
int locker(int i)
{
    take_lock();
    ran[i]++;
    give_lock();
    return 10 + i;
}
/* What has nothing to do with the joiner's child, and takes the lock. */
WEFT_TASK(int, unrelated, int)
int unrelated(int i)
{
    ran[i]++;
    weft_fork(locker, next, i + 1);
    return weft_join(locker, next) + i;
}
static weft_handle(locker) older;
static weft_handle(unrelated) other;

/* ---- how it begins ------------------------------------------------------------------------------- */

static void name_stack(wf_worker *worker, const char *span, const char *top, const char *limit,
                       const char *claim)
{
    mc_name(&worker->stack.span, sizeof worker->stack.span, span);
    mc_name(&worker->stack.head.top, sizeof(intptr_t), top);
    mc_name(&worker->stack.head.limit, sizeof(intptr_t), limit);
    mc_name(&worker->stack.head.claim, sizeof(intptr_t), claim);
}

static void all_active(unsigned workers)
{
    pool = model_pool(workers, 0);
    for (unsigned i = 0; i < workers; i++)
        model_is_active(pool, i);
    joiner = wf_worker_at(pool, 0);
    thief = wf_worker_at(pool, 1);
    name_stack(joiner, "span", "top", "limit", "claim");
    name_stack(thief, "thief's span", "thief's top", "thief's limit", "thief's claim");
    mc_name((void *)joiner->stack.base, TASKS * sizeof(weft_slot_), "slots");
    mc_name((void *)thief->stack.base, TASKS * sizeof(weft_slot_), "thief's slots");
    mc_name(&joiner->parker, sizeof joiner->parker, "joiner's parker");
}

static void nobody_asks(void)
{
    all_active(2);
}
/* The joiner's next fork is public. */
static void asked(void)
{
    all_active(2);
    wf_stack_ask(&joiner->stack);
}
/* And who waits does not sleep. */
static void asked_spinning(void)
{
    asked();
    pool->wait_ticks = 1;
}
/* The joiner was asked long ago, has not answered, and has forked two. */
static void silent(void)
{
    uint64_t mark;
    all_active(2);
    weft_self_ = &joiner->stack.head;
    weft_fork_at(leaf, &handle[0], 0);
    weft_fork_at(leaf, &handle[1], 1);
    wf_stack_ask(&joiner->stack);
    mc_assert(wf_stack_silent(&joiner->stack, &mark));
    joiner->sight = (wf_sight){.seen = mark + joiner->entries, .since = UINT64_MAX};
}

/* As if there had been no memory for more. */
static void room_for(wf_task_stack *stack, uint32_t slots)
{
    stack->slots = slots;
    stack->end = stack->head.room = stack->base + (intptr_t)slots * WEFT_SLOT_BYTES_;
    stack->head.limit = stack->head.room;
}
static void room_for_one(void)
{
    all_active(2);
    room_for(&joiner->stack, 1);
}
/* The thief has taken the joiner's child, and told nobody yet. */
static void just_taken(void)
{
    all_active(2);
    weft_self_ = &joiner->stack.head;
    weft_fork_at(busy_parent, &taken, 0);
    mc_assert(wf_stack_publish_all(&joiner->stack) && (slot = wf_stack_steal(&joiner->stack)));
}
static void just_taken_spinning(void)
{
    just_taken();
    pool->wait_ticks = 1;
}
static void asked_full(void)
{
    room_for_one();
    wf_stack_ask(&joiner->stack);
}

/* Worker 2 has a public child that has nothing to do with the joiner's; what the thief forks first is public. */
static void thief_moves_on(void)
{
    all_active(3);
    wf_stack_ask(&joiner->stack);
    wf_stack_ask(&thief->stack);
    weft_self_ = &wf_worker_at(pool, 2)->stack.head;
    weft_fork_at(unrelated, &other, 1);
    mc_assert(wf_stack_publish_all(&wf_worker_at(pool, 2)->stack));
}
/* The thief has forked before it came to the joiner's child. */
static void thief_has_forked(void)
{
    asked();
    weft_self_ = &thief->stack.head;
    weft_fork_at(locker, &older, 1);
    mc_assert(wf_stack_publish_all(&thief->stack));
}

static bool saw;

/* ---- who takes part ------------------------------------------------------------------------------- */

static void fork_two(void)
{
    (void)model_be(pool, 0);
    weft_fork(leaf, a, 0);
    weft_fork(leaf, b, 1);
    mc_assert(weft_join(leaf, b) == 11 && ran[1] == 1);
    mc_assert(weft_join(leaf, a) == 10 && ran[0] == 1);
}
static void join_array(void)
{
    (void)model_be(pool, 0);
    for (int i = 1; i >= 0; i--)
        mc_assert(weft_join(leaf, handle[i]) == 10 + i && ran[i] == 1);
}
static void fork_array(void)
{
    (void)model_be(pool, 0);
    weft_fork_at(leaf, &handle[0], 0);
    weft_fork_at(leaf, &handle[1], 1);
    join_array();
}
/* Whoever stole it is waited for; else it never runs. */
static void drop_two(void)
{
    (void)model_be(pool, 0);
    weft_fork(leaf, a, 0);
    weft_fork_at(leaf, &handle[1], 1);
    weft_drop(leaf, handle[1]);
    weft_drop(leaf, a);
    mc_assert(ran[0] <= 1 && ran[1] <= 1);
}
static void fork_parent(void)
{
    (void)model_be(pool, 0);
    weft_fork(parent, a, 0);
    mc_assert(weft_join(parent, a) == 11 && ran[0] == 1 && ran[1] == 1);
}

static void fork_full(void)
{
    (void)model_be(pool, 0);
    weft_fork(leaf, a, 0);
    weft_fork(leaf, b, 1);
    mc_assert(b.slot < 0 && b.result == 11 && ran[1] == 1);
    mc_assert(weft_join(leaf, b) == 11 && ran[1] == 1);
    mc_assert(weft_join(leaf, a) == 10 && ran[0] == 1);
}
static void fork_full_array(void)
{
    (void)model_be(pool, 0);
    weft_fork_at(leaf, &handle[0], 0);
    weft_fork_at(leaf, &handle[1], 1);
    mc_assert(handle[1].slot < 0 && handle[1].result == 11 && ran[1] == 1);
    join_array();
}
static void join_taken(void)
{
    (void)model_be(pool, 0);
    mc_assert(weft_join(busy_parent, taken) == 11 && ran[0] == 1 && ran[1] == 1);
}
static void loop_of_two(void)
{
    wf_loop_run(model_be(pool, 0), 0, 2, body, NULL);
}
static void lock_and_join(void)
{
    (void)model_be(pool, 0);
    weft_fork(leaf, a, 0);
    take_lock();
    mc_assert(weft_join(leaf, a) == 10 && ran[0] == 1);
    give_lock();
}
static void fork_and_leave(void)
{
    (void)model_be(pool, 0);
    weft_fork_at(leaf, &handle[0], 0);
    weft_fork_at(leaf, &handle[1], 1);
}

static void steal_from(unsigned as, wf_worker *victim)
{
    wf_worker *self = model_be(pool, as);
    weft_slot_ *stolen = wf_stack_steal(&victim->stack);
    if (stolen)
        wf_steal_run(self, victim, stolen);
}
static void steal_one(void)
{
    steal_from(1, joiner);
}
static void run_taken(void)
{
    wf_steal_run(model_be(pool, 1), joiner, slot);
}
static void steal_from_two(void)
{
    steal_from(1, joiner);
    steal_from(1, wf_worker_at(pool, 2));
}
static void steal_and_join_older(void)
{
    steal_from(1, joiner);
    mc_assert(weft_join(locker, older) == 11 && ran[1] == 1);
}
static void cut_one(void)
{
    wf_piece piece;
    wf_worker *self = model_be(pool, 1);
    if (wf_loop_cut(self, joiner, &piece))
        wf_loop_run_piece(self, &piece);
}
/* Takes one, asks, and looks a last time. */
static void steal_and_ask(void)
{
    steal_from(1, joiner);
    wf_stack_ask(&joiner->stack);
    saw = wf_stack_public(&joiner->stack);
}
static void find_one(void)
{
    wf_work work;
    wf_worker *self = model_be(pool, 1);
    if (wf_find(self, true, &work))
        (void)wf_work_run(self, &work);
}
static void force_one(void)
{
    (void)model_be(pool, 1);
    (void)wf_stack_force(&joiner->stack, wf_barrier_everywhere);
    steal_one();
}

/* ---- what must hold ------------------------------------------------------------------------------- */

static void empty(const wf_worker *worker)
{
    const wf_task_stack *stack = &worker->stack;
    mc_assert(wf_stack_depth(stack) == 0 && !wf_stack_public(stack) && wf_stack_epoch(stack) == 0);
    mc_assert(stack->head.claim == stack->base && !stack->forcing);
}
static void check(void)
{
    empty(joiner);
    empty(thief);
    mc_assert(thief->origin.what == WF_ROOT);
}

/* Children that are not joined yet are to be had, or their parent's next fork makes it so. */
static void check_request(void)
{
    mc_assert(saw || wf_stack_public(&joiner->stack) || joiner->stack.head.limit < joiner->stack.base);
}

#define SCENARIO(scenario, made, checked, preemptions, old, ...)                                          \
    {                                                                                                     \
        .name = scenario, .setup = made, .thread = {__VA_ARGS__}, .check = checked, .bound = preemptions, \
        .stale = old, .keeps = true                                                                       \
    }

static const mc_scenario scenarios[] = {
    SCENARIO("join_stolen_spinning", asked_spinning, check, 4, 0, fork_two, steal_one),
    SCENARIO("join_stolen_parking", asked, check, 4, 0, fork_two, steal_one),
    SCENARIO("arrays", asked, check, 4, 0, fork_array, steal_one),
    SCENARIO("drop", asked, check, 4, 0, drop_two, steal_one),
    SCENARIO("leapfrog", asked, check, 4, 0, fork_parent, steal_one),
    SCENARIO("found_by_force", silent, check, 3, 0, join_array, find_one),
    SCENARIO("overflow_inline_result", room_for_one, check, 3, 0, fork_full, force_one),
    SCENARIO("overflow_inline_result_when_asked", asked_full, check, 3, 0, fork_full, force_one),
    SCENARIO("overflow_inline_result_of_an_array", room_for_one, check, 3, 0, fork_full_array, force_one),
    SCENARIO("joiner_parked_while_thief_publishes", just_taken, check, 3, 1, join_taken, run_taken),
    SCENARIO("joiner_spins_while_thief_publishes", just_taken_spinning, check, 3, 1, join_taken, run_taken),
    SCENARIO("loop_parked_while_thief_publishes", nobody_asks, check, 3, 1, loop_of_two, cut_one),
    SCENARIO("lock_across_join", thief_moves_on, check, 3, 0, lock_and_join, steal_from_two),
    SCENARIO("lock_across_join_older", thief_has_forked, check, 3, 0, lock_and_join, steal_and_join_older),
    SCENARIO("limit_restored_over_request", asked, check_request, 4, 0, fork_and_leave, steal_and_ask),
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
