/* SPDX-License-Identifier: MIT */
/* test_submit.c - each task runs once, whoever submits it, and futures outlive what they came from. */
#include "submits.h"

#define MANY 20000

PROMISE(a_task_runs_once_and_its_status_arrives)
{
    weft_pool *pool = sem_pool();
    atomic_int ran = 41;
    cr_assert_eq(get(submit(pool, count_up, &ran)), 41);
    cr_assert_eq(atomic_load(&ran), 42);
    sem_end(pool);
}

PROMISE(many_tasks_from_outside_run_once_each)
{
    static weft_future *futures[MANY];
    static atomic_int runs[MANY];
    weft_pool *pool = sem_pool();
    for (int i = 0; i < MANY; i++)
        futures[i] = submit(pool, count_up, &runs[i]);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(get(futures[i]), 0);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(atomic_load(&runs[i]), 1, "task %d ran %d times", i, atomic_load(&runs[i]));
    sem_end(pool);
}

PROMISE(detached_tasks_run_before_the_pool_ends)
{
    for (int round = 0; round < 50; round++) {
        weft_pool *pool = sem_pool();
        atomic_int ran = 0;
        for (int i = 0; i < 100; i++)
            cr_assert_eq(weft_submit(sem_door(pool), count_up, &ran, NULL), 0);
        sem_end(pool);
        cr_assert_eq(atomic_load(&ran), 100);
    }
}

PROMISE(a_task_starts_without_anybody_getting_it)
{
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 200; i++) {
        struct gate gate = GATE_INIT;
        cr_assert_eq(weft_submit(sem_door(pool), open_gate, &gate, NULL), 0);
        gate_wait(&gate, 1);
    }
    sem_end(pool);
}

/* Each task submits two of half the depth and gets both. */
static int tree(void *arg)
{
    intptr_t depth = (intptr_t)arg;
    weft_future *a, *b;
    int left, right;
    if (depth == 0)
        return 1;
    if (weft_submit(NULL, tree, (void *)(depth - 1), &a) || weft_submit(NULL, tree, (void *)(depth - 1), &b))
        return -ENOMEM;
    if (weft_future_get(a, &left) || weft_future_get(b, &right))
        return -EIO;
    weft_future_release(a);
    weft_future_release(b);
    return left + right;
}

PROMISE(tasks_submit_tasks_and_get_them)
{
    weft_pool *pool = sem_pool();
    cr_assert_eq(get(submit(pool, tree, (void *)12)), 4096);
    sem_end(pool);
}

