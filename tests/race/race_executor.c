/* SPDX-License-Identifier: MIT */
/* race_executor.c - limited executors under many hands: clients that submit, wait, cancel, follow and combine, while the
 * executors are closed and shut down under them.
 *
 * - With a limit of one, tasks count in plain memory: two at a time are a race.
 * - Every argument is destroyed once: accepted is run plus cancelled, exactly.
 */
#include "stress.h"

#include <errno.h>

#define CLIENTS 3
#define BUNCH 24

struct house {
    weft_pool *pool;
    weft_executor *one, *few; /* limits 1 and 3 */
    long in_one;              /* plain */
    atomic_long ran, destroyed, accepted;
};

struct job {
    struct house *house;
    uint64_t number;
    int alone;
};

static int run_job(void *arg)
{
    struct job *job = arg;
    if (job->alone)
        job->house->in_one++;
    disturb(job->number);
    atomic_fetch_add(&job->house->ran, 1);
    return 1;
}

static void destroy_job(void *arg)
{
    struct job *job = arg;
    atomic_fetch_add(&job->house->destroyed, 1);
}

static int after(weft_future *before, void *arg)
{
    (void)arg;
    return weft_future_status(before) + 1;
}

struct client {
    struct house *house;
    int number, rounds;
    long wrong, refused;
};

static weft_future *submit(struct client *c, uint64_t dice, uint64_t number)
{
    struct house *h = c->house;
    struct job job = {h, number, dice & 1};
    weft_task_spec spec = {
        .size = sizeof spec, .fn = run_job, .arg = &job, .arg_bytes = sizeof job, .destroy = destroy_job};
    weft_future *future = NULL;
    int err = weft_submit_task(job.alone ? h->one : h->few, &spec, &future);
    if (!err)
        atomic_fetch_add(&h->accepted, 1);
    c->refused += err == -ESHUTDOWN;
    c->wrong += err != 0 && err != -ESHUTDOWN && err != -EAGAIN;
    return future;
}

/* A future's status is that of a task that ran or was cancelled. */
static void collect(struct client *c, weft_future *future, uint64_t dice)
{
    int status = -1;
    if (dice % 4 == 0) {
        int err = weft_future_cancel(future);
        c->wrong += err != 0 && err != -EBUSY && err != -EALREADY;
    } else if (dice % 4 == 1) {
        weft_future *next = NULL;
        c->wrong += weft_future_then(future, dice & 16 ? WEFT_INLINE : NULL, after, NULL, &next) != 0;
        c->wrong += weft_future_get(next, &status) != 0 || (status != 2 && status != -ECANCELED + 1);
        weft_future_release(next);
    }
    c->wrong += weft_future_get(future, &status) != 0 || (status != 1 && status != -ECANCELED);
    weft_future_release(future);
}

static void *client_thread(void *arg)
{
    struct client *c = arg;
    for (int r = 0; r < c->rounds; r++) {
        weft_future *futures[BUNCH];
        size_t n = 0;
        for (int i = 0; i < BUNCH; i++) {
            uint64_t number = (uint64_t)((c->number * c->rounds + r) * BUNCH + i);
            futures[n] = submit(c, mix(number), number);
            n += futures[n] != NULL;
        }
        if (n && r % 3 == 0) {
            weft_future *all = NULL;
            c->wrong += weft_when_all(futures, n, &all) != 0 || weft_future_wait(all, WEFT_FOREVER) != 0;
            weft_future_release(all);
        } else if (n && r % 3 == 1) {
            c->wrong += weft_wait(futures, n, WEFT_FIRST, WEFT_FOREVER, NULL) != 0;
        }
        while (n--)
            collect(c, futures[n], mix((uint64_t)r * 977 + n));
    }
    return NULL;
}

static weft_executor *make(weft_pool *pool, int limit, size_t queue)
{
    weft_executor *executor = NULL;
    int err = weft_executor_create(&executor,
                                   WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = limit, .queue_limit = queue,
                                                        .when_full = limit == 1 ? WEFT_BLOCK : WEFT_REJECT));
    CHECK(err == 0, "executor: %s", weft_strerror(err));
    return executor;
}

static void house_of(int workers, int mode, int rounds)
{
    struct house h = {.pool = stress_pool(workers, 8)};
    struct client clients[CLIENTS], late = {.house = &h};
    pthread_t threads[CLIENTS];
    h.one = make(h.pool, 1, 0);
    h.few = make(h.pool, 3, 16);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.house = &h, .number = i, .rounds = rounds};
        pthread_create(&threads[i], NULL, client_thread, &clients[i]);
    }
    while (atomic_load(&h.accepted) < CLIENTS * rounds * BUNCH / 4)
        sched_yield();
    int err = weft_executor_shutdown(h.one, mode, WEFT_FOREVER);
    CHECK(err == 0, "shutdown: %s", weft_strerror(err));
    CHECK(!submit(&late, 1, 0) && late.refused == 1 && !late.wrong, "now it is too late for sure");
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        CHECK(clients[i].wrong == 0, "client %d: %ld wrong answers", i, clients[i].wrong);
    }
    CHECK(weft_executor_destroy(h.one) == 0, "destroy");
    CHECK(weft_executor_destroy(h.few) == 0, "destroy");
    CHECK(weft_pool_destroy(h.pool) == 0, "destroy the pool");
    CHECK(atomic_load(&h.destroyed) == atomic_load(&h.accepted), "%ld accepted, %ld destroyed",
          atomic_load(&h.accepted), atomic_load(&h.destroyed));
    CHECK(atomic_load(&h.ran) <= atomic_load(&h.accepted), "ran too often");
}

int main(void)
{
    stress_start("race_executor");
    for (int workers = 1; workers <= 4; workers++)
        for (int mode = WEFT_DRAIN; mode <= WEFT_STOP_RUNNING; mode++)
            house_of(workers, mode, 60);
    return tally_end();
}
