/* SPDX-License-Identifier: MIT */
/* test_wait.c - who waits gets the status, runs what he may, and nobody hangs. */
#include "submits.h"

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

enum { SERIAL_DEPTH = 100000 };

static weft_future *in_line[SERIAL_DEPTH];

/* A serial executor runs the next one inside the wait for it. */
static int get_next(void *arg)
{
    intptr_t next = (intptr_t)arg + 1;
    int err = next < SERIAL_DEPTH ? weft_future_get(in_line[next], NULL) : 0;
    atomic_fetch_add(&too_deep, err == WEFT_ESTACK);
    return err;
}

PROMISE(serial_waits_nested_too_deep_are_told)
{
    weft_pool *pool = sem_pool();
    weft_executor *serial;
    int status;
    atomic_store(&too_deep, 0);
    cr_assert_eq(
        weft_executor_create(&serial, WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL)), 0);
    for (intptr_t i = 0; i < SERIAL_DEPTH; i++)
        cr_assert_eq(weft_submit(serial, get_next, (void *)i, &in_line[i]), 0);
    cr_assert_eq(weft_future_get(in_line[0], &status), 0);
    cr_assert_eq(status, 0, "who was refused told his own waiter: %s", weft_strerror(status));
    cr_assert_eq(weft_executor_destroy(serial), 0);
    cr_assert_gt(atomic_load(&too_deep), 0);
    for (int i = 0; i < SERIAL_DEPTH; i++) {
        cr_assert_neq(weft_future_status(in_line[i]), -EINPROGRESS);
        weft_future_release(in_line[i]);
    }
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
    int64_t deadline = sem_now_ns() + 2000000;
    cr_assert_eq(weft_future_wait(future, deadline), -ETIMEDOUT);
    cr_assert_geq(sem_now_ns(), deadline);
    gate_add(&held.go);
    cr_assert_eq(weft_future_wait(future, INT64_MAX - 1), 0);
    cr_assert_eq(get(future), 7);
    sem_end(pool);
}

/* Who stands at a gate is found standing still, and a spare would run what is to be cancelled. */
PROMISE(cancel_knows_three_answers)
{
    NEEDS_WORKERS(1);
    struct held held = {GATE_INIT, GATE_INIT, 0};
    weft_pool *pool = sem_pool_without_spares();
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
    weft_pool *pool = sem_pool_without_spares(); /* the same of a spare, if it stands at the gate for long */
    own = submit(pool, outer, &known);
    gate_add(&known);
    cr_assert_eq(get(own), 1);
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
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .take_over = WEFT_NONE,
                                                          .spare_max = WEFT_NONE)),
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
