/* SPDX-License-Identifier: MIT */
/* What becomes of strict tasks when nobody of their home is there: its places go, or all who sit there wait. */
#include "hints.h"

/* ---- its places go --------------------------------------------------------------------------------- */

/* Worker 7 is busy as it loses its place: the others of its node take what was its own. */
PROMISE(a_place_that_goes_leaves_its_tasks_to_its_node)
{
    weft_pool *pool = pool_with(WEFT_NONE);
    weft_future *f;
    begin();
    hold_workers(pool, 7, 1);
    cr_assert_eq(weft_submit_task(
                     sem_door(pool),
                     SPEC(.fn = on_node, .arg = number(PER_NODE), .worker = WEFT_WORKER(7), .strict = 1), &f),
                 0);
    cr_assert_eq(weft_pool_resize(pool, 6), 0);
    until_ran(1);
    cr_assert_eq(get(f), 0);
    cr_assert_eq(
        weft_submit_task(sem_door(pool), SPEC(.fn = on_node, .worker = WEFT_WORKER(7), .strict = 1), &f),
        -ENODEV);
    assert_all_at_home(pool, 1);
    atomic_store(&gate_open, true);
    end(pool);
}

PROMISE(a_node_that_goes_leaves_its_tasks_to_anybody)
{
    weft_pool *pool = pool_with(WEFT_NONE);
    weft_future *f[4];
    begin();
    hold_workers(pool, PER_NODE, PER_NODE);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(weft_submit_task(sem_door(pool),
                                      SPEC(.fn = on_node, .node = i % 2 ? WEFT_NODE(1) : 0,
                                           .worker = i % 2 ? 0 : WEFT_WORKER(7), .strict = 1),
                                      &f[i]),
                     0);
    cr_assert_eq(weft_pool_resize(pool, PER_NODE), 0);
    until_ran(4);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(get(f[i]), 0);
    cr_assert_eq(atomic_load(&elsewhere), 0);
    cr_assert_eq(strayed(pool), 4);
    cr_assert_eq(
        weft_submit_task(sem_door(pool), SPEC(.fn = on_node, .node = WEFT_NODE(1), .strict = 1), &f[0]),
        -ENODEV);
    atomic_store(&gate_open, true);
    cr_assert_eq(weft_pool_resize(pool, WORKERS), 0);
    begin();
    cr_assert_eq(weft_submit_task(
                     sem_door(pool),
                     SPEC(.fn = on_node, .arg = number(PER_NODE), .node = WEFT_NODE(1), .strict = 1), &f[0]),
                 0);
    cr_assert_eq(get(f[0]), 0);
    cr_assert_eq(atomic_load(&elsewhere), 0);
    end(pool);
}

/* ---- its workers wait ------------------------------------------------------------------------------ */

/* Worker 0 waits for a task of worker 4, which waits for one that only worker 0 may run. */
static int ask_back(void *arg)
{
    struct asked *back = arg, there = {.pool = back->pool, .worker = 0, .status = 7};
    int err = ask_another(&there);
    return err ? err : there.status;
}

static int ask_in_a_circle(void *arg)
{
    struct asked *a = arg;
    weft_future *f;
    int err = weft_submit_task(sem_door(a->pool),
                               SPEC(.fn = ask_back, .arg = a, .worker = WEFT_WORKER(4), .strict = 1), &f);
    if (!err)
        err = weft_future_get(f, &a->status);
    weft_future_release(f);
    return err;
}

static void ask_round(weft_pool *pool)
{
    struct asked asked = {.pool = pool, .status = 7};
    weft_future *f;
    begin();
    cr_assert_eq(weft_submit_task(
                     sem_door(pool),
                     SPEC(.fn = ask_in_a_circle, .arg = &asked, .worker = WEFT_WORKER(0), .strict = 1), &f),
                 0);
    cr_assert_eq(get(f), 0);
    cr_assert_eq(asked.status, 0);
    cr_assert_eq(atomic_load(&ran), 1);
}

PROMISE(a_spare_works_in_the_stead_of_who_waits)
{
    weft_pool *pool = pool_with(0);
    for (int i = 0; i < EACH; i++)
        ask_round(pool);
    cr_assert_eq(strayed(pool), 0);
    end(pool);
}

static int in_a_section(void *arg)
{
    (void)arg;
    weft_block_begin();
    atomic_fetch_add(&held, 1);
    while (!atomic_load(&gate_open))
        sched_yield();
    weft_block_end();
    return 0;
}

static void wait_in_sections(weft_pool *pool, int first, int count)
{
    atomic_store(&held, 0);
    atomic_store(&gate_open, false);
    for (int i = first; i < first + count; i++)
        cr_assert_eq(weft_submit_task(sem_door(pool),
                                      SPEC(.fn = in_a_section, .worker = WEFT_WORKER(i), .strict = 1), NULL),
                     0);
    while (atomic_load(&held) < count)
        sched_yield();
}

/* All of node 0 are in sections: what is only theirs is run by spares, once each. */
PROMISE(spares_come_for_many)
{
    weft_pool *pool = pool_with(0);
    begin();
    wait_in_sections(pool, 0, PER_NODE);
    for (int i = 0; i < EACH; i++)
        cr_assert_eq(
            weft_submit_task(sem_door(pool),
                             SPEC(.fn = on_node, .arg = number(WORKERS), .node = i % 3 ? 0 : WEFT_NODE(0),
                                  .worker = i % 3 ? WEFT_WORKER(i % PER_NODE) : 0, .strict = 1),
                             NULL),
            0);
    until_ran(EACH);
    atomic_store(&gate_open, true);
    cr_assert_eq(strayed(pool), 0);
    end(pool);
}

static int ask_own_executor(void *arg)
{
    struct through *t = arg;
    weft_future *f;
    int status = 7, err = weft_submit(t->executor, on_node, number(WORKERS), &f);
    if (!err)
        err = weft_future_get(f, &status);
    weft_future_release(f);
    return err ? err : status;
}

/* In a stand-in, with the only ticket: as in any task that waits for another one of its executor. */
PROMISE(a_stand_in_waits_for_its_own_executor)
{
    weft_pool *pool = pool_with(0);
    struct through t = {.node = 0};
    weft_future *f;
    begin();
    cr_assert_eq(weft_executor_create(&t.executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .node = WEFT_NODE(0),
                                                                        .strict = 1, .limit = 1)),
                 0);
    wait_in_sections(pool, 0, PER_NODE);
    cr_assert_eq(weft_submit(t.executor, ask_own_executor, &t, &f), 0);
    cr_assert_eq(get(f), 0);
    atomic_store(&gate_open, true);
    cr_assert_eq(weft_executor_destroy(t.executor), 0);
    cr_assert_eq(atomic_load(&ran), 1);
    cr_assert_eq(strayed(pool), 0);
    end(pool);
}

/* Nobody of node 0 is there, and nobody stands in. */
PROMISE(without_spares_it_strays)
{
    weft_pool *pool = pool_with(WEFT_NONE);
    wait_in_sections(pool, 1, PER_NODE - 1);
    ask_round(pool);
    cr_assert_eq(strayed(pool), 1);
    atomic_store(&gate_open, true);
    end(pool);
}
