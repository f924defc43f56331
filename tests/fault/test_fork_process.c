/* SPDX-License-Identifier: MIT */
/* test_fork_process.c - after fork(2) every old handle answers -EOWNERDEAD at once; a new pool works.
 *
 * - The child is made with pools idle, busy, from inside a loop and a task, and with the default pool alive.
 * - Futures in every state are asked there. Their tasks end in the parent, as if nothing had been.
 */
#include "child.h"
#include "scenes.h"

struct family {
    weft_pool *pool, *busy, *one; /* one: of one worker */
    weft_executor *executor;      /* of one */
    weft_executor *door;          /* to one, with a queue of its own */
    weft_future *done, *running, *pending, *cancelled;
    weft_local *local;
    weft_limit *limit;
    atomic_int go, ran;
    atomic_int stop, inside;
    weft_stream *stream;
    weft_completions *set;
    weft_group *group;
    weft_promise *promise;
    weft_future *promised;
};

static atomic_int called;

static void note_call(void *arg)
{
    (void)arg;
    atomic_fetch_add(&called, 1);
}

static void note_range(size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    note_call(arg);
}

static int note_item(void *out, const void *in, void *ctx)
{
    (void)out;
    (void)in;
    note_call(ctx);
    return 0;
}

static void old_handle_is_dead(weft_pool *pool)
{
    weft_local *local = NULL;
    int err = weft_run(pool, note_call, NULL);
    CHECK(err == -EOWNERDEAD, "run in the child: got %d", err);
    err = weft_parallel_for(pool, 0, 10, note_range, NULL);
    CHECK(err == -EOWNERDEAD, "parallel_for in the child: got %d", err);
    err = weft_parallel_map(pool, note_item, NULL, 0, NULL, 0, 10, NULL);
    CHECK(err == -EOWNERDEAD, "parallel_map in the child: got %d", err);
    err = weft_local_create(&local, pool, WEFT_LOCAL_CONFIG(.bytes = 8));
    CHECK(err == -EOWNERDEAD, "local_create in the child: got %d", err);
    err = weft_pool_workers(pool);
    CHECK(err == -EOWNERDEAD, "pool_workers in the child: got %d", err);
    err = weft_worker_bound(pool);
    CHECK(err == -EOWNERDEAD, "worker_bound in the child: got %d", err);
    err = weft_pool_describe(pool, NULL, 0);
    CHECK(err == -EOWNERDEAD, "pool_describe in the child: got %d", err);
    weft_pool_info pool_info = {.size = sizeof pool_info};
    err = weft_pool_inspect(pool, &pool_info);
    CHECK(err == -EOWNERDEAD, "pool_inspect in the child: got %d", err);
    weft_worker_info worker_info = {.size = sizeof worker_info};
    err = weft_worker_inspect(pool, 0, &worker_info);
    CHECK(err == -EOWNERDEAD, "worker_inspect in the child: got %d", err);
    err = weft_worker_victims(pool, 0, NULL, NULL, 0);
    CHECK(err == -EOWNERDEAD, "worker_victims in the child: got %d", err);
    weft_executor *executor = (weft_executor *)(void *)pool;
    err = weft_pool_executor(pool, &executor);
    CHECK(err == -EOWNERDEAD && !executor, "pool_executor in the child: got %d", err);
    weft_counters counters = WEFT_COUNTERS_INIT;
    err = weft_pool_counters(pool, -1, &counters);
    CHECK(err == -EOWNERDEAD, "pool_counters in the child: got %d", err);
    err = weft_pool_destroy(pool);
    CHECK(err == -EOWNERDEAD, "destroy in the child: got %d", err);
    err = weft_pool_destroy(pool);
    CHECK(err == -EOWNERDEAD, "destroy again in the child: got %d", err);
    CHECK(atomic_load(&called) == 0, "no refused call calls anything");
}

static int note_task(void *arg)
{
    note_call(arg);
    return 0;
}

