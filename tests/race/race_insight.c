/* SPDX-License-Identifier: MIT */
/* race_insight.c - counters are read and dumps written by other threads while everything runs, comes and goes.
 *
 * - Watchers read every record and dump one pool, and all pools, as long as guests fork, run loops, submit and wait, and as
 *   pools are created and destroyed beside them. What a watcher gets is a 0 each time, and counters that only grow.
 * - Compiled without WEFT_COUNT_FORKS: forks stay 0.
 */
#include "stress.h"

#include <errno.h>
#include <fcntl.h>

static atomic_int stop;
static int null_fd;

struct watch {
    weft_pool *pool;
    long wrong, busy, looks;
};

static long shrunk(const weft_counters *before, const weft_counters *after)
{
    const uint64_t *b = (const uint64_t *)(const void *)before, *a = (const uint64_t *)(const void *)after;
    long wrong = 0;
    for (size_t i = 1; i < sizeof *before / sizeof *b; i++)
        wrong += a[i] < b[i];
    return wrong;
}

static void *watcher(void *arg)
{
    struct watch *w = arg;
    weft_counters before[256] = {{0}}, now = WEFT_COUNTERS_INIT;
    int bound = weft_worker_bound(w->pool);
    w->wrong += bound < 0 || bound > 255;
    do {
        for (int i = -1; i < bound; i++) {
            w->wrong += weft_pool_counters(w->pool, i, &now) != 0;
            w->wrong += shrunk(&before[i + 1], &now) + (now.forks != 0);
            before[i + 1] = now;
        }
        int err = weft_dump(NULL, null_fd);
        w->busy += err == -EBUSY;
        w->wrong += (err != 0 && err != -EBUSY) || weft_dump(w->pool, null_fd) != 0;
        w->looks++;
    } while (!atomic_load(&stop));
    return NULL;
}

/* ---- what is watched ---- */

WEFT_TASK(long, tree, uint64_t, int)

long tree(uint64_t number, int depth)
{
    disturb(number);
    if (depth == 0)
        return 1;
    weft_fork(tree, left, number * 2, depth - 1);
    long right = tree(number * 2 + 1, depth - 1);
    return weft_join(tree, left) + right;
}

static void items(size_t begin, size_t end, void *ctx)
{
    for (size_t i = begin; i < end; i++)
        disturb(i * 31 + 5);
    atomic_fetch_add((atomic_long *)ctx, (long)(end - begin));
}

static int forked(void *arg)
{
    *(long *)arg += tree((uint64_t)(uintptr_t)arg, 5);
    return 0;
}

static int submits(void *arg)
{
    long leaves = 0;
    weft_future *inner;
    if (weft_submit(NULL, forked, &leaves, &inner))
        return 1;
    int err = weft_future_get(inner, NULL);
    weft_future_release(inner);
    *(long *)arg += leaves;
    return err;
}

static void guest_work(void *arg)
{
    *(long *)arg += tree(7, 7) - 128;
}

struct client {
    weft_pool *pool;
    int rounds;
    long wrong;
};

static void *client_thread(void *arg)
{
    struct client *c = arg;
    for (int r = 0; r < c->rounds; r++) {
        long leaves = 0;
        int status = -1;
        atomic_long done = 0;
        weft_executor *executor;
        weft_future *future;
        c->wrong += weft_run(c->pool, guest_work, &c->wrong) != 0;
        c->wrong += weft_parallel_for(c->pool, 0, 500, items, &done) != 0 || atomic_load(&done) != 500;
        c->wrong += weft_pool_executor(c->pool, &executor) != 0;
        if (weft_submit(executor, submits, &leaves, &future)) {
            c->wrong++;
            continue;
        }
        disturb((uint64_t)r);
        c->wrong += weft_future_get(future, &status) != 0 || status != 0 || leaves != 32;
        weft_future_release(future);
    }
    return NULL;
}

static void *lives_thread(void *arg)
{
    struct client *c = arg;
    for (int r = 0; r < c->rounds; r++) {
        weft_pool *pool = NULL;
        c->wrong +=
            weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 1 + r % 2, .seats = 1, .flat = 1)) != 0;
        c->wrong += weft_run(pool, guest_work, &c->wrong) != 0;
        c->wrong += weft_pool_destroy(pool) != 0;
    }
    return NULL;
}

static void watched(int workers, int rounds)
{
    weft_pool *pool = stress_pool(workers, 4);
    struct watch watch[2] = {{.pool = pool}, {.pool = pool}};
    struct client clients[3] = {{pool, rounds, 0}, {pool, rounds, 0}, {NULL, rounds, 0}};
    pthread_t watchers[2], threads[3];
    atomic_store(&stop, 0);
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&watchers[i], NULL, watcher, &watch[i]) == 0, "host thread");
    for (int i = 0; i < 3; i++)
        CHECK(pthread_create(&threads[i], NULL, i < 2 ? client_thread : lives_thread, &clients[i]) == 0,
              "host thread");
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&stop, 1);
    for (int i = 0; i < 2; i++)
        pthread_join(watchers[i], NULL);
    for (int i = 0; i < 3; i++)
        CHECK(clients[i].wrong == 0, "%d workers, client %d: %ld wrong", workers, i, clients[i].wrong);
    for (int i = 0; i < 2; i++)
        CHECK(watch[i].wrong == 0 && watch[i].looks > 0, "%d workers: %ld wrong in %ld looks, %ld times busy",
              workers, watch[i].wrong, watch[i].looks, watch[i].busy);
    weft_counters c = WEFT_COUNTERS_INIT;
    CHECK(weft_pool_counters(pool, -1, &c) == 0, "counters");
    CHECK(c.tasks + c.taken_over == (uint64_t)rounds * 4, "%d workers: %d + %d of %d tasks", workers,
          (int)c.tasks, (int)c.taken_over, rounds * 4);
    stress_end(pool);
}

int main(void)
{
    stress_start("race_insight");
    null_fd = open("/dev/null", O_WRONLY);
    if (CHECK(null_fd >= 0, "/dev/null")) {
        watched(WEFT_NONE, 20);
        watched(1, 60);
        watched(2, 100);
        watched(4, 60);
    }
    return tally_end();
}
