/* SPDX-License-Identifier: MIT */
/* race_timer.c - alarms and series against who cancels them and who destroys their executor.
 *
 * - A task that begins at a time runs once, or was cancelled and never runs.
 * - Calls of one series count in plain memory: two at a time are a race; so is one after the executor is destroyed, when
 *   the counts are read and freed.
 */
#include "stress.h"

#include <errno.h>

#define CLIENTS 3
#define ALARMS 16
#define SERIES 4

struct round {
    weft_executor *executor;
    atomic_long ran;
};

static int once(void *arg)
{
    atomic_fetch_add((atomic_long *)arg, 1);
    return 7;
}

static int tick(void *arg)
{
    long *count = arg;
    disturb((uint64_t)*count);
    return ++*count == 40 ? 5 : 0;
}

static atomic_long cancelled, ticked, ended_itself, too_late;

static bool refused(int err)
{
    if (err)
        atomic_fetch_add(&too_late, 1);
    return CHECK(!err || err == -ESHUTDOWN, "submit: %s", weft_strerror(err)) && err;
}

static void collect(weft_future *future, uint64_t dice, atomic_long *done)
{
    int status = -1, err = dice % 3 ? 0 : weft_future_cancel(future);
    CHECK(!err || err == -EBUSY || err == -EALREADY, "cancel: %s", weft_strerror(err));
    CHECK(!weft_future_get(future, &status), "get");
    CHECK(status == 7 || status == -ECANCELED, "it ended with %d", status);
    atomic_fetch_add(status == 7 ? done : &cancelled, 1);
    weft_future_release(future);
}

struct client {
    struct round *round;
    uint64_t number;
    atomic_long done;
};

/* Some are due at once, some soon, some never. */
static void *client_thread(void *arg)
{
    struct client *c = arg;
    weft_future *futures[ALARMS];
    for (int i = 0; i < ALARMS; i++) {
        uint64_t dice = mix(c->number * ALARMS + (uint64_t)i);
        int64_t delay = dice % 8 ? (int64_t)(dice >> 40) % 100000 : INT64_C(1000000000000);
        futures[i] = NULL;
        if (!refused(weft_submit_after(c->round->executor, delay, once, &c->round->ran,
                                       dice & 64 ? &futures[i] : NULL)) &&
            futures[i] && dice & 128) {
            collect(futures[i], dice % 8 ? dice >> 8 : 0, &c->done);
            futures[i] = NULL;
        }
    }
    for (int i = 0; i < ALARMS; i++)
        if (futures[i])
            collect(futures[i], mix((uint64_t)i + c->number) | 1, &c->done);
    return NULL;
}

/* Cancelled at any moment, or until the executor is gone, or until it ends itself. */
static void *series_thread(void *arg)
{
    struct client *c = arg;
    long *counts = calloc(SERIES, sizeof *counts);
    weft_future *futures[SERIES] = {NULL};
    for (int i = 0; i < SERIES; i++)
        (void)refused(weft_submit_every(c->round->executor, 0, 1 + (int64_t)(mix(c->number) % 20000), tick,
                                        &counts[i], &futures[i]));
    for (int i = 0; i < SERIES; i++) {
        uint64_t dice = mix(c->number + (uint64_t)i);
        int status = -1;
        if (!futures[i])
            continue;
        for (uint64_t yields = dice % 300; yields; yields--)
            sched_yield();
        if (dice & 1024)
            CHECK(weft_future_cancel(futures[i]) != -EINVAL, "cancel");
        CHECK(!weft_future_get(futures[i], &status), "get");
        CHECK(status == 5 || status == -ECANCELED, "a series ended with %d", status);
        atomic_fetch_add(status == 5 ? &ended_itself : &cancelled, 1);
        weft_future_release(futures[i]);
    }
    return counts;
}

static void round_of(weft_pool *pool, uint64_t number, int mode)
{
    struct round r = {0};
    struct client clients[CLIENTS];
    pthread_t threads[CLIENTS];
    void *counts;
    long done = 0;
    CHECK(!weft_executor_create(&r.executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = (int)(number % 3))),
          "create");
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.round = &r, .number = number * CLIENTS + (uint64_t)i};
        pthread_create(&threads[i], NULL, i ? client_thread : series_thread, &clients[i]);
    }
    for (uint64_t yields = mix(number) % 400; yields; yields--)
        sched_yield();
    CHECK(!weft_executor_shutdown(r.executor, mode, WEFT_FOREVER), "shutdown");
    CHECK(refused(weft_submit_after(r.executor, 0, once, &r.ran, NULL)), "now it is too late for sure");
    for (int i = 1; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        done += atomic_load(&clients[i].done);
    }
    pthread_join(threads[0], &counts);
    CHECK(!weft_executor_destroy(r.executor), "destroy");
    CHECK(atomic_load(&r.ran) >= done, "%ld ran, %ld were told", atomic_load(&r.ran), done);
    for (int i = 0; i < SERIES; i++)
        atomic_fetch_add(&ticked, ((long *)counts)[i]);
    free(counts);
}

/* Whatever becomes of those in the rounds. */
static void left_alone_it_ends_itself(weft_pool *pool)
{
    weft_executor *own;
    weft_future *series = NULL;
    long count = 0;
    int status = -1;
    CHECK(!weft_pool_executor(pool, &own), "its own");
    CHECK(!weft_submit_every(own, 0, 1, tick, &count, &series), "every");
    CHECK(!weft_future_get(series, &status), "get");
    CHECK(status == 5 && count == 40, "status %d after %ld", status, count);
    weft_future_release(series);
}

int main(void)
{
    stress_start("race_timer");
    for (int workers = 1; workers <= 3; workers++) {
        weft_pool *pool = stress_pool(workers, 4);
        left_alone_it_ends_itself(pool);
        for (int round = 0; round < 200; round++)
            round_of(pool, (uint64_t)round, round % 3);
        stress_end(pool);
    }
    /* And a pool that ends while something is set. */
    for (int round = 0; round < 200; round++) {
        weft_pool *pool = stress_pool(1 + round % 3, 2);
        weft_executor *own;
        weft_future *far = NULL, *series = NULL;
        long count = 0;
        atomic_long ran = 0;
        CHECK(!weft_pool_executor(pool, &own), "its own");
        CHECK(!weft_submit_after(own, INT64_C(1000000000000), once, &ran, &far), "submit");
        CHECK(!weft_submit_every(own, 0, 1000, tick, &count, &series), "every");
        for (uint64_t yields = mix((uint64_t)round) % 50; yields; yields--)
            sched_yield();
        stress_end(pool);
        CHECK(weft_future_status(far) == -ECANCELED && !ran, "what was far off");
        CHECK(weft_future_status(series) == -ECANCELED || count == 40, "the series");
        weft_future_release(far);
        weft_future_release(series);
    }
    printf("%ld cancelled, %ld ticks, %ld ended, %ld too late\n", atomic_load(&cancelled),
           atomic_load(&ticked), atomic_load(&ended_itself), atomic_load(&too_late));
    return tally_end();
}
