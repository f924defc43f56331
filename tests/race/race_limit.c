/* SPDX-License-Identifier: MIT */
/* race_limit.c - limits under many hands: clients that submit through two pools and four executors, wait, cancel, follow,
 * while the numbers change and executors are shut down under them.
 *
 * - With one permit, tasks count in plain memory: two at a time are a race.
 * - Every argument is destroyed once: accepted is run plus cancelled, exactly.
 */
#include "stress.h"

#include <errno.h>

#define CLIENTS 3
#define BUNCH 24
#define DOORS 4
#define LAST_DOOR (2 * (DOORS - 1)) /* the dice for it */

struct house {
    weft_pool *pool[2];
    weft_executor *door[DOORS]; /* the last one is shut down meanwhile */
    weft_limit *one, *few;
    long in_one; /* plain */
    atomic_long ran, ran_alone, destroyed, accepted;
    atomic_int now, most;
};

struct job {
    struct house *house;
    uint64_t number;
    int alone;
};

static int run_job(void *arg)
{
    struct job *job = arg;
    struct house *h = job->house;
    int now = job->alone ? 0 : atomic_fetch_add(&h->now, 1) + 1, most = atomic_load(&h->most);
    while (now > most && !atomic_compare_exchange_weak(&h->most, &most, now))
        ;
    if (job->alone)
        h->in_one++;
    disturb(job->number);
    if (!job->alone)
        atomic_fetch_sub(&h->now, 1);
    atomic_fetch_add(&h->ran, 1);
    atomic_fetch_add(&h->ran_alone, job->alone);
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
    long wrong, refused, cancelled;
};

static weft_future *submit(struct client *c, uint64_t dice, uint64_t number)
{
    struct house *h = c->house;
    struct job job = {h, number, dice & 1};
    weft_task_spec spec = {.size = sizeof spec,
                           .fn = run_job,
                           .arg = &job,
                           .arg_bytes = sizeof job,
                           .destroy = destroy_job,
                           .limit = job.alone ? h->one : h->few};
    weft_future *future = NULL;
    int err = weft_submit_task(h->door[dice / 2 % DOORS], &spec, &future);
    if (!err)
        atomic_fetch_add(&h->accepted, 1);
    c->refused += err == -ESHUTDOWN;
    c->wrong += err != 0 && err != -ESHUTDOWN;
    return future;
}

/* A future's status is that of a task that ran or was cancelled. */
static void collect(struct client *c, weft_future *future, uint64_t dice)
{
    int status = -1;
    if (dice % 4 == 0) {
        int err = weft_future_cancel(future);
        c->wrong += err != 0 && err != -EBUSY && err != -EALREADY;
        c->cancelled += err == 0;
    } else if (dice % 4 == 1) {
        weft_future *next = NULL;
        c->wrong +=
            weft_future_then(future, dice & 16 ? WEFT_INLINE : c->house->door[0], after, NULL, &next) != 0;
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
        c->wrong += weft_limit_set(c->house->few, 2 + r % 2) != 0;
        if (n && r % 3 == 0) {
            weft_future *all = NULL;
            c->wrong += weft_when_all(futures, n, &all) != 0 || weft_future_wait(all, WEFT_FOREVER) != 0;
            weft_future_release(all);
        }
        while (n--)
            collect(c, futures[n], mix((uint64_t)r * 977 + n));
    }
    return NULL;
}

static weft_executor *make(weft_pool *pool, int limit)
{
    weft_executor *executor = NULL;
    int err = weft_executor_create(
        &executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = limit, .queue_limit = limit == 1 ? 8 : 0));
    CHECK(err == 0, "executor: %s", weft_strerror(err));
    return executor;
}

static long cancelled;