/* Every call on it answers at once, whatever state it was in. */
static void old_future_is_dead(weft_future *future, const char *name)
{
    int status = 4711;
    int err = weft_future_get(future, &status);
    CHECK(err == -EOWNERDEAD && status == 4711, "%s: get in the child: got %d", name, err);
    err = weft_future_wait(future, WEFT_FOREVER);
    CHECK(err == -EOWNERDEAD, "%s: wait in the child: got %d", name, err);
    err = weft_future_wait(future, 0);
    CHECK(err == -EOWNERDEAD, "%s: timed wait in the child: got %d", name, err);
    err = weft_future_state(future);
    CHECK(err == -EOWNERDEAD, "%s: state in the child: got %d", name, err);
    err = weft_future_status(future);
    CHECK(err == -EOWNERDEAD, "%s: status in the child: got %d", name, err);
    err = weft_future_cancel(future);
    CHECK(err == -EOWNERDEAD, "%s: cancel in the child: got %d", name, err);
    err = weft_future_retain(future);
    CHECK(err == -EOWNERDEAD, "%s: retain in the child: got %d", name, err);
    for (int i = 0; i < 3; i++) /* more often than there are references */
        weft_future_release(future);
    err = weft_future_state(future);
    CHECK(err == -EOWNERDEAD, "%s: state after release in the child: got %d", name, err);
}

static void old_executor_is_dead(weft_executor *executor)
{
    weft_future *future = (weft_future *)(void *)executor;
    int err = weft_submit(executor, note_task, NULL, &future);
    CHECK(err == -EOWNERDEAD && !future, "submit in the child: got %d", err);
    err = weft_submit(executor, note_task, NULL, NULL);
    CHECK(err == -EOWNERDEAD, "submit without a future in the child: got %d", err);
}

static void dead(int err, const char *what)
{
    CHECK(err == -EOWNERDEAD, "%s in the child: got %d", what, err);
}

static void old_door_is_dead(weft_executor *door)
{
    weft_executor_state state = {.size = sizeof state};
    char text[8] = "";
    old_executor_is_dead(door);
    dead(weft_executor_map(door, note_item, NULL, 0, NULL, 0, 3, NULL), "executor_map");
    dead(weft_executor_inspect(door, &state), "executor_inspect");
    dead(weft_executor_running(door, text, sizeof text), "executor_running");
    dead(weft_executor_close(door), "executor_close");
    dead(weft_executor_shutdown(door, WEFT_STOP_RUNNING, WEFT_FOREVER), "executor_shutdown");
    dead(weft_executor_destroy(door), "executor_destroy");
}

static int note_after(weft_future *before, void *arg)
{
    (void)before;
    return note_task(arg);
}

/* What collects, follows and fulfils. */
static void old_collections_are_dead(struct family *f)
{
    weft_future *made = NULL;
    dead(weft_stream_next(f->stream, WEFT_FOREVER, NULL, NULL, NULL), "stream_next");
    dead(weft_stream_fd(f->stream), "stream_fd");
    weft_stream_close(f->stream);
    dead(weft_completions_next(f->set, WEFT_FOREVER, NULL, NULL), "completions_next");
    dead(weft_completions_add(f->set, f->done, NULL), "completions_add");
    dead(weft_completions_fd(f->set), "completions_fd");
    weft_completions_destroy(f->set);
    dead(weft_group_submit(f->group, note_task, NULL), "group_submit");
    dead(weft_group_wait(f->group, WEFT_FOREVER, NULL), "group_wait");
    dead(weft_group_destroy(f->group), "group_destroy");
    dead(weft_when_all(&f->done, 1, &made), "when_all");
    dead(weft_when_any(&f->done, 1, &made), "when_any");
    dead(weft_wait(&f->running, 1, WEFT_FIRST, WEFT_FOREVER, NULL), "wait");
    dead(weft_future_then(f->running, NULL, note_after, NULL, &made), "future_then");
    CHECK(!made, "made of dead ones");
    dead(weft_promise_cancelled(f->promise), "promise_cancelled");
    dead(weft_promise_fulfil(f->promise, 0), "promise_fulfil");
    weft_promise_destroy(f->promise);
}

