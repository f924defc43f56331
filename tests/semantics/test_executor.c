/* SPDX-License-Identifier: MIT */
/* test_executor.c - limits, order, what is refused and when, and how an executor ends. */
#include "sem.h"

#include <time.h>

#define MANY 5000

static weft_executor *make(const weft_executor_config *config)
{
    weft_executor *executor = NULL;
    int err = weft_executor_create(&executor, config);
    cr_assert_eq(err, 0, "create: %s", weft_strerror(err));
    return executor;
}

static void end(weft_executor *executor)
{
    int err = weft_executor_destroy(executor);
    cr_assert_eq(err, 0, "destroy: %s", weft_strerror(err));
}

static int get(weft_future *future)
{
    int status = 12345, err = weft_future_get(future, &status);
    cr_assert_eq(err, 0, "get: %s", weft_strerror(err));
    weft_future_release(future);
    return status;
}

static int count_up(void *arg)
{
    return atomic_fetch_add((atomic_int *)arg, 1) + 1;
}

struct crowd {
    atomic_int now, most, runs;
};

static int crowd_in(void *arg)
{
    struct crowd *c = arg;
    int now = atomic_fetch_add(&c->now, 1) + 1, most = atomic_load(&c->most);
    while (now > most && !atomic_compare_exchange_weak(&c->most, &most, now))
        ;
    for (int i = 0; i < 20; i++)
        sched_yield();
    atomic_fetch_sub(&c->now, 1);
    atomic_fetch_add(&c->runs, 1);
    return 0;
}

static void limited_to(int limit)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = limit));
    struct crowd c = {0};
    static weft_future *futures[400];
    for (int i = 0; i < 400; i++)
        cr_assert_eq(weft_submit(executor, crowd_in, &c, &futures[i]), 0);
    for (int i = 399; i >= 0; i--)
        cr_assert_eq(get(futures[i]), 0);
    cr_assert_eq(atomic_load(&c.runs), 400);
    cr_assert_leq(atomic_load(&c.most), limit);
    end(executor);
    sem_end(pool);
}

PROMISE(one_at_a_time)
{
    limited_to(1);
}

PROMISE(two_at_a_time)
{
    limited_to(2);
}

PROMISE(many_tasks_run_once_each)
{
    static weft_future *futures[MANY];
    weft_pool *pool = sem_pool();
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool));
    atomic_int runs = 0;
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(weft_submit(executor, count_up, &runs, i % 2 ? &futures[i] : NULL), 0);
    for (int i = 1; i < MANY; i += 2)
        cr_assert_gt(get(futures[i]), 0);
    cr_assert_eq(weft_executor_shutdown(executor, WEFT_DRAIN, WEFT_FOREVER), 0);
    cr_assert_eq(atomic_load(&runs), MANY);
    weft_executor_state state = {.size = sizeof state};
    cr_assert_eq(weft_executor_inspect(executor, &state), 0);
    cr_assert_eq(state.waiting, 0);
    cr_assert_eq(state.closed, 1);
    end(executor);
    sem_end(pool);
}

struct line {
    int next, order[100];
};

struct stand {
    struct line *line;
    int number;
};

static int note(void *arg)
{
    struct stand *s = arg;
    s->line->order[s->line->next++] = s->number;
    return 0;
}

/* limit 1: tasks come one after the other, so that the line needs no lock; and from outside they are in order. */
static void in_order(const weft_executor_config *config)
{
    struct line line = {0};
    struct stand stand[100];
    weft_executor *executor = make(config);
    for (int i = 0; i < 100; i++) {
        stand[i] = (struct stand){&line, i};
        cr_assert_eq(weft_submit(executor, note, &stand[i], NULL), 0);
    }
    cr_assert_eq(weft_executor_shutdown(executor, WEFT_DRAIN, WEFT_FOREVER), 0);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(line.order[i], i);
    end(executor);
}

PROMISE(with_a_limit_of_one_they_run_in_the_order_of_submission)
{
    weft_pool *pool = sem_pool();
    in_order(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1));
    sem_end(pool);
}

PROMISE(the_serial_engine_runs_them_in_that_order)
{
    weft_pool *pool = sem_pool();
    in_order(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL));
    sem_end(pool);
}

