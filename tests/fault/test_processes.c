/* SPDX-License-Identifier: MIT */
/*
 * test_processes.c - executors over worker processes: what their tasks answer, what they refuse, how they are stopped; and
 * that they are executors as all others.
 */
#include "processes.h"

#include <weft/bulk.h>
#include <weft/combine.h>

/* ---- what tasks do ------------------------------------------------------------------------------- */

static int before_main; /* how often */
static int in_main;

__attribute__((constructor)) static void construct(void)
{
    before_main++;
}

static int looks_at_main(const void *arg, void *result)
{
    (void)arg;
    ((int *)result)[0] = before_main;
    ((int *)result)[1] = in_main;
    return 0;
}

static int answers_one(const void *arg, void *result)
{
    (void)result;
    return weft_fail(*(const int *)arg, "said by %d", *(const int *)arg);
}

static int stops_when_asked(const void *arg, void *result)
{
    (void)arg;
    (void)result;
    while (!weft_should_stop())
        (void)usleep(1000);
    return -ECANCELED;
}

static int turns_round(const void *arg, void *result)
{
    const unsigned char *from = arg;
    unsigned char *to = result;
    for (size_t i = 0; i < LARGE; i++)
        to[i] = from[LARGE - 1 - i];
    return 0;
}

static int is_zero(const void *arg, void *result)
{
    const unsigned char *bytes = result;
    (void)arg;
    for (size_t i = 0; i < 4096; i++)
        if (bytes[i])
            return 1;
    memset(result, 0xff, 4096);
    return 0;
}

static unsigned in_library; /* as a library keeps state: one value, no lock */

static int keeps_state(const void *arg, void *result)
{
    const unsigned *from = arg;
    in_library = *from;
    for (unsigned i = 0; i < 1000; i++)
        in_library++;
    *(unsigned *)result = in_library;
    return 0;
}

/* ---- what it answers ----------------------------------------------------------------------------- */

static void test_results(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 2));
    int terms[2] = {3, 4};
    outcome o = run(e, add, terms, sizeof terms, sizeof(int));
    CHECK(o.status == 0 && o.number == 7, "3 + 4: status %d, %d", o.status, o.number);
    int said = 9;
    o = run(e, answers_one, &said, sizeof said, 0);
    CHECK(o.status == 9 && !strcmp(o.error, "said by 9"), "a task's own: %d, %s", o.status, o.error);
    said = -EIO;
    o = run(e, answers_one, &said, sizeof said, 0);
    CHECK(o.status == -EIO, "an errno: %d", o.status);
    o = run(e, asks_pid, NULL, 0, sizeof(int));
    CHECK(o.status == 0 && o.number > 0 && o.number != getpid(), "another process: %d", o.number);
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
}

static void test_main_is_not_run(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    weft_future *future = submit(e, looks_at_main, NULL, 0, 2 * sizeof(int));
    (void)weft_future_get(future, NULL);
    const int *seen = weft_future_result(future);
    CHECK(seen && seen[0] == 1, "constructors ran once: %d", seen ? seen[0] : -1);
    CHECK(seen && seen[1] == 0, "main did not: %d", seen ? seen[1] : -1);
    weft_future_release(future);
    (void)weft_executor_destroy(e);
}

static void test_bytes(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .message_bytes = 2 * LARGE + 64));
    unsigned char *from = malloc(LARGE + 128);
    for (size_t i = 0; i < LARGE; i++)
        from[i] = (unsigned char)(i * 7 + i / 251);
    weft_future *future = submit(e, turns_round, from, LARGE, LARGE);
    (void)weft_future_get(future, NULL);
    const unsigned char *to = weft_future_result(future);
    size_t right = 0;
    while (to && right < LARGE && to[right] == from[LARGE - 1 - right])
        right++;
    CHECK(right == LARGE, "of %d bytes %zu came back", LARGE, right);
    weft_future_release(future);
    weft_task_spec spec = spec_of(turns_round, from, LARGE + 128, LARGE);
    CHECK(weft_submit_task(e, &spec, &future) == -EMSGSIZE && !future, "too many bytes");
    for (int i = 0; i < 2; i++) {
        outcome o = run(e, is_zero, NULL, 0, 4096);
        CHECK(o.status == 0, "results begin as zeros: %d", o.status);
    }
    free(from);
    (void)weft_executor_destroy(e);
}

/* All at the same time, each process has a library of its own. */
static void test_global_state(void)
{
    enum { TASKS = 400 };
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 3));
    weft_future *futures[TASKS];
    unsigned right = 0;
    for (unsigned i = 0; i < TASKS; i++) {
        unsigned from = i * 10000;
        futures[i] = submit(e, keeps_state, &from, sizeof from, sizeof(unsigned));
    }
    for (unsigned i = 0; i < TASKS; i++) {
        (void)weft_future_get(futures[i], NULL);
        const unsigned *result = weft_future_result(futures[i]);
        right += result && *result == i * 10000 + 1000;
        weft_future_release(futures[i]);
    }
    CHECK(right == TASKS, "%u of %d had the state for themselves", right, TASKS);
    (void)weft_executor_destroy(e);
}

