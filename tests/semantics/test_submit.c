/* SPDX-License-Identifier: MIT */
/* test_submit.c - submit and collect: each task runs once, who waits gets its status, and nobody hangs. */
#include "sem.h"

#include <time.h>
#include <urcu/urcu-memb.h>

#define MANY 20000

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static weft_executor *door(weft_pool *pool)
{
    weft_executor *executor;
    cr_assert_eq(weft_pool_executor(pool, &executor), 0);
    return executor;
}

static weft_future *submit(weft_pool *pool, weft_task_fn *fn, void *arg)
{
    weft_future *future;
    int err = weft_submit(door(pool), fn, arg, &future);
    cr_assert_eq(err, 0, "submit: %s", weft_strerror(err));
    cr_assert_not_null(future);
    return future;
}

static int get(weft_future *future)
{
    int status = 12345, err = weft_future_get(future, &status);
    cr_assert_eq(err, 0, "get: %s", weft_strerror(err));
    cr_assert_eq(weft_future_state(future), WEFT_DONE);
    cr_assert_eq(weft_future_status(future), status);
    weft_future_release(future);
    return status;
}

static int count_up(void *arg)
{
    return atomic_fetch_add((atomic_int *)arg, 1);
}

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
            cr_assert_eq(weft_submit(door(pool), count_up, &ran, NULL), 0);
        sem_end(pool);
        cr_assert_eq(atomic_load(&ran), 100);
    }
}

/* A task on its own: nobody waits for it in a way that the library sees. */
static int open_gate(void *arg)
{
    gate_add(arg);
    return 0;
}

PROMISE(a_task_starts_without_anybody_getting_it)
{
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 200; i++) {
        struct gate gate = GATE_INIT;
        cr_assert_eq(weft_submit(door(pool), open_gate, &gate, NULL), 0);
        gate_wait(&gate, 1);
    }
    sem_end(pool);
}

static void submit_and_wait_blindly(void *arg)
{
    struct gate gate = GATE_INIT;
    (void)arg;
    cr_assert_eq(weft_submit(NULL, open_gate, &gate, NULL), 0);
    gate_wait(&gate, 1);
}

/* The guest holds a place, with one worker the only one. */
PROMISE(a_guest_may_wait_for_its_task_in_its_own_way)
{
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 50; i++)
        cr_assert_eq(weft_run(pool, submit_and_wait_blindly, NULL), 0);
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

/* A wait of depth 10,000: every task is taken over by the one that waits for it, or run by another worker; or there is no
 * stack left for it, and the waiter is told. Then it waits in its own way no longer than it has to. */
static atomic_int too_deep;

static int deep(void *arg)
{
    intptr_t depth = (intptr_t)arg;
    weft_future *next;
    int status = 0;
    if (depth == 0)
        return 1;
    if (weft_submit(NULL, deep, (void *)(depth - 1), &next))
        return -1;
    int err = weft_future_get(next, &status);
    weft_future_release(next);
    if (err == WEFT_ESTACK)
        atomic_fetch_add(&too_deep, 1);
    return err ? err : status;
}

static int go_deep(size_t stack_bytes)
{
    weft_pool *pool;
    atomic_store(&too_deep, 0);
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .stack_bytes = stack_bytes,
                                                       .take_over = WEFT_NONE));
    cr_assert_eq(err, 0);
    int status = get(submit(pool, deep, (void *)10000));
    sem_end(pool);
    return status;
}

PROMISE(waits_nest_as_deep_as_the_stack_allows)
{
    int status = go_deep(64 << 20);
    if (sem_threads())
        cr_assert_eq(status, 1, "64 MiB hold 10,000 waits: %s", weft_strerror(status));
    else
        cr_assert(status == 1 || (status == WEFT_ESTACK && atomic_load(&too_deep)), "%s",
                  weft_strerror(status));
}

