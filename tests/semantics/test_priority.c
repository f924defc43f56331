/* SPDX-License-Identifier: MIT */
/* Executors of higher priority go first; those of lower priority are not starved. */
#include "sem.h"

#define EACH 10

static atomic_int turn;
static atomic_bool gate_open, gate_reached;

static int take_number(void *arg)
{
    atomic_store((atomic_int *)arg, atomic_fetch_add(&turn, 1));
    return 0;
}

static int gate(void *arg)
{
    (void)arg;
    atomic_store(&gate_reached, true);
    while (!atomic_load(&gate_open))
        sched_yield();
    return 0;
}

static weft_executor *executor_of(weft_pool *pool, int priority, int limit)
{
    weft_executor *executor = NULL;
    cr_assert_eq(weft_executor_create(
                     &executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .priority = priority, .limit = limit)),
                 0);
    return executor;
}

/* The only worker is busy until all that is to be ordered has been submitted. */
static void close_gate(weft_executor *through, weft_future **at)
{
    atomic_store(&gate_open, false);
    atomic_store(&gate_reached, false);
    cr_assert_eq(weft_submit(through, gate, NULL, at), 0);
    while (!atomic_load(&gate_reached))
        sched_yield();
}

static void open_gate(weft_future *at)
{
    atomic_store(&gate_open, true);
    cr_assert_eq(weft_future_get(at, NULL), 0);
    weft_future_release(at);
}

static weft_pool *pool_of_one(void)
{
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 1)), 0);
    return pool;
}

PROMISE(the_highest_priority_goes_first)
{
    weft_pool *pool = pool_of_one();
    weft_executor *own, *executor[3];
    weft_future *at;
    atomic_int number[4 * EACH];
    weft_pool_executor(pool, &own);
    for (int i = 0; i < 3; i++) /* low, normal, high */
        executor[i] = executor_of(pool, i - 1, 1);
    atomic_store(&turn, 0);
    close_gate(own, &at);
    for (int i = 0; i < EACH; i++)
        for (int band = 0; band < 4; band++) { /* the pool's own is normal, too */
            atomic_init(&number[band * EACH + i], -1);
            cr_assert_eq(
                weft_submit(band < 3 ? executor[band] : own, take_number, &number[band * EACH + i], NULL), 0);
        }
    open_gate(at);
    for (int i = 0; i < 3; i++)
        weft_executor_destroy(executor[i]);
    sem_end(pool);
    for (int i = 0; i < EACH; i++) {
        cr_assert_eq(number[2 * EACH + i], i, "the high ones first, in their order");
        cr_assert_geq(number[i], 3 * EACH, "the low ones last");
        if (i)
            cr_assert_gt(number[i], number[i - 1]);
    }
}

/* ---- ageing -------------------------------------------------------------------------------------- */

struct flood {
    weft_executor *high;
    atomic_int runs;
    atomic_bool dry;
};

/* One in, one out: there is always something of high priority until it is dry. */
static int refill(void *arg)
{
    struct flood *f = arg;
    atomic_fetch_add(&f->runs, 1);
    return atomic_load(&f->dry) ? 0 : weft_submit(f->high, refill, f, NULL);
}

static int dry_up(void *arg)
{
    struct flood *f = arg;
    atomic_store(&f->dry, true);
    return atomic_load(&f->runs);
}

static int runs_before(int priority)
{
    weft_pool *pool = pool_of_one();
    weft_executor *own, *lower = executor_of(pool, priority, 1);
    struct flood f = {.high = executor_of(pool, WEFT_PRIORITY_HIGH, 2)};
    weft_future *at, *behind;
    int runs = 0;
    weft_pool_executor(pool, &own);
    close_gate(own, &at);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(weft_submit(f.high, refill, &f, NULL), 0);
    cr_assert_eq(weft_submit(lower, dry_up, &f, &behind), 0);
    atomic_store(&gate_open, true);
    while (weft_future_state(behind) != WEFT_DONE) /* to get it would run it */
        sched_yield();
    cr_assert_eq(weft_future_get(behind, &runs), 0);
    weft_future_release(at);
    weft_future_release(behind);
    weft_executor_destroy(f.high);
    weft_executor_destroy(lower);
    sem_end(pool);
    return runs;
}

PROMISE(lower_priorities_are_not_starved)
{
    int normal = runs_before(WEFT_PRIORITY_NORMAL), low = runs_before(WEFT_PRIORITY_LOW);
    cr_assert(normal > 0 && low > normal, "%d tasks before the normal one, %d before the low one", normal,
              low);
    cr_assert_leq(normal, 16 * 32, "16 runners, 32 tasks each");
    cr_assert_leq(low, 64 * 32);
}

/* ---- in a worker's stead -------------------------------------------------------------------------- */

static struct gate begun, go;

static void stand(void *unused)
{
    (void)unused;
    gate_add(&begun);
    gate_wait(&go, 1);
}

static int block(void *arg)
{
    return weft_blocking(stand, arg);
}

/* The only worker waits outside, and a spare runs all there is. */
static weft_pool *pool_of_a_spare(void)
{
    weft_pool *pool = pool_of_one();
    begun = go = (struct gate)GATE_INIT;
    cr_assert_eq(weft_submit(sem_door(pool), block, NULL, NULL), 0);
    gate_wait(&begun, 1);
    return pool;
}

PROMISE(a_spare_runs_all_priorities)
{
    weft_pool *pool = pool_of_a_spare();
    atomic_int number;
    for (int priority = -1; priority <= 1; priority++) {
        weft_executor *executor = executor_of(pool, priority, 1);
        atomic_store(&turn, 0);
        for (int i = 0; i < 100; i++)
            cr_assert_eq(weft_submit(executor, take_number, &number, NULL), 0);
        cr_assert_eq(weft_executor_destroy(executor), 0);
        cr_assert_eq(turn, 100);
    }
    gate_add(&go);
    sem_end(pool);
}

PROMISE(nor_does_a_spare_starve_them)
{
    weft_pool *pool = pool_of_a_spare();
    weft_executor *low = executor_of(pool, WEFT_PRIORITY_LOW, 1);
    struct flood f = {.high = executor_of(pool, WEFT_PRIORITY_HIGH, 2)};
    weft_future *normal, *behind;
    atomic_int number;
    for (int i = 0; i < 100; i++)
        cr_assert_eq(weft_submit(f.high, refill, &f, NULL), 0);
    cr_assert_eq(weft_submit(sem_door(pool), take_number, &number, &normal), 0);
    while (weft_future_state(normal) != WEFT_DONE)
        sched_yield();
    cr_assert_eq(weft_submit(low, dry_up, &f, &behind), 0);
    while (weft_future_state(behind) != WEFT_DONE)
        sched_yield();
    gate_add(&go);
    weft_future_release(normal);
    weft_future_release(behind);
    weft_executor_destroy(f.high);
    weft_executor_destroy(low);
    sem_end(pool);
}

PROMISE(all_priorities_run_with_any_number_of_workers)
{
    weft_pool *pool = sem_pool();
    atomic_int number;
    for (int priority = -1; priority <= 1; priority++) {
        weft_executor *executor = executor_of(pool, priority, 2);
        atomic_store(&turn, 0);
        for (int i = 0; i < 500; i++)
            cr_assert_eq(weft_submit(executor, take_number, &number, NULL), 0);
        cr_assert_eq(weft_executor_destroy(executor), 0);
        cr_assert_eq(turn, 500);
    }
    sem_end(pool);
}
