/* SPDX-License-Identifier: MIT */
/* test_task_spec.c - tasks with everything: bytes, destructors, texts, tokens, deadlines. */
#include "executors.h"

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

static size_t arg_bytes, result_bytes; /* of the one task that there is */

/* 0: both are aligned, and writing the whole result leaves the argument as it was. */
static int fill(const void *arg, void *result)
{
    size_t alignment = result_bytes & -result_bytes;
    if ((uintptr_t)arg % 16 || (uintptr_t)result % (alignment < 16 ? alignment : 16))
        return 1;
    memset(result, 0xff, result_bytes);
    for (size_t i = 0; i < arg_bytes; i++)
        if (((const unsigned char *)arg)[i] != i % 251)
            return 2;
    return 0;
}

static void submit_and_look(weft_task_spec spec)
{
    weft_future *future;
    int status;
    spec.size = sizeof spec;
    spec.fn2 = fill;
    spec.arg_bytes = arg_bytes;
    spec.result_bytes = result_bytes;
    cr_assert_eq(weft_submit_task(NULL, &spec, &future), 0);
    cr_assert_eq(weft_future_get(future, &status), 0);
    cr_assert_eq(status, 0, "%zu and %zu bytes", arg_bytes, result_bytes);
    const unsigned char *result = weft_future_result(future);
    for (size_t i = 0; i < result_bytes; i++)
        cr_assert_eq(result[i], 0xff);
    weft_future_release(future);
}

PROMISE(argument_and_result_lie_apart_whatever_their_sizes)
{
    weft_limit *limit;
    unsigned char in[300];
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (unsigned char)(i % 251);
    cr_assert_eq(weft_limit_create(&limit, 1, NULL), 0);
    for (arg_bytes = 1; arg_bytes <= sizeof in; arg_bytes += 13)
        for (result_bytes = 1; result_bytes <= 300; result_bytes += 1 + result_bytes / 8) {
            submit_and_look((weft_task_spec){.arg = in});
            submit_and_look((weft_task_spec){.arg = in, .limit = limit});
            if (arg_bytes % 4 == 0)
                submit_and_look((weft_task_spec){.arg = in, .start_ns = sem_now_ns() + 1000000});
        }
    weft_limit_release(limit);
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

struct obedient {
    atomic_int began, answered; /* to who asked */
    int answer;
};

static int stops_when_asked(void *arg)
{
    struct obedient *o = arg;
    atomic_store(&o->began, 1);
    while (!weft_should_stop() || !atomic_load(&o->answered))
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
    atomic_store(&o.answered, 1);
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
    spec.deadline_ns = sem_now_ns() + 2000000;
    cr_assert_eq(weft_submit_task(own, &spec, &running), 0);
    cr_assert_eq(weft_future_get(running, &status), 0);
    cr_assert(status == -ECANCELED && weft_future_state(running) == WEFT_CANCELLED);
    cr_assert(seen == 200 || seen == 201, "it began or not, and its argument ended");
    weft_future_release(late);
    weft_future_release(running);
    sem_end(pool);
}
