/* SPDX-License-Identifier: MIT */
/*
 * model/model_loop.c - the owner of a loop waits for its end and helps (sched/loop.c), while the worker that it is about
 * to help moves on.
 *
 * Worker 1 ends its piece of worker 0's loop and runs something that has nothing to do with it, but looks the same: units
 * in a range like the one that was seen, or children above what lies at the same place. Worker 0 must not run that on
 * top of its wait: it knows nothing of it, and may hold locks that it wants. A piece that worker 2 holds keeps the loop
 * open meanwhile.
 */
#include "pool.h"

#include "par/fork.h"
#include "sched/loop.h"

static weft_pool *pool;
static wf_worker *owner, *helper, *other; /* workers 0, 1 and 2 */
static int begun, cut, ours[4], nested[3], theirs[2], inner[3], children;

/* Whoever runs the second of them takes his time. */
static void take_time(size_t i)
{
    if (i == 1)
        mc_pause();
}

static bool by(const wf_worker *worker)
{
    return weft_self_ == &worker->stack.head;
}

/* ---- what is run --------------------------------------------------------------------------------- */

/* What the owner is going to offer is worth to be cut: as if it had been seen there for long. */
static void offers_last(void)
{
    uint64_t seen = 2 ^ UINT64_C(3) << 23 ^ (wf_load_relaxed(&owner->loops[1].starts) + 1) << 46;
    wf_store_relaxed(&owner->loops[1].sight.seen, seen);
    wf_store_relaxed(&owner->loops[1].sight.since, UINT64_MAX);
}

/* Within the owner's loop, whoever runs it. */
static void count_nested(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    for (size_t i = begin; i < end; i++) {
        nested[i]++;
        take_time(i);
        if (by(owner))
            offers_last();
    }
}

/* The owner runs its first two units, and stays in the second one until the others are taken. The last one has a loop
 * of its own. */
static void count_ours(size_t begin, size_t end, void *ctx)
{
    for (size_t i = begin; i < end; i++) {
        ours[i]++;
        if (by(owner) && i == 1) {
            begun = 1;
            model_long_call(&cut);
        }
        if (by(helper) && ctx)
            wf_loop_run(helper, 0, 3, count_nested, NULL);
        else if (by(helper))
            mc_pause();
    }
}

/* Not for the owner of the other loop. */
static void count_inner(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    mc_assert(!by(owner));
    for (size_t i = begin; i < end; i++) {
        inner[i]++;
        take_time(i);
    }
}

WEFT_TASK_VOID(child)
void child(void)
{
    mc_assert(!by(owner));
    children++;
}

/* In its last unit, when its range is empty. */
static void fork_theirs(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    for (size_t i = begin; i < end; i++)
        if (!theirs[i]++ && i == 1) {
            weft_fork(child, only);
            take_time(i);
            weft_join(child, only);
        }
}

static void nest_theirs(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    for (size_t i = begin; i < end; i++)
        if (!theirs[i]++ && i == 1)
            wf_loop_run(helper, 0, 3, count_inner, NULL);
}

/* ---- how it begins ------------------------------------------------------------------------------- */

static void setup(void)
{
    pool = model_pool(3, 0);
    pool->wait_ticks = 1; /* who waits does not sleep */
    for (unsigned i = 0; i < 3; i++)
        model_is_active(pool, i);
    owner = wf_worker_at(pool, 0);
    helper = wf_worker_at(pool, 1);
    other = wf_worker_at(pool, 2);
    begun = cut = children = 0;
    for (unsigned i = 0; i < 4; i++)
        ours[i] = nested[i % 3] = theirs[i % 2] = inner[i % 3] = 0;
    mc_name(&owner->loops[0].range, sizeof(wf_range), "range");
    mc_name(&owner->loops[1].range, sizeof(wf_range), "range of what is offered");
    for (unsigned i = 0; i < 2; i++) {
        mc_name(&helper->loops[i].range, sizeof(wf_range), i ? "helper's inner range" : "helper's range");
        mc_name(&helper->loops[i].piece, sizeof(uint64_t), i ? "helper's inner piece" : "helper's piece");
    }
    mc_name(&helper->stack.span, sizeof helper->stack.span, "helper's span");
}

/* The helper's next child is public. */
static void setup_asked(void)
{
    setup();
    wf_stack_ask(&helper->stack);
}

static void setup_offers(void)
{
    setup();
    offers_last();
}

/* ---- who takes part ------------------------------------------------------------------------------ */

static void run_ours(void)
{
    wf_loop_run(model_be(pool, 0), 0, 4, count_ours, NULL);
}
static void run_ours_nested(void)
{
    wf_loop_run(model_be(pool, 0), 0, 4, count_ours, &cut);
}

static void take(unsigned as, wf_piece *piece)
{
    while (!wf_loop_cut(model_be(pool, as), owner, piece)) /* after an old look */
        ;
    mc_assert(wf_span_units(piece->span) == 1);
}

/* Runs its piece, then its own loop; the other one's piece ends last. */
static void move_on_to(weft_range_fn *body)
{
    wf_piece mine, others;
    model_long_call(&begun);
    take(1, &mine);
    take(2, &others);
    cut = 1;
    wf_loop_run_piece(model_be(pool, 1), &mine);
    wf_loop_run(helper, 0, 2, body, NULL);
    wf_loop_run_piece(model_be(pool, 2), &others);
}
static void move_on_to_a_child(void)
{
    move_on_to(fork_theirs);
}
static void move_on_to_a_loop(void)
{
    move_on_to(nest_theirs);
}

/* ---- what must hold ------------------------------------------------------------------------------- */

static void check(void)
{
    for (unsigned i = 0; i < 4; i++)
        mc_assert(ours[i] == 1);
    for (unsigned i = 0; i < 2; i++)
        mc_assert(theirs[i] == 1);
    mc_assert(!owner->loops_open && !helper->loops_open && !other->loops_open);
}
static void check_child(void)
{
    check();
    mc_assert(children == 1);
}
static void check_nested(void)
{
    check();
    for (unsigned i = 0; i < 3; i++)
        mc_assert(nested[i] == 1 && inner[i] == 1);
}

static const mc_scenario scenarios[] = {
    {.name = "children_of_something_else",
     .setup = setup_asked,
     .thread = {run_ours, move_on_to_a_child},
     .check = check_child,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "units_of_something_else",
     .setup = setup_offers,
     .thread = {run_ours_nested, move_on_to_a_loop},
     .check = check_nested,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
