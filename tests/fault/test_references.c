/* SPDX-License-Identifier: MIT */
/* test_references.c - a future with as many references as it can have: one more is refused, none is lost.
 *
 * - Threads retain until they are told -EOVERFLOW: together they have got all that were left, no more. What would hold it, too,
 *   is refused then, and has done nothing; one less, and there is room again.
 * - Of a future that is pending, running or done. In the end its record is back, and was not a moment before.
 */
#include "no_memory.h"
#include "tally.h"

#include <pthread.h>
#include <sched.h>
#include <weft/weft.h>

enum { THREADS = 3, LEAST = 4000000, MOST = 1 << 22, STATUS = 6 };

static int status_task(void *unused)
{
    (void)unused;
    return STATUS;
}

static int held_task(void *go)
{
    while (!atomic_load((atomic_int *)go))
        sched_yield();
    return STATUS;
}

static int after_task(weft_future *before, void *arg)
{
    (void)before;
    (void)arg;
    return 0;
}

/* ---- all the references there are -------------------------------------------------------------------- */
struct taker {
    weft_future *future;
    pthread_t thread;
    long taken;
    int err;
};

static void *take_all(void *arg)
{
    struct taker *t = arg;
    while (t->taken <= MOST && !(t->err = weft_future_retain(t->future)))
        t->taken++;
    return NULL;
}

static void *give_all(void *arg)
{
    struct taker *t = arg;
    for (; t->taken; t->taken--)
        weft_future_release(t->future);
    return NULL;
}

static void together(struct taker *takers, void *(*what)(void *))
{
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&takers[i].thread, NULL, what, &takers[i]), "thread");
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(takers[i].thread, NULL), "join");
}

/* ---- what holds a future, too ------------------------------------------------------------------------ */
static void is_refused_by_all(weft_executor *executor, weft_future *future)
{
    weft_future *both[2] = {future, future}, *made = NULL;
    weft_completions *set = NULL;
    long records = what_is_out().records;
    CHECK(weft_future_retain(future) == -EOVERFLOW, "one more");
    CHECK(weft_future_then(future, executor, after_task, NULL, &made) == -ENOMEM && !made, "then");
    CHECK(weft_future_then(future, WEFT_INLINE, after_task, NULL, &made) == -ENOMEM && !made, "inline");
    CHECK(weft_when_all(both, 2, &made) == -ENOMEM && !made, "when_all");
    CHECK(weft_when_any(both, 2, &made) == -ENOMEM && !made, "when_any");
    CHECK(!weft_completions_create(&set), "set");
    CHECK(weft_completions_add(set, future, NULL) == -ENOMEM && !weft_completions_left(set), "into a set");
    CHECK(weft_completions_next(set, WEFT_FOREVER, NULL, NULL) == WEFT_EEND, "which is empty");
    weft_completions_destroy(set);
    CHECK(what_is_out().records == records, "%ld records are out", what_is_out().records - records);
}

/* Room for one of the two that it needs. */
static void half_is_given_back(weft_future *future)
{
    weft_future *both[2] = {future, future}, *made = NULL;
    weft_future_release(future);
    CHECK(weft_when_all(both, 2, &made) == -ENOMEM && !made, "when_all with room for one");
    CHECK(!weft_future_retain(future) && weft_future_retain(future) == -EOVERFLOW, "there is room for one");
}

static void full(weft_executor *executor, weft_future *future, int state, const char *name)
{
    struct taker takers[THREADS] = {{.future = future}, {.future = future}, {.future = future}};
    long taken = 0;
    together(takers, take_all);
    for (int i = 0; i < THREADS; i++) {
        CHECK(takers[i].err == -EOVERFLOW, "%s: got %d", name, takers[i].err);
        taken += takers[i].taken;
    }
    CHECK(taken >= LEAST - 4 && taken < MOST, "%s: %ld more references", name, taken);
    CHECK(weft_future_state(future) == state, "%s: it is %d", name, weft_future_state(future));
    is_refused_by_all(executor, future);
    half_is_given_back(future);
    together(takers, give_all);
    CHECK(weft_future_state(future) == state, "%s: it is %d afterwards", name, weft_future_state(future));
}

/* ---- in every state ----------------------------------------------------------------------------------- */
static void records_are(long records, const char *name)
{
    while (what_is_out().records >
           records) /* a worker may be about to give its own back; tally_watch() ends it */
        sched_yield();
    CHECK(what_is_out().records == records, "%s: %ld records too few", name, records - what_is_out().records);
}

/* One reference is left: it is all there still, and gone after that one. */
static void last_one(weft_future *future, long records, const char *name)
{
    int status = -1;
    CHECK(!weft_future_get(future, &status) && status == STATUS, "%s: its status: %d", name, status);
    records_are(records + 1, name);
    weft_future_release(future);
    records_are(records, name);
}

static void pending(weft_executor *executor)
{
    weft_promise *promise = NULL;
    weft_future *future = NULL;
    long records = what_is_out().records;
    CHECK(!weft_promise_create(&promise, executor, &future), "promise");
    full(executor, future, WEFT_PENDING, "pending");
    CHECK(!weft_promise_fulfil(promise, STATUS), "fulfil");
    last_one(future, records, "pending");
}

static void running_and_done(weft_executor *executor)
{
    atomic_int go = 0;
    weft_future *future = NULL;
    long records = what_is_out().records;
    CHECK(!weft_submit(executor, held_task, &go, &future), "submit");
    while (weft_future_state(future) != WEFT_RUNNING)
        sched_yield();
    full(executor, future, WEFT_RUNNING, "running");
    atomic_store(&go, 1);
    CHECK(!weft_future_get(future, NULL), "get");
    full(executor, future, WEFT_DONE, "done");
    last_one(future, records, "done");
}

/* It ends while it has all of them: nobody takes more away than his own. */
static void ends_full(weft_executor *executor)
{
    atomic_int go = 0;
    weft_future *future = NULL;
    struct taker taker = {0};
    long records = what_is_out().records;
    CHECK(!weft_submit(executor, held_task, &go, &future), "submit");
    taker.future = future;
    (void)take_all(&taker);
    CHECK(taker.err == -EOVERFLOW, "got %d", taker.err);
    atomic_store(&go, 1);
    CHECK(!weft_future_get(future, NULL), "get");
    (void)give_all(&taker);
    last_one(future, records, "ended with all");
}

int main(void)
{
    weft_pool *pool = NULL, *common = NULL;
    weft_executor *executor = NULL, *limited = NULL;
    weft_future *first = NULL;
    int status = -1;
    tally_watch(360);
    CHECK(!weft_pool_default(&common), "the default pool"); /* a promise's followers are its */
    CHECK(!weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2, .flat = 1)), "pool");
    CHECK(!weft_pool_executor(pool, &executor), "its executor");
    CHECK(!weft_executor_create(&limited, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)), "executor");
    CHECK(!weft_submit(limited, status_task, NULL, &first) && !weft_future_get(first, &status) &&
              status == STATUS,
          "a task: %d", status);
    weft_future_release(first);
    records_are(0, "at the start");
    pending(executor);
    running_and_done(executor);
    ends_full(executor);
    ends_full(limited);
    CHECK(!weft_executor_destroy(limited) && !weft_pool_destroy(pool) && !weft_pool_destroy(common),
          "destroy");
    CHECK(!what_is_out().blocks && !what_is_out().maps, "%ld blocks, %ld mappings are out",
          what_is_out().blocks, what_is_out().maps);
    return tally_end();
}