PROMISE(the_serial_engine_runs_nothing_but_what_comes_before)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL));
    weft_future *future[3];
    atomic_int runs = 0;
    for (int i = 0; i < 3; i++)
        cr_assert_eq(weft_submit(executor, count_up, &runs, &future[i]), 0);
    cr_assert_eq(get(future[1]), 2);
    cr_assert_eq(atomic_load(&runs), 2);
    cr_assert_eq(get(future[0]), 1);
    cr_assert_eq(get(future[2]), 3);
    end(executor);
    sem_end(pool);
}

struct nest {
    weft_executor *executor;
    int depth;
};

static int nested(void *arg)
{
    struct nest *n = arg, inner = {n->executor, n->depth - 1};
    weft_future *future;
    int status, err;
    if (n->depth == 0)
        return 1;
    if (weft_submit(n->executor, nested, &inner, &future))
        return -1;
    err = weft_future_get(future, &status);
    weft_future_release(future);
    return err ? err : status + 1;
}

/* What waits lends its ticket. */
PROMISE(tasks_wait_for_tasks_of_the_same_limited_executor)
{
    weft_pool *pool = sem_pool();
    for (int engine = WEFT_ENGINE_POOL; engine <= WEFT_ENGINE_SERIAL; engine++) {
        struct nest n = {make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1, .engine = engine)), 20};
        weft_future *future;
        cr_assert_eq(weft_submit(n.executor, nested, &n, &future), 0);
        cr_assert_eq(get(future), 21);
        end(n.executor);
    }
    sem_end(pool);
}

/* ---- what is refused ----------------------------------------------------------------------------- */

struct door {
    atomic_int inside, open;
};

static int stand_in_the_door(void *arg)
{
    struct door *d = arg;
    atomic_store(&d->inside, 1);
    while (!atomic_load(&d->open))
        sched_yield();
    return 0;
}

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

static void numbers_of(weft_executor *executor, uint64_t accepted, uint64_t ended)
{
    weft_executor_state state = {.size = sizeof state};
    cr_assert_eq(weft_executor_inspect(executor, &state), 0);
    cr_assert_eq(state.accepted, accepted, "%d", (int)state.accepted);
    cr_assert_eq(state.ended, ended, "%d", (int)state.ended);
}

/* Its record may have been another's before. */
PROMISE(its_numbers_begin_at_its_creation)
{
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 3; i++) {
        weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL,
                                                            .queue_limit = 1, .when_full = WEFT_CALLER_RUNS));
        atomic_int runs = 0;
        numbers_of(executor, 0, 0);
        cr_assert_eq(weft_submit(executor, count_up, &runs, NULL), 0);
        cr_assert_eq(weft_submit(executor, count_up, &runs, NULL), 0);
        numbers_of(executor, 2, 1);
        cr_assert_eq(weft_executor_shutdown(executor, WEFT_DRAIN, WEFT_FOREVER), 0);
        numbers_of(executor, 2, 2);
        end(executor);
    }
    sem_end(pool);
}

PROMISE(nothing_begins_once_the_executors_token_has_fired)
{
    weft_pool *pool = sem_pool();
    for (int engine = WEFT_ENGINE_POOL; engine <= WEFT_ENGINE_SERIAL; engine++) {
        atomic_int runs = 0;
        weft_stop *stop;
        weft_future *future[3];
        cr_assert_eq(weft_stop_create(&stop, NULL, WEFT_FOREVER), 0);
        weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = engine, .stop = stop));
        cr_assert_eq(weft_stop_request(stop), 0);
        for (int i = 0; i < 3; i++)
            cr_assert_eq(weft_submit(executor, count_up, &runs, &future[i]), 0);
        for (int i = 0; i < 3; i++) {
            cr_assert_eq(weft_future_wait(future[i], WEFT_FOREVER), 0);
            cr_assert_eq(weft_future_state(future[i]), WEFT_CANCELLED);
            cr_assert_eq(get(future[i]), -ECANCELED);
        }
        end(executor);
        weft_stop_release(stop);
        cr_assert_eq(atomic_load(&runs), 0);
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

/* ---- the end ------------------------------------------------------------------------------------- */

