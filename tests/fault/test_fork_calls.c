/* SPDX-License-Identifier: MIT */
/* test_fork_calls.c - after fork(2), in the child: each call that submits to, makes from or collects with what is the parent's.
 *
 * - A table, one row a call: it answers -EOWNERDEAD at once, calls nothing, and leaves no handle where one would have come.
 * - The child is made from outside, from inside a task, and while threads of the parent are in those very calls: locks are
 *   copied as somebody held them.
 * - Futures in every state, and calls on pools, are in test_fork_process.c.
 */
#include "child.h"
#include "fork_calls.h"

#include <pthread.h>
#include <sched.h>

static void all_rows(struct family *f, weft_pool *of, weft_executor *executor, const char *whose)
{
    f->of = of;
    f->executor = executor;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        void *made = NO_HANDLE;
        int err = rows[i].call(f, &made);
        CHECK(err == -EOWNERDEAD, "%s, %s: got %d", rows[i].name, whose, err);
        CHECK(!made || (made == NO_HANDLE && !rows[i].null), "%s, %s: something was made", rows[i].name,
              whose);
    }
}

/* ---- what the child makes does not mix with what is the parent's ------------------------------------ */
static int pass_task(void *unused)
{
    (void)unused;
    return 0;
}

static void mixed(struct family *f)
{
    weft_pool *pool = NULL;
    weft_executor *executor = NULL;
    weft_future *both[2] = {NULL, f->future}, *made = NULL;
    weft_completions *set = NULL;
    if (TALLY_SANITIZED)
        return; /* main() says so */
    if (!CHECK(!weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 1, .flat = 1)), "a pool of the child") ||
        !CHECK(!weft_pool_executor(pool, &executor), "its executor") ||
        !CHECK(!weft_submit(executor, pass_task, NULL, &both[0]), "a task of it"))
        return;
    CHECK(weft_when_all(both, 2, &made) == -EOWNERDEAD, "when_all of one of each");
    CHECK(weft_when_any(both, 2, &made) == -EOWNERDEAD, "when_any");
    CHECK(weft_wait(both, 2, WEFT_ALL, WEFT_FOREVER, NULL) == -EOWNERDEAD, "wait");
    CHECK(weft_future_then(both[0], f->door, note_after, f, &made) == -EOWNERDEAD, "then, to the parent's");
    CHECK(weft_future_then(f->future, executor, note_after, f, &made) == -EOWNERDEAD, "then, from there");
    CHECK(weft_completions_add(f->set, both[0], NULL) == -EOWNERDEAD, "into the parent's set");
    CHECK(!weft_completions_create(&set), "a set of the child");
    CHECK(weft_completions_add(set, f->future, NULL) == -EOWNERDEAD && !weft_completions_left(set),
          "the parent's future into it");
    weft_completions_destroy(set);
    CHECK(!weft_future_get(both[0], NULL), "the child's own");
    weft_future_release(both[0]);
    CHECK(!weft_pool_destroy(pool), "destroy");
}

static int child(void *arg)
{
    struct family *f = arg;
    int before = atomic_load(&f->called);
    all_rows(f, f->pool, f->own, "pool's own executor");
    all_rows(f, f->pool, f->door, "executor with a queue");
    mixed(f);
    CHECK(atomic_load(&f->called) == before, "no refused call calls anything");
    return atomic_load(&tally_failed);
}

/* Nothing is named: the pool is the one that the caller works in, as it seems. */
static int child_inside(void *arg)
{
    all_rows(arg, NULL, NULL, "no executor");
    return child(arg);
}

static int fork_in_task(void *arg)
{
    int status = in_child(child_inside, arg, 60);
    CHECK(status == 0, "a child made inside a task: status %d", status);
    return 3;
}

/* ---- the parent is in the middle of those calls ------------------------------------------------------ */
static int use_group(struct family *f)
{
    return weft_group_submit(f->group, pass_task, NULL) || weft_group_wait(f->group, WEFT_FOREVER, NULL);
}

static int use_set(struct family *f)
{
    weft_future *future = NULL;
    int err = weft_submit(f->own, pass_task, NULL, &future) || weft_completions_add(f->set, future, NULL) ||
              weft_completions_next(f->set, WEFT_FOREVER, NULL, NULL);
    weft_future_release(future);
    return err;
}

static int use_doors(struct family *f)
{
    weft_executor *executor = NULL;
    return weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.pool = f->pool)) ||
           weft_executor_destroy(executor);
}

static int use_clock(struct family *f)
{
    weft_future *future = NULL;
    int err = weft_submit_after(f->door, INT64_C(3600000000000), pass_task, NULL, &future) ||
              weft_future_cancel(future);
    weft_future_release(future);
    return err;
}

