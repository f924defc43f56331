/* SPDX-License-Identifier: MIT */
/* test_enter.c - how threads enter pools: from outside, from inside, from another pool, without a seat.
 *
 * - Results are checked against serial code everywhere; worker indexes against their three promises.
 */
#include "sem.h"

WEFT_TASK(long, fib, int)

long fib(int n)
{
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

static void run_fib(void *out)
{
    *(long *)out = fib(18);
}

enum { FIB18 = 2584 };

/* ---- run ---- */
struct run_case {
    weft_pool *pool;
    pthread_t thread;
    int index, nested_err;
    long result;
};

static void note_inside(void *arg)
{
    struct run_case *c = arg;
    c->thread = pthread_self();
    c->index = weft_worker_index();
    c->result = fib(15);
}

PROMISE(run_calls_the_function_in_the_calling_thread)
{
    struct run_case c = {.index = -2};
    weft_pool *pool = sem_pool();
    cr_assert_eq(weft_run(pool, note_inside, &c), 0);
    cr_assert(pthread_equal(c.thread, pthread_self()));
    cr_assert_eq(c.result, 610);
    cr_assert_lt(c.index, weft_worker_bound(pool));
    cr_assert_eq(weft_worker_index(), -1, "outside again");
    sem_end(pool);
}

static void run_again(void *arg)
{
    struct run_case *c = arg;
    int before = weft_worker_index();
    c->nested_err = weft_run(c->pool, note_inside, c);
    if (c->index != before)
        c->nested_err = -1000;
}

PROMISE(run_from_inside_the_same_pool_is_just_the_call)
{
    struct run_case c = {.pool = sem_pool()};
    cr_assert_eq(weft_run(c.pool, run_again, &c), 0);
    cr_assert_eq(c.nested_err, 0);
    cr_assert(pthread_equal(c.thread, pthread_self()));
    cr_assert_eq(c.result, 610);
    sem_end(c.pool);
}

static void run_null(void *arg)
{
    struct run_case *c = arg;
    int workers = weft_pool_workers(NULL), bound = weft_worker_bound(NULL);
    c->nested_err = weft_run(NULL, note_inside, c);
    if (workers != weft_pool_workers(c->pool) || bound != weft_worker_bound(c->pool))
        c->nested_err = -1000;
}

PROMISE(null_inside_a_pool_means_that_pool)
{
    struct run_case c = {0};
    cr_assert_eq(weft_pool_create(&c.pool, WEFT_POOL_CONFIG(.workers = 5, .seats = 3)), 0);
    cr_assert_eq(weft_pool_workers(c.pool), 5);
    cr_assert_eq(weft_run(c.pool, run_null, &c), 0);
    cr_assert_eq(c.nested_err, 0);
    cr_assert_eq(c.result, 610);
    sem_end(c.pool);
}

PROMISE(a_pool_without_workers_runs_everything_in_the_caller)
{
    weft_pool *pool;
    long result = 0;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = WEFT_NONE)), 0);
    cr_assert_eq(weft_pool_workers(pool), 0);
    cr_assert_eq(weft_run(pool, run_fib, &result), 0);
    cr_assert_eq(result, FIB18);
    sem_end(pool);
}

PROMISE(a_pool_without_seats_runs_guests_serially)
{
    struct run_case c = {.index = -2};
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .seats = WEFT_NONE)), 0);
    cr_assert_eq(weft_run(pool, note_inside, &c), 0);
    cr_assert_eq(c.result, 610);
    cr_assert_eq(c.index, -1, "a call that found no seat has no index");
    sem_end(pool);
}

/* ---- many guests ---- */
struct guest {
    weft_pool *pool;
    struct gate *go;
    int rounds, bad;
    long result;
};

static void *guest_thread(void *arg)
{
    struct guest *g = arg;
    gate_wait(g->go, 1);
    for (int i = 0; i < g->rounds; i++) {
        g->result = 0;
        g->bad += weft_run(g->pool, run_fib, &g->result) != 0 || g->result != FIB18;
    }
    return NULL;
}

static int guests_at_once(weft_pool *pool, int count, int rounds)
{
    struct gate go = GATE_INIT;
    struct guest guests[40];
    pthread_t threads[40];
    int bad = 0;
    for (int i = 0; i < count; i++) {
        guests[i] = (struct guest){pool, &go, rounds, 0, 0};
        threads[i] = thread_start(guest_thread, &guests[i], 0);
    }
    gate_add(&go);
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        bad += guests[i].bad;
    }
    return bad;
}

PROMISE(many_outside_threads_run_at_once)
{
    weft_pool *pool = sem_pool();
    cr_assert_eq(guests_at_once(pool, 12, 20), 0);
    sem_end(pool);
}

PROMISE(more_outside_threads_than_seats_all_get_their_results)
{
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .seats = 3)), 0);
    cr_assert_eq(guests_at_once(pool, 40, 10), 0);
    sem_end(pool);
}

/* All guests are inside at the same time: each waits in its task until all have come. */
struct crowd {
    weft_pool *pool;
    struct gate inside;
    int expected, unseated;
    pthread_mutex_t mutex;
    bool taken[64];
    atomic_int bad;
};