PROMISE(what_is_pending_is_cancelled_when_asked)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    struct door d = {0};
    atomic_int runs = 0;
    weft_future *future;
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1));
    weft_task_spec door = {.size = sizeof door, .fn = stand_in_the_door, .arg = &d, .label = "in the door"};
    char text[64];
    cr_assert_eq(weft_submit_task(executor, &door, NULL), 0);
    while (!atomic_load(&d.inside))
        sched_yield();
    cr_assert_eq(weft_submit(executor, count_up, &runs, &future), 0);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(weft_submit(executor, count_up, &runs, NULL), 0);
    cr_assert_eq(weft_executor_shutdown(executor, WEFT_CANCEL_PENDING, 0), -ETIMEDOUT);
    cr_assert_eq(weft_executor_running(executor, text, sizeof text), 12);
    cr_assert_str_eq(text, "in the door\n");
    cr_assert_eq(get(future), -ECANCELED);
    atomic_store(&d.open, 1);
    cr_assert_eq(weft_executor_shutdown(executor, WEFT_CANCEL_PENDING, WEFT_FOREVER), 0);
    end(executor);
    cr_assert_eq(atomic_load(&runs), 0);
    sem_end(pool);
}

static int until_stopped(void *arg)
{
    atomic_store((atomic_int *)arg, 1);
    while (!weft_should_stop())
        sched_yield();
    weft_stop_shield();
    int shielded = weft_should_stop();
    weft_stop_unshield();
    return shielded ? 1 : -ECANCELED;
}

PROMISE(what_runs_is_asked_to_stop)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    atomic_int runs = 0;
    weft_future *future;
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool));
    cr_assert_eq(weft_submit(executor, until_stopped, &runs, &future), 0);
    while (!atomic_load(&runs))
        sched_yield();
    cr_assert_eq(weft_executor_shutdown(executor, WEFT_STOP_RUNNING, WEFT_FOREVER), 0);
    cr_assert_eq(get(future), -ECANCELED);
    end(executor);
    sem_end(pool);
}

static int shut_down_own(void *arg)
{
    return weft_executor_shutdown(*(weft_executor **)arg, WEFT_DRAIN, WEFT_FOREVER);
}

PROMISE(a_task_that_ends_its_own_executor_is_told_so)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool));
    weft_future *future;
    cr_assert_eq(weft_submit(executor, shut_down_own, &executor, &future), 0);
    cr_assert_eq(get(future), -EDEADLK);
    end(executor);
    sem_end(pool);
}

PROMISE(executors_come_and_go)
{
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 300; i++) {
        weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1 + i % 3));
        atomic_int runs = 0;
        weft_future *future;
        for (int j = 0; j < 10; j++)
            cr_assert_eq(weft_submit(executor, count_up, &runs, NULL), 0);
        cr_assert_eq(weft_submit(executor, count_up, &runs, &future), 0);
        end(executor);
        cr_assert_eq(atomic_load(&runs), 11);
        cr_assert_gt(get(future), 0);
    }
    sem_end(pool);
}

/* ---- tasks with everything ------------------------------------------------------------------------ */

static int square(const void *arg, void *result)
{
    *(long *)result = *(const int *)arg * (long)*(const int *)arg;
    return 0;
}

PROMISE(bytes_go_in_and_come_out)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool));
    weft_future *futures[100];
    for (int i = 0; i < 100; i++) {
        int number = i;
        weft_task_spec spec = {.size = sizeof spec,
                               .fn2 = square,
                               .arg = &number,
                               .arg_bytes = sizeof number,
                               .result_bytes = sizeof(long)};
        cr_assert_eq(weft_submit_task(i % 2 ? executor : NULL, &spec, &futures[i]), 0);
        number = -1;
    }
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(weft_future_wait(futures[i], WEFT_FOREVER), 0);
        cr_assert_eq(*(const long *)weft_future_result(futures[i]), (long)i * i);
        weft_future_release(futures[i]);
    }
    end(executor);
    sem_end(pool);
}

struct large {
    unsigned char byte[4000];
};

static int turn_round(const void *arg, void *result)
{
    for (int i = 0; i < 4000; i++)
        ((struct large *)result)->byte[i] = ((const struct large *)arg)->byte[3999 - i];
    return 0;
}

