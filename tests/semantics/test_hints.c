/* SPDX-License-Identifier: MIT */
/* Where a submitted task begins: the hints for a node and a worker, and that a strict one runs nowhere else. */
#include "hints.h"

/* ---- errors -------------------------------------------------------------------------------------- */

PROMISE(what_makes_no_sense_is_refused)
{
    weft_pool *pool = pool_with(0);
    weft_executor *limited, *none;
    weft_future *f;
    cr_assert_eq(weft_executor_create(&limited, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 2)), 0);
    begin();
    static const struct {
        int node, worker, strict, blocking, err;
    } row[] = {{.strict = 1, .err = -EINVAL},
               {.strict = 2, .node = 1, .err = -EINVAL},
               {.strict = -1, .node = 1, .err = -EINVAL},
               {.node = -1, .err = -EINVAL},
               {.worker = -1, .err = -EINVAL},
               {.node = 1, .worker = 1, .err = -EINVAL},
               {.worker = WORKERS + 1, .err = -EINVAL},
               {.worker = WORKERS + 1, .strict = 1, .err = -EINVAL},
               {.node = WEFT_NODE(2), .strict = 1, .err = -ENODEV},
               {.node = WEFT_NODE(0), .strict = 1, .blocking = 1, .err = -EINVAL}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        cr_expect_eq(weft_submit_task(sem_door(pool),
                                      SPEC(.fn = on_node, .node = row[i].node, .worker = row[i].worker,
                                           .strict = row[i].strict, .blocking = row[i].blocking),
                                      &f),
                     row[i].err, "row %zu", i);
    cr_expect_eq(weft_submit_task(limited, SPEC(.fn = on_node, .node = 1, .strict = 1), &f), -EINVAL);
    cr_expect_eq(weft_executor_create(&none, WEFT_EXECUTOR_CONFIG(.pool = pool, .strict = 1)), -EINVAL);
    cr_expect_eq(weft_executor_create(&none, WEFT_EXECUTOR_CONFIG(.pool = pool, .node = 1, .strict = 2)),
                 -EINVAL);
    cr_expect_eq(
        weft_executor_create(&none, WEFT_EXECUTOR_CONFIG(.pool = pool, .node = WEFT_NODE(2), .strict = 1)),
        -ENODEV);
    cr_expect_eq(weft_executor_create(
                     &none, WEFT_EXECUTOR_CONFIG(.pool = pool, .node = 1, .strict = 1, .blocking = 1)),
                 -EINVAL);
    cr_expect_eq(weft_executor_create(&none, WEFT_EXECUTOR_CONFIG(.pool = pool, .node = 1, .strict = 1,
                                                                  .engine = WEFT_ENGINE_SERIAL)),
                 -EINVAL);
    cr_expect_eq(atomic_load(&ran), 0);
    cr_assert_eq(weft_executor_destroy(limited), 0);
    end(pool);
}

PROMISE(a_hint_for_nowhere_is_none)
{
    weft_pool *pool = pool_with(0);
    weft_future *f;
    begin();
    cr_assert_eq(weft_submit_task(sem_door(pool), SPEC(.fn = on_node, .node = WEFT_NODE(7)), &f), 0);
    cr_assert_eq(get(f), 0);
    cr_assert_eq(weft_pool_resize(pool, PER_NODE), 0);
    cr_assert_eq(weft_submit_task(sem_door(pool), SPEC(.fn = on_node, .worker = WEFT_WORKER(7)), &f), 0);
    cr_assert_eq(get(f), 0);
    end(pool);
}

PROMISE(a_pool_without_threads_has_no_homes)
{
    weft_pool *pool;
    weft_future *f;
    begin();
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = WEFT_NONE)), 0);
    cr_expect_eq(weft_submit_task(sem_door(pool), SPEC(.fn = on_node, .node = 1, .strict = 1), &f), -ENODEV);
    cr_expect_eq(weft_submit_task(sem_door(pool), SPEC(.fn = on_node, .worker = 1), &f), -EINVAL);
    cr_assert_eq(weft_submit_task(sem_door(pool), SPEC(.fn = on_node, .node = 1), &f), 0);
    cr_assert_eq(get(f), 0);
    cr_assert_eq(weft_pool_destroy(pool), 0);
}