static void house_of(int workers, int mode, int rounds)
{
    struct house h = {.pool = {stress_pool(workers, 8), stress_pool(2, 8)}};
    struct client clients[CLIENTS], late = {.house = &h};
    pthread_t threads[CLIENTS];
    CHECK(weft_pool_executor(h.pool[0], &h.door[0]) == 0, "the pool's own");
    h.door[1] = make(h.pool[0], 1);
    h.door[2] = make(h.pool[1], 2);
    h.door[3] = make(h.pool[1], 0);
    CHECK(!weft_limit_create(&h.one, 1, NULL) && !weft_limit_create(&h.few, 2, NULL), "limits");
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.house = &h, .number = i, .rounds = rounds};
        pthread_create(&threads[i], NULL, client_thread, &clients[i]);
    }
    while (atomic_load(&h.accepted) < CLIENTS * rounds * BUNCH / 4)
        sched_yield();
    int err = weft_executor_shutdown(h.door[3], mode, WEFT_FOREVER);
    CHECK(err == 0, "shutdown: %s", weft_strerror(err));
    CHECK(!submit(&late, LAST_DOOR, 0) && late.refused == 1 && !late.wrong, "now it is too late for sure");
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        CHECK(clients[i].wrong == 0, "client %d: %ld wrong answers", i, clients[i].wrong);
        cancelled += clients[i].cancelled;
    }
    for (int i = 1; i < DOORS; i++)
        CHECK(weft_executor_destroy(h.door[i]) == 0, "destroy");
    weft_limit_release(h.one);
    weft_limit_release(h.few);
    for (int i = 0; i < 2; i++)
        CHECK(weft_pool_destroy(h.pool[i]) == 0, "destroy the pool");
    CHECK(atomic_load(&h.destroyed) == atomic_load(&h.accepted), "%ld accepted, %ld destroyed",
          atomic_load(&h.accepted), atomic_load(&h.destroyed));
    CHECK(atomic_load(&h.ran) <= atomic_load(&h.accepted), "ran too often");
    CHECK(atomic_load(&h.ran_alone) == h.in_one, "%ld of %ld counted", h.in_one, atomic_load(&h.ran_alone));
    CHECK(atomic_load(&h.most) <= 3, "%d at a time", atomic_load(&h.most));
}

/* What is in line when a pool is destroyed comes from the other pool's thread. */
static void pools_end_in_turn(int rounds)
{
    for (int r = 0; r < rounds; r++) {
        struct house h = {.pool = {stress_pool(r % 3 ? r % 3 : WEFT_NONE, 2), stress_pool(2, 2)}};
        struct client c = {.house = &h};
        CHECK(!weft_limit_create(&h.one, 1, NULL) && !weft_limit_create(&h.few, 2, NULL), "limits");
        for (int i = 0; i < 2; i++)
            CHECK(weft_pool_executor(h.pool[i], &h.door[i]) == 0, "the pool's own");
        h.door[2] = make(h.pool[0], 0);
        h.door[3] = make(h.pool[1], 1);
        for (uint64_t i = 0; i < BUNCH; i++)
            weft_future_release(submit(&c, mix((uint64_t)r * BUNCH + i), i));
        weft_limit_release(h.one);
        weft_limit_release(h.few);
        CHECK(weft_executor_destroy(h.door[2]) == 0 && weft_executor_destroy(h.door[3]) == 0, "destroy");
        CHECK(weft_pool_destroy(h.pool[0]) == 0 && weft_pool_destroy(h.pool[1]) == 0, "destroy the pools");
        CHECK(c.wrong == 0 && atomic_load(&h.accepted) == BUNCH && atomic_load(&h.ran) == BUNCH &&
                  atomic_load(&h.destroyed) == BUNCH,
              "%ld ran of %ld", atomic_load(&h.ran), atomic_load(&h.accepted));
    }
}

int main(void)
{
    stress_start("race_limit");
    for (int workers = 1; workers <= 3; workers++)
        for (int mode = WEFT_DRAIN; mode <= WEFT_STOP_RUNNING; mode++)
            house_of(workers, mode, 100);
    CHECK(cancelled > 0, "nobody was cancelled");
    pools_end_in_turn(60);
    return tally_end();
}