PROMISE(many_bytes_too)
{
    weft_pool *pool = sem_pool();
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool));
    struct large in;
    for (int i = 0; i < 4000; i++)
        in.byte[i] = (unsigned char)(i * 7);
    weft_task_spec spec = {.size = sizeof spec,
                           .fn2 = turn_round,
                           .arg = &in,
                           .arg_bytes = sizeof in,
                           .result_bytes = sizeof in};
    weft_future *future;
    cr_assert_eq(weft_submit_task(executor, &spec, &future), 0);
    cr_assert_eq(weft_future_wait(future, WEFT_FOREVER), 0);
    const struct large *out = weft_future_result(future);
    for (int i = 0; i < 4000; i++)
        cr_assert_eq(out->byte[i], in.byte[3999 - i]);
    weft_future_release(future);
    end(executor);
    sem_end(pool);
}

static atomic_int destroyed;

static void destroy(void *arg)
{
    (void)arg;
    atomic_fetch_add(&destroyed, 1);
}

/* Done, cancelled, cancelled by shutdown, stopped before it began, refused (not destroyed): each once. */
PROMISE(the_destructor_runs_once_in_every_outcome)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    struct door d = {0};
    atomic_int runs = 0;
    weft_stop *stop;
    weft_future *future, *stopped;
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1));
    weft_task_spec spec = {.size = sizeof spec, .fn = count_up, .arg = &runs, .destroy = destroy};
    atomic_store(&destroyed, 0);
    cr_assert_eq(weft_submit_task(executor, &spec, &future), 0);
    cr_assert_eq(get(future), 1);
    cr_assert_eq(atomic_load(&destroyed), 1);

    cr_assert_eq(weft_submit(executor, stand_in_the_door, &d, NULL), 0);
    while (!atomic_load(&d.inside))
        sched_yield();
    cr_assert_eq(weft_submit_task(executor, &spec, &future), 0);
    cr_assert_eq(weft_future_cancel(future), 0);
    cr_assert_eq(atomic_load(&destroyed), 2);
    weft_future_release(future);

    cr_assert_eq(weft_stop_create(&stop, NULL, WEFT_FOREVER), 0);
    spec.stop = stop;
    cr_assert_eq(weft_submit_task(executor, &spec, &stopped), 0);
    cr_assert_eq(weft_stop_request(stop), 0);
    cr_assert_eq(weft_stop_request(stop), -EALREADY);
    weft_stop_release(stop);
    atomic_store(&d.open, 1);
    cr_assert_eq(get(stopped), -ECANCELED);
    cr_assert_eq(atomic_load(&destroyed), 3);

    spec.stop = NULL;
    cr_assert_eq(weft_executor_close(executor), 0);
    cr_assert_eq(weft_submit_task(executor, &spec, &future), -ESHUTDOWN);
    end(executor);
    cr_assert_eq(atomic_load(&destroyed), 3);
    cr_assert_eq(atomic_load(&runs), 1);
    sem_end(pool);
}

static int fails(void *arg)
{
    return weft_fail(-EIO, "%s: short read", (const char *)arg);
}

static void *told_status;

static void tell(const char *label, int status, void *ctx)
{
    *(int *)ctx += status;
    __atomic_store_n(&told_status, (void *)(uintptr_t)label, __ATOMIC_RELEASE);
}

PROMISE(errors_have_texts_and_a_hook)
{
    weft_pool *pool = sem_pool();
    int sum = 0;
    weft_executor *executor =
        make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1, .on_error = tell, .ctx = &sum));
    weft_future *future;
    char name[] = "a.txt";
    weft_task_spec spec = {.size = sizeof spec, .fn = fails, .arg = name, .label = "reader"};
    cr_assert_eq(weft_submit_task(executor, &spec, &future), 0);
    cr_assert_eq(weft_future_wait(future, WEFT_FOREVER), 0);
    cr_assert_str_eq(weft_future_error(future), "a.txt: short read");
    cr_assert_str_eq(weft_future_label(future), "reader");
    weft_future_release(future);
    cr_assert_eq(sum, 0, "somebody held it");
    cr_assert_eq(weft_submit_task(executor, &spec, NULL), 0);
    end(executor);
    cr_assert_eq(sum, -EIO);
    cr_assert_str_eq(told_status, "reader");
    cr_assert_eq(weft_fail(3, "outside"), 3);
    sem_end(pool);
}