PROMISE(waits_nested_too_deep_for_the_stack_are_told)
{
    NEEDS_WORKERS(1);
    int status = go_deep(128 << 10);
    if (sem_threads() == 1)
        cr_assert_eq(status, WEFT_ESTACK);
    cr_assert(status == 1 || (status == WEFT_ESTACK && atomic_load(&too_deep)), "%s", weft_strerror(status));
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

struct held {
    struct gate running, go;
    atomic_int ran;
};

static int hold(void *arg)
{
    struct held *held = arg;
    gate_add(&held->running);
    gate_wait(&held->go, 1);
    return 7;
}

/* Each task of the one pool submits to the other, which has no threads: nobody else would run it. */
struct bridge {
    weft_pool *pool, *bare;
    atomic_int ran;
};

static int across(void *arg)
{
    struct bridge *b = arg;
    int before = atomic_load(&b->ran);
    int err = weft_submit(door(b->bare), count_up, &b->ran, NULL);
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

PROMISE(a_wait_ends_at_its_deadline_and_cancels_nothing)
{
    NEEDS_WORKERS(1);
    struct held held = {GATE_INIT, GATE_INIT, 0};
    weft_pool *pool = sem_pool();
    weft_future *future = submit(pool, hold, &held);
    gate_wait(&held.running, 1);
    cr_assert_eq(weft_future_state(future), WEFT_RUNNING);
    cr_assert_eq(weft_future_status(future), -EINPROGRESS);
    cr_assert_eq(weft_future_wait(future, 0), -ETIMEDOUT);
    int64_t deadline = now_ns() + 2000000;
    cr_assert_eq(weft_future_wait(future, deadline), -ETIMEDOUT);
    cr_assert_geq(now_ns(), deadline);
    gate_add(&held.go);
    cr_assert_eq(weft_future_wait(future, INT64_MAX - 1), 0);
    cr_assert_eq(get(future), 7);
    sem_end(pool);
}

PROMISE(cancel_knows_three_answers)
{
    NEEDS_WORKERS(1);
    struct held held = {GATE_INIT, GATE_INIT, 0};
    weft_pool *pool = sem_pool();
    weft_future *holders[8], *pending;
    int threads = sem_threads();
    atomic_int ran = 0;
    for (int i = 0; i < threads; i++)
        holders[i] = submit(pool, hold, &held);
    gate_wait(&held.running, threads);
    pending = submit(pool, count_up, &ran);
    cr_assert_eq(weft_future_state(pending), WEFT_PENDING);
    cr_assert_eq(weft_future_cancel(pending), 0);
    cr_assert_eq(weft_future_cancel(pending), 0, "a second time it is cancelled still");
    int status = 0;
    cr_assert_eq(weft_future_get(pending, &status), 0);
    cr_assert_eq(status, -ECANCELED);
    cr_assert_eq(weft_future_state(pending), WEFT_CANCELLED);
    cr_assert_eq(weft_future_cancel(holders[0]), -EBUSY);
    gate_add(&held.go);
    for (int i = 0; i < threads; i++) {
        cr_assert_eq(weft_future_wait(holders[i], WEFT_FOREVER), 0);
        cr_assert_eq(weft_future_cancel(holders[i]), -EALREADY);
        cr_assert_eq(get(holders[i]), 7);
    }
    weft_future_release(pending);
    sem_end(pool);
    cr_assert_eq(atomic_load(&ran), 0, "a cancelled task never runs");
}

static void *get_it(void *arg)
{
    int status = 0;
    return weft_future_get(arg, &status) == 0 ? (void *)(intptr_t)(status + 1) : NULL;
}

PROMISE(any_number_of_threads_wait_for_one_future)
{
    NEEDS_WORKERS(1);
    struct held held = {GATE_INIT, GATE_INIT, 0};
    weft_pool *pool = sem_pool();
    weft_future *future = submit(pool, hold, &held);
    pthread_t threads[4];
    gate_wait(&held.running, 1);
    for (int i = 0; i < 4; i++)
        threads[i] = thread_start(get_it, future, 0);
    gate_add(&held.go);
    for (int i = 0; i < 4; i++) {
        void *answer;
        pthread_join(threads[i], &answer);
        cr_assert_eq((intptr_t)answer, 8);
    }
    cr_assert_eq(get(future), 7);
    sem_end(pool);
}

static weft_future *own;

static int wait_for_oneself(void *arg)
{
    gate_wait(arg, 1);
    return weft_future_get(own, NULL) == -EDEADLK && weft_future_wait(own, 0) == -EDEADLK;
}

static int inner_waits_for_outer(void *arg)
{
    (void)arg;
    return weft_future_get(own, NULL) == -EDEADLK;
}

static int outer(void *arg)
{
    weft_future *inner;
    int status = 0;
    gate_wait(arg, 1);
    if (weft_submit(NULL, inner_waits_for_outer, NULL, &inner) || weft_future_get(inner, &status))
        return -1;
    weft_future_release(inner);
    return status;
}

PROMISE(a_task_that_waits_for_itself_is_told)
{
    NEEDS_WORKERS(1);
    struct gate known = GATE_INIT;
    weft_pool *pool = sem_pool();
    own = submit(pool, wait_for_oneself, &known);
    gate_add(&known);
    cr_assert_eq(get(own), 1);
    sem_end(pool);
}

PROMISE(a_task_taken_over_by_its_parent_cannot_wait_for_it)
{
    if (sem_threads() != 1)
        cr_skip_test("with more workers another one may run the inner task, and it would really wait");
    struct gate known = GATE_INIT;
    weft_pool *pool = sem_pool();
    own = submit(pool, outer, &known);
    gate_add(&known);
    cr_assert_eq(get(own), 1);
    sem_end(pool);
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

/* One worker: what comes from outside begins in order. */
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
    weft_pool *pool = sem_pool();
    cr_assert_eq(weft_submit(door(pool), wait_to_begin, &go, NULL), 0);
    for (int i = 0; i < 200; i++)
        cr_assert_eq(weft_submit(door(pool), note, (void *)(intptr_t)i, NULL), 0);
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
        cr_assert_eq(weft_submit(door(pool), respawn, NULL, NULL), 0);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(weft_submit(door(pool), open_gate, &gate, NULL), 0);
    gate_wait(&gate, 5);
    atomic_store(&stop_it, 1);
    sem_end(pool);
}

/* With private children left behind: the waiter's place is free, and somebody else runs them. */
static atomic_int child_ran;
WEFT_TASK_VOID(mark)
void mark(void)
{
    atomic_store(&child_ran, 1);
}

static int needs_the_child(void *arg)
{
    gate_add(arg);
    flag_wait(&child_ran);
    return 3;
}

static void wait_with_a_private_child(void *arg)
{
    struct gate running = GATE_INIT;
    weft_future *future;
    (void)arg;
    atomic_store(&child_ran, 0);
    cr_assert_eq(weft_submit(NULL, needs_the_child, &running, &future), 0);
    gate_wait(&running, 1);
    weft_fork(mark, h);
    cr_assert_eq(get(future), 3);
    weft_join(mark, h);
}

PROMISE(a_waiter_leaves_its_children_to_others)
{
    NEEDS_WORKERS(2);
    for (int force = 0; force < 2; force++) {
        weft_pool *pool;
        cr_assert_eq(weft_pool_create(
                         &pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .force = force ? 0 : WEFT_NONE)),
                     0);
        for (int i = 0; i < 20; i++)
            cr_assert_eq(weft_run(pool, wait_with_a_private_child, NULL), 0);
        sem_end(pool);
    }
}

static int who(void *arg)
{
    *(pthread_t *)arg = pthread_self();
    return weft_worker_index();
}

PROMISE(with_take_over_off_only_workers_run_tasks)
{
    NEEDS_WORKERS(1);
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .take_over = WEFT_NONE)),
                 0);
    for (int i = 0; i < 500; i++) {
        pthread_t thread;
        int index = get(submit(pool, who, &thread));
        cr_assert(!pthread_equal(thread, pthread_self()));
        cr_assert(index >= 0 && index < sem_threads());
    }
    sem_end(pool);
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.take_over = 2)), -EINVAL);
}