/* ---- nowhere else -------------------------------------------------------------------------------- */

/* To each worker in turn, and to both nodes, among tasks that anybody may take; who waits does not run them either. */
PROMISE(strict_tasks_run_at_home_alone)
{
    weft_pool *pool = pool_with(0);
    weft_future *f[2 * EACH * WORKERS];
    atomic_int others = 0;
    begin();
    for (int i = 0; i < EACH * WORKERS; i++) {
        int worker = i % WORKERS, node = i / WORKERS % 2;
        cr_assert_eq(weft_submit_task(sem_door(pool),
                                      SPEC(.fn = on_worker, .arg = number(worker),
                                           .worker = WEFT_WORKER(worker), .strict = 1),
                                      &f[2 * i]),
                     0);
        cr_assert_eq(weft_submit_task(sem_door(pool),
                                      SPEC(.fn = on_node, .arg = number(node * PER_NODE),
                                           .node = WEFT_NODE(node), .strict = 1),
                                      &f[2 * i + 1]),
                     0);
        cr_assert_eq(weft_submit(sem_door(pool), count_up, &others, NULL), 0);
    }
    for (int i = 0; i < 2 * EACH * WORKERS; i++)
        cr_assert_eq(get(f[i]), 0);
    assert_all_at_home(pool, 2 * EACH * WORKERS);
    end(pool);
    cr_assert_eq(atomic_load(&others), EACH * WORKERS);
}

/* One at a time, so that all others are idle, and asleep now and then. */
PROMISE(an_idle_pool_wakes_the_right_one)
{
    weft_pool *pool = pool_with(0);
    begin();
    for (int i = 0; i < EACH; i++) {
        int worker = i * 5 % WORKERS;
        cr_assert_eq(weft_submit_task(sem_door(pool),
                                      SPEC(.fn = on_worker, .arg = number(worker),
                                           .worker = WEFT_WORKER(worker), .strict = 1),
                                      NULL),
                     0);
        until_ran(2 * i + 1);
        cr_assert_eq(weft_submit_task(sem_door(pool),
                                      SPEC(.fn = on_node, .arg = number(worker / PER_NODE * PER_NODE),
                                           .node = WEFT_NODE(worker / PER_NODE), .strict = 1),
                                      NULL),
                     0);
        until_ran(2 * i + 2);
        if (i % 10 == 0)
            usleep(2000); /* so that they sleep, most times */
    }
    assert_all_at_home(pool, 2 * EACH);
    end(pool);
}

PROMISE(a_worker_waits_for_another_ones_task)
{
    weft_pool *pool = pool_with(0);
    begin();
    for (int i = 0; i < EACH; i++) {
        struct asked asked = {.pool = pool, .worker = i % WORKERS, .status = 7};
        weft_future *f;
        cr_assert_eq(
            weft_submit_task(sem_door(pool),
                             SPEC(.fn = ask_another, .arg = &asked,
                                  .worker = WEFT_WORKER((i + 1 + i / WORKERS) % WORKERS), .strict = 1),
                             &f),
            0);
        cr_assert_eq(get(f), 0);
        cr_assert_eq(asked.status, 0);
    }
    assert_all_at_home(pool, EACH);
    end(pool);
}

PROMISE(times_and_limits_keep_the_home)
{
    weft_pool *pool = pool_with(0);
    weft_limit *limit;
    weft_future *f[3 * WORKERS];
    begin();
    cr_assert_eq(weft_limit_create(&limit, 2, "two"), 0);
    for (int i = 0; i < 3 * WORKERS; i++)
        cr_assert_eq(weft_submit_task(sem_door(pool),
                                      SPEC(.fn = on_worker, .arg = number(i % WORKERS),
                                           .worker = WEFT_WORKER(i % WORKERS), .strict = 1,
                                           .start_ns = i % 3 ? sem_now_ns() + 1000000 : 0,
                                           .limit = i % 3 < 2 ? limit : NULL),
                                      &f[i]),
                     0);
    for (int i = 0; i < 3 * WORKERS; i++)
        cr_assert_eq(get(f[i]), 0);
    weft_limit_release(limit);
    assert_all_at_home(pool, 3 * WORKERS);
    end(pool);
}