PROMISE(stop_tokens_are_a_tree)
{
    weft_stop *root, *left, *right, *late;
    cr_assert_eq(weft_stop_create(&root, NULL, WEFT_FOREVER), 0);
    cr_assert_eq(weft_stop_create(&left, root, WEFT_FOREVER), 0);
    cr_assert_eq(weft_stop_create(&right, root, WEFT_FOREVER), 0);
    cr_assert_eq(weft_stop_create(&late, right, 1), 0);
    weft_stop_release(root);
    cr_assert_eq(weft_stop_requested(late), 1, "its deadline has passed");
    cr_assert_eq(weft_stop_request(left), 0);
    cr_assert_eq(weft_stop_requested(left), 1);
    cr_assert_eq(weft_stop_requested(right), 0);
    cr_assert_eq(weft_stop_request(root), 0);
    cr_assert_eq(weft_stop_requested(right), 1);
    weft_stop_release(left);
    weft_stop_release(late);
    weft_stop_release(right);
    cr_assert_eq(weft_should_stop(), 0);
}

PROMISE(bad_input_is_refused_and_changes_nothing)
{
    weft_executor *executor = (weft_executor *)1, *plain;
    weft_future *future;
    weft_stop *stop;
    atomic_int runs = 0;
    weft_task_spec both = {.size = sizeof both, .fn = count_up, .fn2 = square, .arg = &runs};
    weft_task_spec none = {.size = sizeof none, .arg = &runs};
    weft_task_spec nothing_to_copy = {.size = sizeof none, .fn = count_up, .arg_bytes = 4};
    weft_task_spec result_of_fn = {.size = sizeof none, .fn = count_up, .result_bytes = 4};
    cr_assert_eq(weft_executor_create(NULL, NULL), -EINVAL);
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.limit = -1)), -EINVAL);
    cr_assert_null(executor);
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.priority = 2)), -EINVAL);
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.engine = 9)), -EINVAL);
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.when_full = 3)), -EINVAL);
    cr_assert_eq(weft_pool_executor(NULL, &plain), 0);
    cr_assert_eq(weft_executor_close(plain), -EINVAL);
    cr_assert_eq(weft_executor_close(NULL), -EINVAL);
    cr_assert_eq(weft_executor_shutdown(plain, WEFT_DRAIN, 0), -EINVAL);
    cr_assert_eq(weft_executor_destroy(plain), -EINVAL);
    cr_assert_eq(weft_executor_destroy(NULL), 0);
    cr_assert_eq(weft_executor_running(plain, NULL, 0), -EINVAL);
    cr_assert_eq(weft_submit_task(NULL, NULL, &future), -EINVAL);
    cr_assert_eq(weft_submit_task(NULL, &both, &future), -EINVAL);
    cr_assert_eq(weft_submit_task(NULL, &none, &future), -EINVAL);
    cr_assert_eq(weft_submit_task(NULL, &nothing_to_copy, &future), -EINVAL);
    cr_assert_eq(weft_submit_task(NULL, &result_of_fn, &future), -EINVAL);
    cr_assert_null(future);
    cr_assert_eq(weft_stop_create(NULL, NULL, 0), -EINVAL);
    cr_assert_eq(weft_stop_request(NULL), -EINVAL);
    cr_assert_eq(weft_stop_requested(NULL), 0);
    cr_assert_eq(weft_stop_create(&stop, NULL, WEFT_FOREVER), 0);
    weft_stop_release(stop);
    weft_stop_release(NULL);
    executor = make(NULL);
    cr_assert_eq(weft_executor_shutdown(executor, 7, 0), -EINVAL);
    cr_assert_eq(weft_executor_inspect(executor, NULL), -EINVAL);
    end(executor);
    cr_assert_eq(atomic_load(&runs), 0);
}

/* ---- cancel while it runs, deadlines ------------------------------------------------------------- */

struct obedient {
    atomic_int began;
    int answer;
};