static struct hammer {
    const char *name;
    int (*use)(struct family *f);
    struct family *f;
    atomic_int rounds, failed;
    pthread_t thread;
} hammers[] = {{.name = "group", .use = use_group},
               {.name = "set", .use = use_set},
               {.name = "executors", .use = use_doors},
               {.name = "clock", .use = use_clock}};

enum { HAMMERS = sizeof hammers / sizeof *hammers };

static void *hammer(void *arg)
{
    struct hammer *h = arg;
    for (; !atomic_load(&h->f->stop); atomic_fetch_add(&h->rounds, 1))
        atomic_fetch_add(&h->failed, h->use(h->f));
    return NULL;
}

static void busy_forks(struct family *f)
{
    int status = 0;
    for (struct hammer *h = hammers; h < hammers + HAMMERS; h++) {
        h->f = f;
        CHECK(!pthread_create(&h->thread, NULL, hammer, h), "thread");
    }
    for (struct hammer *h = hammers; h < hammers + HAMMERS; h++)
        while (!atomic_load(&h->rounds))
            sched_yield();
    for (int i = 0; i < BUSY_FORKS && !status; i++) {
        status = in_child(child, f, 60);
        CHECK(status == 0, "child of a parent that is busy, round %d: status %d", i, status);
    }
    atomic_store(&f->stop, 1);
    for (struct hammer *h = hammers; h < hammers + HAMMERS; h++)
        CHECK(!pthread_join(h->thread, NULL) && !h->failed, "the parent's %s: %d of %d failed", h->name,
              atomic_load(&h->failed), atomic_load(&h->rounds));
}

/* ---- the parent ----------------------------------------------------------------------------------- */
static int hold_task(void *arg)
{
    struct family *f = arg;
    while (!atomic_load(&f->go))
        sched_yield();
    return 5;
}

static void begin(struct family *f)
{
    CHECK(!weft_pool_create(&f->pool, WEFT_POOL_CONFIG(.workers = 3, .flat = 1)), "pool");
    CHECK(!weft_pool_executor(f->pool, &f->own), "its executor");
    CHECK(!weft_executor_create(&f->door, WEFT_EXECUTOR_CONFIG(.pool = f->pool, .limit = 2)), "door");
    CHECK(!weft_group_create(&f->group, WEFT_GROUP_CONFIG(.executor = f->own)), "group");
    CHECK(!weft_group_create(&f->loose, NULL), "a group of the default pool");
    CHECK(!weft_completions_create(&f->set), "set");
    CHECK(!weft_submit(f->own, hold_task, f, &f->future), "submit");
    while (weft_future_state(f->future) != WEFT_RUNNING)
        sched_yield();
}

static void fork_inside(struct family *f)
{
    weft_future *future = NULL;
    int status = -1;
    CHECK(!weft_submit(f->own, fork_in_task, f, &future), "submit");
    while (weft_future_state(future) == WEFT_PENDING) /* a worker is to run it, not this thread */
        sched_yield();
    CHECK(!weft_future_get(future, &status) && status == 3, "the task that forked: %d", status);
    weft_future_release(future);
}

static void end(struct family *f)
{
    int status = -1;
    atomic_store(&f->go, 1);
    CHECK(!weft_future_get(f->future, &status) && status == 5, "the parent's task: %d", status);
    weft_future_release(f->future);
    CHECK(!weft_group_submit(f->group, note_task, f) && !weft_group_wait(f->group, WEFT_FOREVER, &status) &&
              !status && atomic_load(&f->called) == 1,
          "the parent's group works on: %d", status);
    CHECK(!weft_group_stop(f->group) && weft_group_stop(f->group) == -EALREADY, "and can be stopped");
    CHECK(!weft_group_destroy(f->group) && !weft_group_destroy(f->loose), "destroy");
    CHECK(weft_completions_next(f->set, 0, NULL, NULL) == WEFT_EEND, "the parent's set is empty");
    weft_completions_destroy(f->set);
    CHECK(!weft_executor_destroy(f->door) && !weft_pool_destroy(f->pool), "destroy");
}

int main(void)
{
    static struct family f;
    int status;
    tally_watch(360);
    if (TALLY_SANITIZED)
        tally_skip(
            "what the child makes itself",
            "ThreadSanitizer starts no threads after fork, AddressSanitizer's allocator may be locked there");
    begin(&f);
    status = in_child(child, &f, 60);
    CHECK(status == 0, "child: status %d", status);
    fork_inside(&f);
    busy_forks(&f);
    end(&f);
    return tally_end();
}