/* ---- executors ----------------------------------------------------------------------------------- */

static int submit_some(void *arg)
{
    const struct through *t = arg;
    for (int i = 0; i < EACH; i++)
        if (weft_submit(t->executor, on_node, number(t->node * PER_NODE), NULL))
            return 1;
    return 0;
}

/* From outside and from workers of either node, through a short queue, whose submitters must not run what does not fit. */
PROMISE(a_strict_executor_runs_on_its_node_alone)
{
    weft_pool *pool = pool_with(0);
    for (int node = 0; node < 2; node++)
        for (int limit = 0; limit < 4; limit += 3) {
            struct through t = {.node = node};
            weft_future *f[4];
            begin();
            cr_assert_eq(weft_executor_create(
                             &t.executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .node = WEFT_NODE(node),
                                                               .strict = 1, .limit = limit, .queue_limit = 5,
                                                               .when_full = WEFT_CALLER_RUNS)),
                         0);
            for (int i = 0; i < 4; i++)
                cr_assert_eq(weft_submit_task(sem_door(pool),
                                              SPEC(.fn = submit_some, .arg = &t, .node = 1 + i % 2), &f[i]),
                             0);
            cr_assert_eq(submit_some(&t), 0);
            for (int i = 0; i < 4; i++)
                cr_assert_eq(get(f[i]), 0);
            cr_assert_eq(weft_submit(t.executor, on_node, number(node * PER_NODE), &f[0]), 0);
            cr_assert_eq(get(f[0]), 0);
            cr_assert_eq(weft_executor_destroy(t.executor), 0);
            assert_all_at_home(pool, 5 * EACH + 1);
        }
    end(pool);
}

/* ---- until its home has time ---------------------------------------------------------------------- */

/* Which tasks wait, and for what. */
static void assert_dumped(weft_pool *pool, const char *what)
{
    static char text[65536];
    FILE *file = tmpfile();
    cr_assert_eq(weft_dump(pool, fileno(file)), 0);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    cr_assert(strstr(text, what), "%s in\n%s", what, text);
}

PROMISE(a_dump_names_what_waits_strictly)
{
    weft_pool *pool = pool_with(WEFT_NONE);
    begin();
    hold_workers(pool, 0, PER_NODE);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(weft_submit_task(sem_door(pool),
                                      SPEC(.fn = on_node, .node = i ? WEFT_NODE(0) : 0,
                                           .worker = i ? 0 : WEFT_WORKER(1), .strict = 1),
                                      NULL),
                     0);
    assert_dumped(pool, ", strictly on node 0: 2 (busy)");
    assert_dumped(pool, ", strictly for worker 1: 1 (busy)");
    atomic_store(&gate_open, true);
    end(pool);
    cr_assert_eq(atomic_load(&ran), 3);
}

PROMISE(a_cancelled_one_never_runs)
{
    weft_pool *pool = pool_with(WEFT_NONE);
    weft_future *f[2];
    begin();
    hold_workers(pool, 0, PER_NODE);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(weft_submit_task(sem_door(pool),
                                      SPEC(.fn = on_node, .node = i ? WEFT_NODE(0) : 0,
                                           .worker = i ? 0 : WEFT_WORKER(0), .strict = 1),
                                      &f[i]),
                     0);
        cr_assert_eq(weft_future_wait(f[i], sem_now_ns() + 1000000), -ETIMEDOUT);
        cr_assert_eq(weft_future_cancel(f[i]), 0);
        cr_assert_eq(weft_future_status(f[i]), -ECANCELED);
        weft_future_release(f[i]);
    }
    atomic_store(&gate_open, true);
    end(pool);
    cr_assert_eq(atomic_load(&ran), 0);
}