static int stops_when_asked(void *arg)
{
    struct obedient *o = arg;
    atomic_store(&o->began, 1);
    while (!weft_should_stop())
        sched_yield();
    return o->answer;
}

static int cancel_running(weft_executor *executor, int answer, int *status)
{
    struct obedient o = {.answer = answer};
    weft_future *future;
    cr_assert_eq(weft_submit(executor, stops_when_asked, &o, &future), 0);
    while (!atomic_load(&o.began))
        sched_yield();
    cr_assert_eq(weft_future_cancel(future), -EBUSY);
    cr_assert_eq(weft_future_get(future, status), 0);
    int state = weft_future_state(future);
    weft_future_release(future);
    return state;
}

PROMISE(to_cancel_what_runs_asks_it_to_stop)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    weft_executor *own, *one = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1));
    int status;
    weft_pool_executor(pool, &own);
    cr_assert_eq(cancel_running(own, -ECANCELED, &status), WEFT_CANCELLED);
    cr_assert_eq(status, -ECANCELED);
    cr_assert_eq(cancel_running(own, 7, &status), WEFT_DONE, "another answer stands");
    cr_assert_eq(status, 7);
    cr_assert_eq(cancel_running(one, -ECANCELED, &status), WEFT_CANCELLED);
    end(one);
    sem_end(pool);
}

static int says_cancelled(void *arg)
{
    (void)arg;
    return -ECANCELED;
}

PROMISE(a_task_that_was_not_asked_is_done_whatever_it_answers)
{
    weft_pool *pool = sem_pool();
    weft_executor *own;
    weft_future *future;
    weft_pool_executor(pool, &own);
    cr_assert_eq(weft_submit(own, says_cancelled, NULL, &future), 0);
    cr_assert_eq(weft_future_get(future, NULL), 0);
    cr_assert_eq(weft_future_state(future), WEFT_DONE);
    weft_future_release(future);
    sem_end(pool);
}

static int until_told(void *arg)
{
    while (!weft_should_stop())
        sched_yield();
    atomic_fetch_add((atomic_int *)arg, 1);
    return -ECANCELED;
}

static void forget(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 100);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

PROMISE(a_deadline_of_a_task_fires_its_token)
{
    weft_pool *pool = sem_pool();
    weft_executor *own;
    weft_future *late, *running;
    atomic_int seen = 0;
    int status;
    weft_pool_executor(pool, &own);
    weft_task_spec spec = {
        .size = sizeof spec, .fn = until_told, .arg = &seen, .destroy = forget, .deadline_ns = 1};
    cr_assert_eq(weft_submit_task(own, &spec, &late), 0);
    cr_assert_eq(weft_future_get(late, &status), 0);
    cr_assert(status == -ECANCELED && weft_future_state(late) == WEFT_CANCELLED);
    cr_assert_eq(seen, 100, "it never ran, and its argument ended");
    spec.deadline_ns = now_ns() + 2000000;
    cr_assert_eq(weft_submit_task(own, &spec, &running), 0);
    cr_assert_eq(weft_future_get(running, &status), 0);
    cr_assert(status == -ECANCELED && weft_future_state(running) == WEFT_CANCELLED);
    cr_assert(seen == 200 || seen == 201, "it began or not, and its argument ended");
    weft_future_release(late);
    weft_future_release(running);
    sem_end(pool);
}

/* ---- lanes and their hooks ------------------------------------------------------------------------ */

#define LANES 3

struct lanes {
    atomic_int started[LANES], finished[LANES], busy[LANES], wrong, ran, told;
    int fail;
};

static int start_lane(unsigned lane, void *ctx)
{
    struct lanes *l = ctx;
    if (l->fail)
        return l->fail;
    atomic_fetch_add(&l->started[lane], 1);
    return 0;
}

static void finish_lane(unsigned lane, void *ctx)
{
    struct lanes *l = ctx;
    atomic_fetch_add(&l->finished[lane], 1);
}

static void hear(const char *label, int status, void *ctx)
{
    struct lanes *l = ctx;
    atomic_fetch_add(&l->told, !strcmp(label, "start") && status == l->fail);
}

