/* SPDX-License-Identifier: MIT */
/* test_fork_process.c - after fork(2) every old handle answers -EOWNERDEAD at once; a new pool works.
 *
 * - The child is made with pools idle, busy, from inside a task, and with the default pool alive.
 */
#include "child.h"
#include "work.h"

#include <pthread.h>
#include <sched.h>

struct family {
    weft_pool *pool, *busy;
    weft_local *local;
    atomic_int stop, inside;
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
    err = weft_pool_destroy(pool);
    CHECK(err == -EOWNERDEAD, "destroy in the child: got %d", err);
    err = weft_pool_destroy(pool);
    CHECK(err == -EOWNERDEAD, "destroy again in the child: got %d", err);
    CHECK(atomic_load(&called) == 0, "no refused call calls anything");
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
}

static int forked_child(void *arg)
{
    struct family *f = arg;
    CHECK(weft_worker_index() == -1, "no index in the child");
    old_handle_is_dead(f->pool);
    old_handle_is_dead(f->busy);
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
    status = in_child(forked_child, arg, 10);
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
    return atomic_load(&tally_failed);
}

static void fork_inside(void *arg)
{
    int status = in_child(inside_child, arg, 10);
    CHECK(status == 0, "a child made inside a task: status %d", status);
}

static void *enter_then_fork(void *arg)
{
    struct family *f = arg;
    CHECK(weft_run(f->pool, fork_inside, f) == 0, "run in the parent");
    return NULL;
}

static int plain_exit(void *arg)
{
    (void)arg;
    exit(5);
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
    tally_watch(100);
    if (TALLY_SANITIZED)
        tally_skip(
            "new pools in the child",
            "ThreadSanitizer starts no threads after fork, AddressSanitizer's allocator may be locked there");
    CHECK(weft_pool_create(&f.pool, WEFT_POOL_CONFIG(.workers = 3)) == 0, "pool");
    CHECK(weft_pool_create(&f.busy, WEFT_POOL_CONFIG(.workers = 2)) == 0, "pool to be busy");
    CHECK(use_pool(f.pool) == 0, "in use");
    int status = in_child(forked_child, &f, 10);
    CHECK(status == 0, "child of idle pools: status %d", status);
    parent_goes_on(&f);

    CHECK(pthread_create(&host, NULL, busy_host, &f) == 0, "host thread");
    while (!atomic_load(&f.inside))
        sched_yield();
    for (int i = 0; i < 20; i++) {
        status = in_child(forked_child, &f, 10);
        CHECK(status == 0, "child of a busy pool, round %d: status %d", i, status);
    }
    atomic_store(&f.stop, 1);
    pthread_join(host, NULL);
    parent_goes_on(&f);

    enter_then_fork(&f);
    parent_goes_on(&f);
    status = in_child(grandchild, &f, 20);
    CHECK(status == 0, "grandchild: status %d", status);

    CHECK(weft_pool_default(&common) == 0 && use_pool(NULL) == 0, "default pool");
    status = in_child(default_pool_child, common, 10);
    CHECK(status == 0, "child of the default pool: status %d", status);
    status = in_child(plain_exit, NULL, 10);
    CHECK(status == 5, "exit in the child with the parent's pools: status %d", status);
    CHECK(use_pool(NULL) == 0, "the parent's default pool works on");
    parent_goes_on(&f);
    CHECK(weft_pool_destroy(f.busy) == 0 && weft_pool_destroy(f.pool) == 0, "the parent destroys its pools");
    return tally_end();
}