static void crowd_task(void *arg)
{
    struct crowd *c = arg;
    int index = weft_worker_index();
    pthread_mutex_lock(&c->mutex);
    if (index == -1)
        c->unseated++;
    else if (index < 0 || index >= weft_worker_bound(c->pool) || index >= 64 || c->taken[index])
        atomic_fetch_add(&c->bad, 1);
    else
        c->taken[index] = true;
    pthread_mutex_unlock(&c->mutex);
    gate_add(&c->inside);
    gate_wait(&c->inside, c->expected);
}

static void *crowd_guest(void *arg)
{
    struct crowd *c = arg;
    if (weft_run(c->pool, crowd_task, c))
        atomic_fetch_add(&c->bad, 1);
    return NULL;
}

PROMISE(guests_inside_at_once_have_different_indexes_and_the_seatless_none)
{
    enum { SEATS = 4, GUESTS = 9 };
    struct crowd c = {.inside = GATE_INIT, .expected = GUESTS, .mutex = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[GUESTS];
    cr_assert_eq(weft_pool_create(&c.pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .seats = SEATS)), 0);
    for (int i = 0; i < GUESTS; i++)
        threads[i] = thread_start(crowd_guest, &c, 0);
    for (int i = 0; i < GUESTS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(atomic_load(&c.bad), 0, "an index was given twice or out of bounds");
    if (sem_threads() > 0)
        cr_assert_eq(c.unseated, GUESTS - SEATS);
    sem_end(c.pool);
}

/* ---- two pools ---- */
struct pair {
    weft_pool *a, *b;
    atomic_int bad;
};
typedef struct pair *pair_p;
WEFT_TASK(long, cross, pair_p, int, int)

struct cross_call {
    struct pair *p;
    int depth, in_b;
    long result;
};

static void cross_over(void *arg)
{
    struct cross_call *c = arg;
    c->result = cross(c->p, c->depth, c->in_b);
}

/* A binary tree whose left children change over to the other pool at every level. */
long cross(pair_p p, int depth, int in_b)
{
    if (depth == 0)
        return 1;
    weft_fork(cross, h, p, depth - 1, in_b);
    int before = weft_worker_index();
    struct cross_call c = {p, depth - 1, !in_b, 0};
    if (weft_run(in_b ? p->a : p->b, cross_over, &c))
        atomic_fetch_add(&p->bad, 1);
    if (weft_worker_index() != before)
        atomic_fetch_add(&p->bad, 1);
    return weft_join(cross, h) + c.result;
}

PROMISE(two_pools_that_wait_for_each_other_both_finish)
{
    struct pair p = {sem_pool(), sem_pool(), 0};
    struct cross_call c = {&p, 10, 0, 0};
    cr_assert_eq(weft_run(p.a, cross_over, &c), 0);
    cr_assert_eq(c.result, 1024);
    cr_assert_eq(atomic_load(&p.bad), 0);
    sem_end(p.a);
    sem_end(p.b);
}

static void *cross_guest(void *arg)
{
    struct cross_call *c = arg;
    if (weft_run(c->in_b ? c->p->b : c->p->a, cross_over, c))
        atomic_fetch_add(&c->p->bad, 1);
    return NULL;
}

PROMISE(two_pools_entered_from_both_sides_at_once_both_finish)
{
    struct pair p = {sem_pool(), sem_pool(), 0};
    struct cross_call c[6];
    pthread_t threads[6];
    for (int i = 0; i < 6; i++) {
        c[i] = (struct cross_call){&p, 8, i % 2, 0};
        threads[i] = thread_start(cross_guest, &c[i], 0);
    }
    for (int i = 0; i < 6; i++) {
        pthread_join(threads[i], NULL);
        cr_assert_eq(c[i].result, 256);
    }
    cr_assert_eq(atomic_load(&p.bad), 0);
    sem_end(p.a);
    sem_end(p.b);
}

/* ---- indexes among running tasks ---- */
struct index_case {
    weft_pool *pool;
    int bound;
    atomic_int inside[128], bad;
};

static void index_body(size_t begin, size_t end, void *arg)
{
    struct index_case *c = arg;
    for (size_t i = begin; i < end; i++) {
        int index = weft_worker_index();
        if (index < 0 || index >= c->bound) {
            atomic_fetch_add(&c->bad, 1);
            continue;
        }
        if (atomic_fetch_add(&c->inside[index], 1) != 0)
            atomic_fetch_add(&c->bad, 1);
        busy(200);
        if (weft_worker_index() != index)
            atomic_fetch_add(&c->bad, 1);
        atomic_fetch_sub(&c->inside[index], 1);
    }
}

static void run_index_loop(void *arg)
{
    weft_parallel_for(NULL, 0, 20000, index_body, arg);
}

static void *index_guest(void *arg)
{
    struct index_case *c = arg;
    if (weft_run(c->pool, run_index_loop, c))
        atomic_fetch_add(&c->bad, 1);
    return NULL;
}

PROMISE(worker_index_is_below_the_bound_and_unique_among_running_tasks)
{
    struct index_case c = {.pool = sem_pool()};
    pthread_t threads[4];
    c.bound = weft_worker_bound(c.pool);
    cr_assert_leq(c.bound, 128);
    cr_assert_geq(c.bound, sem_threads());
    for (int i = 0; i < 4; i++)
        threads[i] = thread_start(index_guest, &c, 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(atomic_load(&c.bad), 0);
    sem_end(c.pool);
}