/* The only worker of one pool visits another: nobody but it can run what it submits to its own. */
static void visit(void *arg)
{
    struct bridge *b = arg;
    cr_assert_eq(get(submit(b->pool, count_up, &b->ran)), 0);
}

static int visits(void *arg)
{
    return weft_run(((struct bridge *)arg)->bare, visit, arg);
}

PROMISE(with_take_over_off_a_worker_on_a_visit_runs_what_it_waits_for)
{
    struct bridge b = {.bare = sem_pool()};
    cr_assert_eq(weft_pool_create(&b.pool, WEFT_POOL_CONFIG(.workers = 1, .take_over = WEFT_NONE)), 0);
    cr_assert_eq(get(submit(b.pool, visits, &b)), 0);
    cr_assert_eq(atomic_load(&b.ran), 1);
    sem_end(b.pool);
    sem_end(b.bare);
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
    cr_assert_eq(weft_submit(door(pool), NULL, NULL, &future), -EINVAL);
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

/* ---- liburcu beside us -------------------------------------------------------------------------- */

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
    bulk.executor = door(pool);
    urcu_memb_read_lock();
    for (int i = 0; i < 5; i++) {
        weft_future *future = submit(pool, submit_many, &bulk);
        cr_assert_eq(weft_future_wait(future, now_ns() + INT64_C(8000000000)), 0);
        weft_future_release(future);
        struct timespec idle = {0, 3000000};
        nanosleep(&idle, NULL); /* so that workers go to sleep, which is where they would wait */
    }
    urcu_memb_read_unlock();
    cr_assert_eq(weft_pool_trim(pool), 0);
    sem_end(pool);
    cr_assert_eq(atomic_load(&bulk.runs), 10000);
    urcu_memb_unregister_thread();
}
