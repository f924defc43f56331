/* SPDX-License-Identifier: MIT */
/* test_full_queue.c - what is refused, waits, or is run by the caller, and what never is. */
#include "executors.h"

/* One task runs, two wait: the queue is full. */
static weft_executor *full(weft_pool *pool, struct door *d, atomic_int *runs, int when_full)
{
    weft_executor *executor =
        make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1, .queue_limit = 2, .when_full = when_full));
    cr_assert_eq(weft_submit(executor, stand_in_the_door, d, NULL), 0);
    while (!atomic_load(&d->inside))
        sched_yield();
    cr_assert_eq(weft_submit(executor, count_up, runs, NULL), 0);
    cr_assert_eq(weft_submit(executor, count_up, runs, NULL), 0);
    return executor;
}

PROMISE(a_full_queue_refuses)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    struct door d = {0};
    atomic_int runs = 0;
    weft_future *future = (weft_future *)1;
    weft_executor *executor = full(pool, &d, &runs, WEFT_REJECT);
    cr_assert_eq(weft_submit(executor, count_up, &runs, &future), -EAGAIN);
    cr_assert_null(future);
    atomic_store(&d.open, 1);
    end(executor);
    cr_assert_eq(atomic_load(&runs), 2);
    sem_end(pool);
}

/* Nothing waits: one was cancelled, the others were taken over. */
PROMISE(what_does_not_wait_any_more_fills_no_queue)
{
    weft_pool *pool = sem_pool();
    weft_executor *serial = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL,
                                                      .queue_limit = 1, .when_full = WEFT_REJECT));
    weft_executor *executor =
        make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1, .queue_limit = 1, .when_full = WEFT_REJECT));
    atomic_int runs = 0;
    weft_future *future;
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(weft_submit(serial, count_up, &runs, &future), 0);
        cr_assert_eq(weft_future_cancel(future), 0);
        weft_future_release(future);
    }
    for (int i = 0; i < 1000; i++) {
        int err = weft_submit(executor, count_up, &runs, &future);
        cr_assert_eq(err, 0, "%d: %s", i, weft_strerror(err));
        cr_assert_eq(get(future), i + 1);
    }
    end(serial);
    end(executor);
    sem_end(pool);
}

PROMISE(a_full_queue_lets_the_caller_run_it)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    struct door d = {0};
    atomic_int runs = 0;
    weft_future *future;
    weft_executor *executor = full(pool, &d, &runs, WEFT_CALLER_RUNS);
    cr_assert_eq(weft_submit(executor, count_up, &runs, &future), 0);
    cr_assert_eq(weft_future_state(future), WEFT_DONE);
    cr_assert_eq(get(future), 1);
    atomic_store(&d.open, 1);
    end(executor);
    cr_assert_eq(atomic_load(&runs), 3);
    sem_end(pool);
}

static void *open_later(void *arg)
{
    struct timespec t = {0, 5000000};
    nanosleep(&t, NULL);
    atomic_store(&((struct door *)arg)->open, 1);
    return NULL;
}

PROMISE(a_full_queue_blocks_until_there_is_room)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    struct door d = {0};
    atomic_int runs = 0;
    pthread_t opener;
    weft_executor *executor = full(pool, &d, &runs, WEFT_BLOCK);
    cr_assert_eq(pthread_create(&opener, NULL, open_later, &d), 0);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(weft_submit(executor, count_up, &runs, NULL), 0);
    cr_assert(atomic_load(&d.open), "it did not wait");
    pthread_join(opener, NULL);
    end(executor);
    cr_assert_eq(atomic_load(&runs), 1002);
    sem_end(pool);
}

/* Nobody but the caller could make room. */
PROMISE(a_full_serial_executor_has_the_caller_make_room)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor =
        make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL, .queue_limit = 2));
    struct line line = {0};
    struct stand stand[10];
    for (int i = 0; i < 10; i++) {
        stand[i] = (struct stand){&line, i};
        cr_assert_eq(weft_submit(executor, note, &stand[i], NULL), 0);
    }
    cr_assert_eq(line.next, 8);
    end(executor);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(line.order[i], i);
    sem_end(pool);
}

static int submit_two(void *arg)
{
    weft_executor *executor = *(weft_executor **)arg;
    static atomic_int runs;
    int first = weft_submit(executor, count_up, &runs, NULL);
    return first ? first : weft_submit(executor, count_up, &runs, NULL);
}

PROMISE(a_full_serial_executor_never_refuses_its_own_tasks)
{
    weft_pool *pool = sem_pool();
    for (int when_full = WEFT_BLOCK; when_full <= WEFT_CALLER_RUNS; when_full++) {
        weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL,
                                                            .queue_limit = 1, .when_full = when_full));
        weft_future *future;
        cr_assert_eq(weft_submit(executor, submit_two, &executor, &future), 0);
        cr_assert_eq(get(future), 0);
        end(executor);
    }
    sem_end(pool);
}

PROMISE(a_closed_executor_refuses)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool));
    atomic_int runs = 0;
    cr_assert_eq(weft_submit(executor, count_up, &runs, NULL), 0);
    cr_assert_eq(weft_executor_close(executor), 0);
    cr_assert_eq(weft_submit(executor, count_up, &runs, NULL), -ESHUTDOWN);
    end(executor);
    cr_assert_eq(atomic_load(&runs), 1);
    sem_end(pool);
}

static int submit_to_own(void *arg)
{
    struct nest *n = arg;
    return n->depth-- > 0 ? weft_submit(n->executor, submit_to_own, n, NULL) : 0;
}

PROMISE(its_own_tasks_may_submit_while_it_drains)
{
    weft_pool *pool = sem_pool();
    struct nest n = {make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)), 300};
    cr_assert_eq(weft_submit(n.executor, submit_to_own, &n, NULL), 0);
    end(n.executor);
    cr_assert_eq(n.depth, -1);
    sem_end(pool);
}

static int next_number;

static int note_number(void *arg)
{
    *(int *)arg = next_number++;
    return 0;
}

PROMISE(a_full_serial_executor_keeps_its_order_where_the_caller_runs)
{
    weft_pool *pool = sem_pool();
    int number[10];
    weft_executor *serial = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL,
                                                      .queue_limit = 3, .when_full = WEFT_CALLER_RUNS));
    next_number = 0;
    for (int i = 0; i < 10; i++)
        cr_assert_eq(weft_submit(serial, note_number, &number[i], NULL), 0);
    cr_assert_eq(next_number, 7, "the oldest made room");
    end(serial);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(number[i], i);
    sem_end(pool);
}