/* Without threads, without spares: somebody runs what carries the bytes. */
static void check_pool(int workers, int spares, int64_t spin_ns)
{
    enum { TASKS = 20 };
    weft_pool *pool = NULL;
    weft_future *futures[TASKS];
    int right = 0;
    CHECK(weft_pool_create(
              &pool, WEFT_POOL_CONFIG(.workers = workers, .spare_max = spares, .spin_ns = spin_ns)) == 0,
          "a pool");
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.pool = pool, .processes = 3));
    for (int i = 0; i < TASKS; i++)
        futures[i] = submit(e, add, (int[]){i, 1}, 2 * sizeof(int), sizeof(int));
    for (int i = 0; i < TASKS; i++) {
        (void)weft_future_get(futures[i], NULL);
        const int *sum = weft_future_result(futures[i]);
        right += sum && *sum == i + 1;
        weft_future_release(futures[i]);
    }
    weft_task_spec nobody_asks = spec_of(add, (int[]){1, 1}, 2 * sizeof(int), sizeof(int));
    for (int i = 0; i < TASKS; i++)
        CHECK(weft_submit_task(e, &nobody_asks, NULL) == 0, "submitted");
    CHECK(weft_executor_destroy(e) == 0 && right == TASKS, "%d workers, %d spares, %d ns: %d right", workers,
          spares, (int)spin_ns, right);
    CHECK(weft_pool_destroy(pool) == 0, "destroyed");
}

static void test_pools(void)
{
    static const int workers[] = {WEFT_NONE, 1, 2}, spares[] = {WEFT_NONE, 1, 8};
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++) {
            check_pool(workers[i], spares[j], 0);
            check_pool(workers[i], spares[j], WEFT_NONE); /* both sides sleep at once */
        }
}

/* ---- stopping ------------------------------------------------------------------------------------ */

/* Until the one process of an executor has begun something. */
static void await_running(weft_future *future)
{
    while (weft_future_state(future) == WEFT_PENDING)
        (void)usleep(1000);
}

static void test_cancel(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .grace_ns = WEFT_FOREVER));
    weft_future *runs = submit(e, stops_when_asked, NULL, 0, 0), *waits = submit(e, sleeps, NULL, 0, 0);
    await_running(runs);
    CHECK(weft_future_cancel(waits) == 0, "it had not begun");
    CHECK(weft_future_cancel(runs) == -EBUSY, "it runs, and is asked");
    check_stopped(runs, "asked");
    check_stopped(waits, "pending");
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
}

static void test_grace(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .grace_ns = 20000000));
    weft_future *deaf = submit(e, sleeps, NULL, 0, 0);
    await_running(deaf);
    CHECK(weft_future_cancel(deaf) == -EBUSY, "it runs");
    check_stopped(deaf, "deaf");
    weft_task_spec spec = spec_of(sleeps, NULL, 0, 0);
    spec.deadline_ns = now_ns() + 20000000;
    CHECK(weft_submit_task(e, &spec, &deaf) == 0, "submitted");
    check_stopped(deaf, "its deadline");
    (void)weft_executor_destroy(e);
}

static void test_shutdown(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .grace_ns = 20000000));
    weft_future *runs = submit(e, sleeps, NULL, 0, 0), *waits = submit(e, sleeps, NULL, 0, 0);
    await_running(runs);
    CHECK(weft_executor_shutdown(e, WEFT_CANCEL_PENDING, now_ns()) == -ETIMEDOUT, "one runs");
    CHECK(weft_executor_shutdown(e, WEFT_STOP_RUNNING, WEFT_FOREVER) == 0, "stopped");
    check_stopped(runs, "shut down");
    check_stopped(waits, "shut down, pending");
    weft_task_spec spec = spec_of(sleeps, NULL, 0, 0);
    CHECK(weft_submit_task(e, &spec, NULL) == -ESHUTDOWN, "closed");
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
}

/* ---- refused ------------------------------------------------------------------------------------- */

static int plain(void *arg)
{
    (void)arg;
    return 0;
}