static void old_limit_is_dead(weft_limit *limit)
{
    weft_limit_state state = {.size = sizeof state};
    weft_task_spec spec = {.size = sizeof spec, .fn = note_task, .limit = limit};
    int err = weft_limit_set(limit, 2);
    CHECK(err == -EOWNERDEAD, "limit_set in the child: got %d", err);
    err = weft_limit_inspect(limit, &state);
    CHECK(err == -EOWNERDEAD, "limit_inspect in the child: got %d", err);
    err = weft_submit_task(NULL, &spec, NULL);
    CHECK(err == -EOWNERDEAD, "submit with it in the child: got %d", err);
    for (int i = 0; i < 3; i++)
        weft_limit_release(limit);
    if (TALLY_SANITIZED)
        return; /* main() says so */
    CHECK(!weft_limit_create(&limit, 1, NULL) && !weft_limit_set(limit, 2), "a new one in the child");
    weft_limit_release(limit);
}

static void old_tasks_are_dead(struct family *f)
{
    old_collections_are_dead(f);
    old_limit_is_dead(f->limit);
    old_future_is_dead(f->done, "done");
    old_future_is_dead(f->running, "running");
    old_future_is_dead(f->pending, "pending");
    old_future_is_dead(f->cancelled, "cancelled");
    old_executor_is_dead(f->executor);
    old_door_is_dead(f->door);
    CHECK(atomic_load(&called) == 0, "no refused call calls anything");
}

/* Its run queues grow and are looked at by thieves, without grace periods: they would wait for the parent's threads. */
static void new_pool_runs_tasks(void)
{
    weft_executor *executor;
    weft_pool *pool = pool_of(&shapes[0]);
    if (!pool || !CHECK(weft_pool_executor(pool, &executor) == 0, "executor"))
        return;
    growing_queue(executor, "in a forked child");
    drained(pool, "in a forked child");
}

static void new_pool_works(void)
{
    weft_pool *pool = NULL;
    if (TALLY_SANITIZED)
        return; /* main() says so */
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2));
    if (!CHECK(err == 0, "a new pool in the child: got %d", err))
        return;
    CHECK(weft_pool_workers(pool) == 2, "it has its threads");
    err = use_pool(pool);
    CHECK(err == 0, "it gives right results, work.h line %d", err);
    CHECK(weft_pool_destroy(pool) == 0, "and can be destroyed");
    new_pool_runs_tasks();
}

static int forked_child(void *arg)
{
    struct family *f = arg;
    CHECK(weft_worker_index() == -1, "no index in the child");
    old_handle_is_dead(f->pool);
    old_handle_is_dead(f->busy);
    old_tasks_are_dead(f);
    new_pool_works();
    old_handle_is_dead(f->pool);
    return atomic_load(&tally_failed);
}

static int default_pool_child(void *arg)
{
    weft_pool *fresh = NULL;
    old_handle_is_dead(arg);
    if (TALLY_SANITIZED)
        return atomic_load(&tally_failed);
    int err = weft_pool_default(&fresh);
    CHECK(err == 0 && fresh != arg, "the child gets a default pool of its own: got %d", err);
    err = use_pool(NULL);
    CHECK(err == 0, "NULL works in the child, work.h line %d", err);
    return atomic_load(&tally_failed);
}

static int grandchild(void *arg)
{
    int status;
    new_pool_works();
    status = in_child(forked_child, arg, 60);
    CHECK(status == 0, "a child's child: status %d", status);
    return atomic_load(&tally_failed);
}

/* ---- forks with a busy pool, and from inside ---- */
static void busy_body(size_t begin, size_t end, void *arg)
{
    struct family *f = arg;
    (void)begin;
    (void)end;
    atomic_store(&f->inside, 1);
}

static void *busy_host(void *arg)
{
    struct family *f = arg;
    while (!atomic_load(&f->stop))
        weft_parallel_for(f->busy, 0, 1000, busy_body, f);
    return NULL;
}

static int inside_child(void *arg)
{
    struct family *f = arg;
    old_handle_is_dead(f->pool);
    old_tasks_are_dead(f);
    old_executor_is_dead(NULL); /* of the pool that the caller works in, as it seems */
    new_pool_works();
    return atomic_load(&tally_failed);
}

static void fork_inside(void *arg)
{
    int status = in_child(inside_child, arg, 60);
    CHECK(status == 0, "a child made inside a task: status %d", status);
}

/* The thread that lives on is a worker of the parent's pool. */
static int fork_in_task(void *arg)
{
    fork_inside(arg);
    return 3;
}

