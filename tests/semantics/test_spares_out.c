/* SPDX-License-Identifier: MIT */
/* All spares are out while a strict task waits for workers that wait: it waits for one of them to come back, and strays nowhere. */
#include "hints.h"

static atomic_int spare_in, spare_goes, in_sections, sections_end;

static int in_a_section(void *arg)
{
    (void)arg;
    weft_block_begin();
    atomic_fetch_add(&in_sections, 1);
    flag_wait(&sections_end);
    weft_block_end();
    return 0;
}

static int keep_the_spare(void *arg)
{
    (void)arg;
    atomic_store(&spare_in, weft_worker_index() >= WORKERS + SEATS ? 1 : -1);
    flag_wait(&spare_goes);
    return 0;
}

static void submit_to(weft_pool *pool, weft_task_fn *fn, int worker)
{
    cr_assert_eq(weft_submit_task(
                     sem_door(pool),
                     SPEC(.fn = fn, .arg = number(worker), .worker = WEFT_WORKER(worker), .strict = 1), NULL),
                 0);
}

/* Workers from first on are in sections; the only spare there may be stands in for worker 1 and stays. */
static weft_pool *pool_without_more(int first, int count)
{
    weft_pool *pool = pool_with(1);
    begin();
    atomic_store(&spare_in, 0);
    atomic_store(&spare_goes, 0);
    atomic_store(&in_sections, 0);
    atomic_store(&sections_end, 0);
    for (int i = first; i < first + count; i++)
        submit_to(pool, in_a_section, i);
    while (atomic_load(&in_sections) < count)
        sched_yield();
    submit_to(pool, keep_the_spare, 1);
    flag_wait(&spare_in);
    cr_assert_eq(atomic_load(&spare_in), 1, "it runs in a spare");
    return pool;
}

static void a_while(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

enum { BY_WORKER, BY_NODE, BY_EXECUTOR, HOMES };

/* EACH for workers of node 0, all of which wait. */
static void submit_home(weft_pool *pool, weft_executor *executor)
{
    for (int i = 0; i < EACH; i++)
        if (i % HOMES == BY_WORKER)
            submit_to(pool, on_worker, i % PER_NODE);
        else if (i % HOMES == BY_NODE)
            cr_assert_eq(weft_submit_task(sem_door(pool),
                                          SPEC(.fn = on_node, .node = WEFT_NODE(0), .strict = 1), NULL),
                         0);
        else
            cr_assert_eq(weft_submit(executor, on_node, number(0), NULL), 0);
}

static weft_executor *executor_of_node_0(weft_pool *pool)
{
    weft_executor *executor = NULL;
    cr_assert_eq(weft_executor_create(&executor,
                                      WEFT_EXECUTOR_CONFIG(.pool = pool, .node = WEFT_NODE(0), .strict = 1)),
                 0);
    return executor;
}

PROMISE(it_runs_in_the_spare_that_comes_back)
{
    weft_pool *pool = pool_without_more(0, PER_NODE);
    weft_executor *executor = executor_of_node_0(pool);
    submit_home(pool, executor);
    a_while();
    cr_assert_eq(atomic_load(&ran), 0, "with workers of node 1 idle");
    atomic_store(&spare_goes, 1);
    until_ran(EACH);
    cr_assert_eq(atomic_load(&stood_in), EACH);
    cr_assert_eq(strayed(pool), 0);
    atomic_store(&sections_end, 1);
    cr_assert_eq(weft_executor_destroy(executor), 0);
    end(pool);
}

PROMISE(or_in_the_worker_that_does)
{
    weft_pool *pool = pool_without_more(0, PER_NODE);
    weft_executor *executor = executor_of_node_0(pool);
    submit_home(pool, executor);
    a_while();
    cr_assert_eq(atomic_load(&ran), 0);
    atomic_store(&sections_end, 1);
    until_ran(EACH);
    cr_assert(atomic_load(&stood_in) == 0 && atomic_load(&elsewhere) == 0);
    cr_assert_eq(strayed(pool), 0);
    atomic_store(&spare_goes, 1);
    cr_assert_eq(weft_executor_destroy(executor), 0);
    end(pool);
}

/* Worker 0 waits for one of worker 4, which waits for one that only worker 0 may run: no deadlock, for the spare comes back. */
static int ask_back(void *arg)
{
    struct asked *back = arg, there = {.pool = back->pool, .worker = 0, .status = 7};
    atomic_fetch_add(&held, 1);
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

PROMISE(who_waits_through_others_for_itself_waits_for_the_spare)
{
    weft_pool *pool = pool_without_more(1, 1);
    struct asked asked = {.pool = pool, .status = 7};
    weft_future *f;
    atomic_store(&held, 0);
    cr_assert_eq(weft_submit_task(
                     sem_door(pool),
                     SPEC(.fn = ask_in_a_circle, .arg = &asked, .worker = WEFT_WORKER(0), .strict = 1), &f),
                 0);
    flag_wait(&held);
    a_while();
    cr_assert_eq(atomic_load(&ran), 0);
    atomic_store(&spare_goes, 1);
    cr_assert_eq(get(f), 0);
    cr_assert(asked.status == 0 && atomic_load(&ran) == 1 && atomic_load(&stood_in) == 1);
    cr_assert_eq(strayed(pool), 0);
    atomic_store(&sections_end, 1);
    end(pool);
}