static int use_lane(void *arg)
{
    struct lanes *l = arg;
    int lane = weft_executor_lane();
    if (lane < 0 || lane >= LANES || atomic_load(&l->started[lane]) != 1) {
        atomic_fetch_add(&l->wrong, 1);
        return 0;
    }
    atomic_fetch_add(&l->wrong, atomic_fetch_add(&l->busy[lane], 1) != 0);
    sched_yield();
    atomic_fetch_sub(&l->busy[lane], 1);
    atomic_fetch_add(&l->ran, 1);
    return 0;
}

PROMISE(inspect_tells_an_executors_name)
{
    weft_pool *pool = sem_pool();
    char name[] = "disk";
    weft_executor *named = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .name = name));
    weft_executor *plain = make(WEFT_EXECUTOR_CONFIG(.pool = pool));
    weft_executor_state state = {.size = sizeof state};
    name[0] = '?'; /* it was copied */
    cr_assert_eq(weft_executor_inspect(named, &state), 0);
    cr_assert_str_eq(state.name, "disk");
    cr_assert_eq(weft_executor_inspect(plain, &state), 0);
    cr_assert_str_eq(state.name, "executor");
    end(named);
    end(plain);
    sem_end(pool);
}

PROMISE(each_lane_is_started_once_and_used_by_one_task_at_a_time)
{
    weft_pool *pool = sem_pool();
    struct lanes l = {0};
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = LANES, .start = start_lane,
                                                        .finish = finish_lane, .ctx = &l));
    static weft_future *futures[MANY];
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(weft_submit(executor, use_lane, &l, i % 2 ? &futures[i] : NULL), 0);
    for (int i = 1; i < MANY; i += 2)
        cr_assert_eq(get(futures[i]), 0);
    cr_assert_eq(weft_executor_lane(), -1);
    end(executor);
    cr_assert(l.wrong == 0 && l.ran == MANY, "%d wrong, %d ran", l.wrong, l.ran);
    for (int i = 0; i < LANES; i++)
        cr_assert(l.started[i] <= 1 && l.finished[i] == l.started[i]);
    cr_assert_geq(l.started[0], 1);
    sem_end(pool);
}

PROMISE(a_start_hook_that_fails_breaks_the_executor_visibly)
{
    weft_pool *pool = sem_pool();
    struct lanes l = {.fail = -EACCES};
    weft_executor *executor = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1, .start = start_lane,
                                                        .finish = finish_lane, .on_error = hear, .ctx = &l));
    weft_executor_state state = {.size = sizeof state};
    weft_future *future;
    cr_assert_eq(weft_submit(executor, use_lane, &l, &future), 0);
    cr_assert_eq(get(future), -ECANCELED);
    cr_assert_eq(weft_submit(executor, use_lane, &l, &future), -ESHUTDOWN);
    cr_assert_eq(weft_executor_inspect(executor, &state), 0);
    cr_assert(state.broken == -EACCES && state.closed);
    end(executor);
    cr_assert(l.ran == 0 && l.told == 1 && l.finished[0] == 0);
    sem_end(pool);
}

static int submit_to_full(void *arg)
{
    struct {
        weft_executor *executor;
        struct lanes *lanes;
    } *both = arg;
    for (int i = 0; i < 20; i++)
        if (weft_submit(both->executor, use_lane, both->lanes, NULL))
            return -1;
    return 0;
}

PROMISE(with_a_start_hook_nothing_runs_above_the_limit)
{
    weft_pool *pool = sem_pool();
    struct lanes l = {0};
    weft_executor *executor = make(
        WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1, .queue_limit = 1, .start = start_lane, .ctx = &l));
    struct {
        weft_executor *executor;
        struct lanes *lanes;
    } both = {executor, &l};
    int status = -1;
    weft_executor *own;
    weft_pool_executor(pool, &own);
    cr_assert_eq(weft_apply(own, submit_to_full, &both, &status), 0);
    cr_assert_eq(status, 0);
    end(executor);
    cr_assert(l.wrong == 0 && l.ran == 20);
    sem_end(pool);
}

PROMISE(hooks_need_a_limit)
{
    weft_executor *executor;
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.start = start_lane)), -EINVAL);
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.start = start_lane, .limit = 65)),
                 -EINVAL);
    cr_assert_eq(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.node = -1)), -EINVAL);
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