static void *enter_then_fork(void *arg)
{
    struct family *f = arg;
    weft_executor *executor;
    weft_future *future;
    int status = -1;
    CHECK(weft_run(f->pool, fork_inside, f) == 0, "run in the parent");
    CHECK(weft_pool_executor(f->pool, &executor) == 0, "executor");
    CHECK(weft_submit(executor, fork_in_task, f, &future) == 0, "submit");
    while (weft_future_state(future) == WEFT_PENDING) /* a worker is to run it, not this thread */
        sched_yield();
    CHECK(weft_future_get(future, &status) == 0 && status == 3, "the task that forked: %d", status);
    weft_future_release(future);
    return NULL;
}

/* Everything once more, in a process without the parent's threads. */
static int all_scenes(void *arg)
{
    (void)arg;
    for (int i = 0; i < SHAPES; i++)
        play(&shapes[i], "in a forked child");
    return atomic_load(&tally_failed);
}

/* ---- futures in every state ---- */
static int hold_task(void *arg)
{
    struct family *f = arg;
    while (!atomic_load(&f->go))
        sched_yield();
    atomic_fetch_add(&f->ran, 1);
    return 1;
}

static int count_task(void *arg)
{
    struct family *f = arg;
    atomic_fetch_add(&f->ran, 1);
    return 2;
}

static int pass_item(const void *in, void *out, void *ctx)
{
    (void)in;
    (void)out;
    (void)ctx;
    return 0;
}

static int pass_task(void *arg)
{
    (void)arg;
    return 0;
}

/* The one worker is taken already: nothing of them has ended. */
static void make_collections(struct family *f)
{
    CHECK(!weft_stream_open(&f->stream, WEFT_STREAM_CONFIG(.executor = f->executor, .fn = pass_item, .n = 1)),
          "stream");
    CHECK(!weft_completions_create(&f->set) && !weft_completions_add(f->set, f->running, NULL),
          "completions");
    CHECK(!weft_group_create(&f->group, WEFT_GROUP_CONFIG(.executor = f->executor)), "group");
    CHECK(!weft_group_submit(f->group, pass_task, NULL), "submit");
    CHECK(!weft_promise_create(&f->promise, f->executor, &f->promised), "promise");
}

static void end_collections(struct family *f)
{
    int status = -1;
    CHECK(!weft_stream_next(f->stream, WEFT_FOREVER, NULL, &status, NULL) && status == 0,
          "the parent's stream");
    weft_stream_close(f->stream);
    CHECK(!weft_completions_next(f->set, WEFT_FOREVER, NULL, NULL), "the parent's set");
    weft_completions_destroy(f->set);
    CHECK(!weft_group_wait(f->group, WEFT_FOREVER, &status) && status == 0, "the parent's group");
    CHECK(!weft_group_destroy(f->group), "destroy");
    CHECK(!weft_promise_fulfil(f->promise, 6) && weft_future_status(f->promised) == 6,
          "the parent's promise");
    weft_future_release(f->promised);
}

static void make_futures(struct family *f)
{
    CHECK(weft_pool_create(&f->one, WEFT_POOL_CONFIG(.workers = 1)) == 0, "pool of one worker");
    CHECK(weft_pool_executor(f->one, &f->executor) == 0, "executor");
    CHECK(weft_executor_create(&f->door, WEFT_EXECUTOR_CONFIG(.pool = f->one)) == 0, "door");
    CHECK(weft_submit(f->executor, count_task, f, &f->done) == 0, "submit");
    CHECK(weft_future_get(f->done, NULL) == 0, "one is done");
    CHECK(weft_limit_create(&f->limit, 1, NULL) == 0, "limit");
    weft_task_spec spec = {.size = sizeof spec, .fn = hold_task, .arg = f, .limit = f->limit};
    CHECK(weft_submit_task(f->executor, &spec, &f->running) == 0, "submit");
    while (weft_future_state(f->running) != WEFT_RUNNING)
        sched_yield();
    spec.fn = count_task; /* in line */
    CHECK(weft_submit_task(f->executor, &spec, &f->pending) == 0, "submit");
    CHECK(weft_submit_task(f->executor, &spec, &f->cancelled) == 0, "submit");
    CHECK(weft_future_cancel(f->cancelled) == 0, "one is cancelled");
    make_collections(f);
}