WEFT_TASK(long, fib, int)
long fib(int n)
{
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

static int fork_inside(void *arg)
{
    return (int)fib((int)(intptr_t)arg);
}

PROMISE(tasks_fork_and_join)
{
    weft_pool *pool = sem_pool();
    weft_future *futures[50];
    for (int i = 0; i < 50; i++)
        futures[i] = submit(pool, fork_inside, (void *)20);
    for (int i = 0; i < 50; i++)
        cr_assert_eq(get(futures[i]), 6765);
    sem_end(pool);
}

static int across(void *arg)
{
    struct bridge *b = arg;
    int before = atomic_load(&b->ran);
    int err = weft_submit(sem_door(b->bare), count_up, &b->ran, NULL);
    return err ? err : atomic_load(&b->ran) - before;
}

PROMISE(a_task_may_submit_to_a_pool_without_threads)
{
    struct bridge b = {.pool = sem_pool()};
    cr_assert_eq(weft_pool_create(&b.bare, WEFT_POOL_CONFIG(.workers = WEFT_NONE)), 0);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(get(submit(b.pool, across, &b)), 1, "it has run when submit returns");
    sem_end(b.pool);
    sem_end(b.bare);
    cr_assert_eq(atomic_load(&b.ran), 10);
}

PROMISE(futures_outlive_their_pool)
{
    weft_pool *pool = sem_pool();
    atomic_int ran = 5;
    weft_future *future = submit(pool, count_up, &ran);
    cr_assert_eq(weft_future_retain(future), 0);
    sem_end(pool);
    int status = 0;
    cr_assert_eq(weft_future_get(future, &status), 0);
    cr_assert_eq(status, 5);
    cr_assert_eq(weft_future_cancel(future), -EALREADY);
    weft_future_release(future);
    cr_assert_eq(weft_future_status(future), 5);
    weft_future_release(future);
}

PROMISE(released_futures_run_on)
{
    weft_pool *pool = sem_pool();
    atomic_int ran = 0;
    for (int i = 0; i < 1000; i++)
        weft_future_release(submit(pool, count_up, &ran));
    sem_end(pool);
    cr_assert_eq(atomic_load(&ran), 1000);
}

/* One worker, and nobody in its stead while it stands at the gate: what comes from outside begins in order. */
struct order {
    int seen[200], count;
    struct gate *go;
};
static struct order order;

static int note(void *arg)
{
    order.seen[order.count++] = (int)(intptr_t)arg;
    return 0;
}

static int wait_to_begin(void *arg)
{
    gate_wait(arg, 1);
    return 0;
}

PROMISE(tasks_from_outside_begin_in_order)
{
    if (sem_threads() != 1)
        cr_skip_test("with more workers the order of their notes is another");
    struct gate go = GATE_INIT;
    weft_pool *pool = sem_pool_without_spares();
    cr_assert_eq(weft_submit(sem_door(pool), wait_to_begin, &go, NULL), 0);
    for (int i = 0; i < 200; i++)
        cr_assert_eq(weft_submit(sem_door(pool), note, (void *)(intptr_t)i, NULL), 0);
    gate_add(&go);
    sem_end(pool);
    cr_assert_eq(order.count, 200);
    for (int i = 0; i < 200; i++)
        cr_assert_eq(order.seen[i], i);
}

/* A worker that keeps itself busy with tasks of its own still comes to those from outside. */
static atomic_int stop_it;

static int respawn(void *arg)
{
    if (atomic_load(&stop_it))
        return 0;
    sched_yield();
    return weft_submit(NULL, respawn, arg, NULL);
}

PROMISE(tasks_from_outside_are_not_starved)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    struct gate gate = GATE_INIT;
    atomic_store(&stop_it, 0);
    for (int i = 0; i < sem_threads(); i++)
        cr_assert_eq(weft_submit(sem_door(pool), respawn, NULL, NULL), 0);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(weft_submit(sem_door(pool), open_gate, &gate, NULL), 0);
    gate_wait(&gate, 5);
    atomic_store(&stop_it, 1);
    sem_end(pool);
}

PROMISE(the_default_pool_serves_who_names_none)
{
    atomic_int ran = 9;
    weft_future *future;
    int status;
    cr_assert_eq(weft_submit(NULL, count_up, &ran, &future), 0);
    cr_assert_eq(weft_future_get(future, &status), 0);
    cr_assert_eq(status, 9);
    weft_future_release(future);
}

PROMISE(bad_input_is_refused)
{
    weft_pool *pool = sem_pool();
    weft_future *future = (weft_future *)&pool;
    cr_assert_eq(weft_submit(sem_door(pool), NULL, NULL, &future), -EINVAL);
    cr_assert_null(future);
    cr_assert_eq(weft_pool_executor(pool, NULL), -EINVAL);
    cr_assert_eq(weft_future_get(NULL, NULL), -EINVAL);
    cr_assert_eq(weft_future_wait(NULL, 0), -EINVAL);
    cr_assert_eq(weft_future_state(NULL), -EINVAL);
    cr_assert_eq(weft_future_status(NULL), -EINVAL);
    cr_assert_eq(weft_future_cancel(NULL), -EINVAL);
    cr_assert_eq(weft_future_retain(NULL), -EINVAL);
    weft_future_release(NULL);
    sem_end(pool);
}

static int submit_many(void *arg)
{
    struct bulk {
        weft_executor *executor;
        atomic_int runs;
    } *bulk = arg;
    for (int i = 0; i < 2000; i++)
        if (weft_submit(bulk->executor, count_up, &bulk->runs, NULL))
            return -1;
    return 0;
}

/* The queue grew, so that there are rings to be freed; no worker waits for the host's readers for that. */
PROMISE(a_host_may_stay_in_a_read_section)
{
    NEEDS_WORKERS(1);
    struct {
        weft_executor *executor;
        atomic_int runs;
    } bulk = {0};
    weft_pool *pool = NULL;
    urcu_memb_register_thread();
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .take_over = WEFT_NONE)),
                 0);
    bulk.executor = sem_door(pool);
    urcu_memb_read_lock();
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(get(submit(pool, submit_many, &bulk)), 0);
        struct timespec idle = {0, 3000000};
        nanosleep(&idle, NULL); /* so that workers go to sleep, which is where they would wait */
    }
    urcu_memb_read_unlock();
    cr_assert_eq(weft_pool_trim(pool), 0);
    sem_end(pool);
    cr_assert_eq(atomic_load(&bulk.runs), 10000);
    urcu_memb_unregister_thread();
}