static void test_refused(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    weft_future *future = NULL;
    int number = 1;
    CHECK(weft_submit(e, plain, &number, &future) == -EINVAL && !future, "a pointer");
    CHECK(weft_apply(e, plain, NULL, NULL) == -EINVAL, "apply");
    weft_task_spec spec = {.size = sizeof spec, .fn = plain};
    CHECK(weft_submit_task(e, &spec, &future) == -EINVAL && !future, "fn");
    spec = spec_of(add, &number, 0, 4);
    CHECK(weft_submit_task(e, &spec, &future) == -EINVAL, "a pointer without bytes");
    spec = spec_of((int (*)(const void *, void *))(uintptr_t)&number, NULL, 0, 0);
    CHECK(weft_submit_task(e, &spec, &future) == -EINVAL, "no function is there");
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
    CHECK(weft_executor_processes(NULL, NULL) == -EINVAL, "nowhere to put it");
    CHECK(weft_executor_processes(&e, WEFT_PROCESSES_CONFIG(.processes = 65)) == -EINVAL && !e, "65");
    CHECK(weft_executor_processes(&e, WEFT_PROCESSES_CONFIG(.threads = -1)) == -EINVAL, "-1 threads");
    CHECK(weft_executor_processes(&e, WEFT_PROCESSES_CONFIG(.start_limit_ns = -1)) == -EINVAL, "-1 ns");
}

static int ended; /* arguments */

static void end_argument(void *arg)
{
    ended += arg && *(int *)arg == 5;
}

static void test_destructor(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    int five = 5;
    weft_task_spec spec = spec_of(answers_one, &five, sizeof five, 0);
    spec.destroy = end_argument;
    CHECK(weft_submit_task(e, &spec, NULL) == 0, "submitted");
    spec.result_bytes = (size_t)1 << 40;
    CHECK(weft_submit_task(e, &spec, NULL) == -EMSGSIZE, "refused");
    CHECK(weft_executor_destroy(e) == 0 && ended == 1, "destroyed once: %d", ended);
}

/* ---- as any other executor ----------------------------------------------------------------------- */

static int told;

static void tell(const char *label, int status, void *ctx)
{
    told += status == WEFT_EDIED && !strcmp(label, "nobody's") && ctx == &told;
}

static void test_nobody_asks(void)
{
    int kill_signal = SIGKILL;
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .on_error = tell, .ctx = &told));
    weft_task_spec spec = spec_of(raises, &kill_signal, sizeof kill_signal, 0);
    spec.label = "nobody's";
    CHECK(weft_submit_task(e, &spec, NULL) == 0, "submitted");
    CHECK(weft_executor_destroy(e) == 0 && told == 1, "told once: %d", told);
}

static void test_fields(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 2));
    weft_limit *limit = NULL;
    weft_stop *stop = NULL;
    weft_future *futures[3];
    int terms[2] = {3, 4}, status = 1;
    int64_t begin = now_ns();
    CHECK(weft_limit_create(&limit, 1, "one") == 0 && weft_stop_create(&stop, NULL, WEFT_FOREVER) == 0,
          "made");
    weft_task_spec spec = spec_of(add, terms, sizeof terms, sizeof(int));
    spec.limit = limit;
    spec.start_ns = begin + 20000000;
    for (int i = 0; i < 3; i++)
        CHECK(weft_submit_task(e, &spec, &futures[i]) == 0, "submitted");
    for (int i = 0; i < 3; i++) {
        CHECK(weft_future_get(futures[i], &status) == 0 && status == 0, "a limit and a time: %d", status);
        CHECK(now_ns() >= spec.start_ns, "not before its time");
        weft_future_release(futures[i]);
    }
    (void)weft_stop_request(stop);
    spec = spec_of(sleeps, NULL, 0, 0);
    spec.stop = stop;
    CHECK(weft_submit_task(e, &spec, &futures[0]) == 0, "submitted");
    check_stopped(futures[0], "a token that has fired");
    weft_stop_release(stop);
    weft_limit_release(limit);
    (void)weft_executor_destroy(e);
}

static int doubles(weft_future *before, void *arg)
{
    const int *result = weft_future_result(before);
    *(int *)arg = result ? 2 * *result : -1;
    return 0;
}

static void test_what_follows(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    int terms[2] = {20, 1}, doubled = 0;
    weft_future *sum = submit(e, add, terms, sizeof terms, sizeof(int)), *after = NULL;
    CHECK(weft_future_then(sum, WEFT_INLINE, doubles, &doubled, &after) == 0, "followed");
    CHECK(weft_future_get(after, NULL) == 0 && doubled == 42, "what follows: %d", doubled);
    weft_future_release(after);
    CHECK(weft_future_then(sum, e, doubles, &doubled, &after) == -EINVAL && !after, "not in the process");
    weft_future_release(sum);
    (void)weft_executor_destroy(e);
}

int main(void)
{
    tally_watch(360);
    in_main = 1;
    test_results();
    test_main_is_not_run();
    test_bytes();
    test_global_state();
    test_pools();
    test_cancel();
    test_grace();
    test_shutdown();
    test_refused();
    test_destructor();
    test_nobody_asks();
    test_fields();
    test_what_follows();
    return tally_end();
}