static void end_futures(struct family *f)
{
    int status[4] = {0};
    CHECK(weft_future_state(f->pending) == WEFT_PENDING, "the pending one was left alone");
    CHECK(weft_future_state(f->running) == WEFT_RUNNING, "and the running one");
    atomic_store(&f->go, 1);
    end_collections(f);
    CHECK(!weft_future_get(f->done, &status[0]) && !weft_future_get(f->running, &status[1]) &&
              !weft_future_get(f->pending, &status[2]) && !weft_future_get(f->cancelled, &status[3]),
          "the parent's futures work on");
    CHECK(status[0] == 2 && status[1] == 1 && status[2] == 2 && status[3] == -ECANCELED, "%d %d %d %d",
          status[0], status[1], status[2], status[3]);
    CHECK(atomic_load(&f->ran) == 3, "%d tasks ran", atomic_load(&f->ran));
    weft_future_release(f->done);
    weft_future_release(f->running);
    weft_future_release(f->pending);
    weft_future_release(f->cancelled);
    weft_limit_release(f->limit);
    CHECK(weft_executor_destroy(f->door) == 0, "destroy");
    CHECK(weft_pool_destroy(f->one) == 0, "destroy");
}

static int plain_exit(void *arg)
{
    (void)arg;
    exit(5);
}

static void a_child_exits_with_the_parents_pools(void)
{
    if (TALLY_ADDRESS_SANITIZED) {
        tally_skip("exit in the child", "LeakSanitizer wants locks there that another thread held");
        return;
    }
    int status = in_child(plain_exit, NULL, 60);
    CHECK(status == 5, "exit in the child with the parent's pools: status %d", status);
}

static void parent_goes_on(struct family *f)
{
    int bad = use_pool(f->pool);
    CHECK(bad == 0, "the parent's pool works on, work.h line %d", bad);
}

int main(void)
{
    struct family f = {0};
    weft_pool *common = NULL;
    pthread_t host;
    tally_watch(360);
    if (TALLY_SANITIZED)
        tally_skip(
            "what is made anew in the child",
            "ThreadSanitizer starts no threads after fork, AddressSanitizer's allocator may be locked there");
    CHECK(weft_pool_create(&f.pool, WEFT_POOL_CONFIG(.workers = 3)) == 0, "pool");
    CHECK(weft_pool_create(&f.busy, WEFT_POOL_CONFIG(.workers = 2)) == 0, "pool to be busy");
    CHECK(use_pool(f.pool) == 0, "in use");
    make_futures(&f);
    int status = in_child(forked_child, &f, 60);
    CHECK(status == 0, "child of idle pools: status %d", status);
    parent_goes_on(&f);

    CHECK(pthread_create(&host, NULL, busy_host, &f) == 0, "host thread");
    while (!atomic_load(&f.inside))
        sched_yield();
    for (int i = 0; i < 20 && status == 0; i++) {
        status = in_child(forked_child, &f, 60);
        CHECK(status == 0, "child of a busy pool, round %d: status %d", i, status);
    }
    atomic_store(&f.stop, 1);
    pthread_join(host, NULL);
    parent_goes_on(&f);

    enter_then_fork(&f);
    parent_goes_on(&f);
    if (!TALLY_SANITIZED) {
        status = in_child(all_scenes, NULL, 100);
        CHECK(status == 0, "every kind of work in a child: status %d", status);
    }
    status = in_child(grandchild, &f, 90);
    CHECK(status == 0, "grandchild: status %d", status);

    CHECK(weft_pool_default(&common) == 0 && use_pool(NULL) == 0, "default pool");
    status = in_child(default_pool_child, common, 60);
    CHECK(status == 0, "child of the default pool: status %d", status);
    a_child_exits_with_the_parents_pools();
    CHECK(use_pool(NULL) == 0, "the parent's default pool works on");
    parent_goes_on(&f);
    end_futures(&f);
    CHECK(weft_pool_destroy(f.busy) == 0 && weft_pool_destroy(f.pool) == 0, "the parent destroys its pools");
    return tally_end();
}
