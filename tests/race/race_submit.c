/* SPDX-License-Identifier: MIT */
/* race_submit.c - submitters from outside and inside, waiters, cancellers and releases, all at once.
 *
 * - Tasks write plain memory that their waiter reads; each task counts its runs in plain memory of its own, so that
 *   one run too many, or one before it was submitted, is a race or a wrong count.
 * - Accepted is run plus cancelled, exactly, also when the pool is destroyed right after.
 */
#include "stress.h"

#include "sched/worker.h"

#include <errno.h>

struct job {
    int runs, depth;
    uint64_t number;
    weft_future *future;
};

static atomic_long ran;

static int run_job(void *arg)
{
    struct job *job = arg;
    struct job inner[2] = {{0, job->depth - 1, job->number * 2 + 1, NULL},
                           {0, job->depth - 1, job->number * 2 + 2, NULL}};
    int sum = 1;
    job->runs++;
    atomic_fetch_add(&ran, 1);
    disturb(job->number);
    for (int i = 0; job->depth > 0 && i < 2; i++)
        if (weft_submit(NULL, run_job, &inner[i], &inner[i].future))
            return -1000;
    for (int i = 0; job->depth > 0 && i < 2; i++) {
        int status = -1000, at = mix(job->number) % 2 ? i : 1 - i;
        if (weft_future_get(inner[at].future, &status))
            return -1000;
        weft_future_release(inner[at].future);
        sum += status + (inner[at].runs - 1) * 1000;
    }
    return sum;
}

struct client {
    weft_pool *pool;
    int number, rounds;
    long wrong, accepted, cancelled;
};

#define BUNCH 40

/* What the client does with the i-th future of a bunch. */
static void collect(struct client *c, struct job *job, uint64_t dice)
{
    int status = -1, expected = (2 << job->depth) - 1, cancelled = 0;
    if (dice % 5 == 0) {
        int err = weft_future_cancel(job->future);
        cancelled = err == 0;
        c->wrong += err != 0 && err != -EBUSY && err != -EALREADY;
    } else if (dice % 5 == 1) {
        int err = weft_future_wait(job->future, (int64_t)(dice % 100000));
        c->wrong += err != 0 && err != -ETIMEDOUT;
    }
    c->wrong += weft_future_get(job->future, &status) != 0;
    c->wrong += status != (cancelled ? -ECANCELED : expected);
    c->wrong += job->runs != !cancelled;
    c->cancelled += cancelled ? expected : 0;
    weft_future_release(job->future);
}

static void *client_thread(void *arg)
{
    struct client *c = arg;
    weft_executor *executor;
    c->wrong += weft_pool_executor(c->pool, &executor) != 0;
    for (int r = 0; r < c->rounds; r++) {
        struct job jobs[BUNCH];
        for (int i = 0; i < BUNCH; i++) {
            uint64_t number = (uint64_t)(c->number * 100000 + r * BUNCH + i);
            jobs[i] = (struct job){0, (int)(mix(number) % 4), number, NULL};
            c->wrong += weft_submit(executor, run_job, &jobs[i], &jobs[i].future) != 0;
            c->accepted += (2 << jobs[i].depth) - 1;
            disturb(number + 7);
        }
        for (int i = 0; i < BUNCH; i++) {
            uint64_t dice = mix((uint64_t)(c->number * 77777 + r * BUNCH + i));
            collect(c, &jobs[i], dice);
        }
    }
    return NULL;
}

static void clients(int workers, int threads, int rounds)
{
    struct client c[8];
    pthread_t t[8];
    weft_pool *pool = stress_pool(workers, 4);
    long accepted = 0, cancelled = 0, wrong = 0;
    atomic_store(&ran, 0);
    for (int i = 0; i < threads; i++) {
        c[i] = (struct client){pool, i, rounds, 0, 0, 0};
        CHECK(pthread_create(&t[i], NULL, client_thread, &c[i]) == 0, "host thread");
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(t[i], NULL);
        accepted += c[i].accepted;
        cancelled += c[i].cancelled;
        wrong += c[i].wrong;
    }
    stress_end(pool);
    CHECK(wrong == 0, "%d workers, %d threads: %ld wrong", workers, threads, wrong);
    CHECK(atomic_load(&ran) == accepted - cancelled, "ran %ld, accepted %ld, cancelled %ld",
          atomic_load(&ran), accepted, cancelled);
}

/* ---- detached tasks, and the pool destroyed at once ---- */

static int spawn(void *arg)
{
    intptr_t depth = (intptr_t)arg;
    atomic_fetch_add(&ran, 1);
    disturb((uint64_t)depth);
    for (int i = 0; depth > 0 && i < 3; i++)
        if (weft_submit(NULL, spawn, (void *)(depth - 1), NULL))
            atomic_fetch_sub(&ran, 1000000);
    return 0;
}

static void drained(int workers, int rounds)
{
    for (int r = 0; r < rounds; r++) {
        weft_executor *executor;
        weft_pool *pool = stress_pool(workers, 1);
        atomic_store(&ran, 0);
        CHECK(weft_pool_executor(pool, &executor) == 0, "executor");
        for (int i = 0; i < 10; i++)
            if (!CHECK(weft_submit(executor, spawn, (void *)(intptr_t)3, NULL) == 0, "submit"))
                return;
        stress_end(pool);
        CHECK(atomic_load(&ran) == 400, "%d workers: %ld of 400 ran", workers, atomic_load(&ran));
    }
}

/* ---- idle gaps: each submission finds the pool at another stage of falling asleep ---- */

static int post(void *arg)
{
    atomic_store((atomic_int *)arg, 1);
    return 0;
}

static void gaps(int workers, int rounds)
{
    weft_executor *executor;
    weft_pool *pool = stress_pool(workers, 2);
    CHECK(weft_pool_executor(pool, &executor) == 0, "executor");
    for (int i = 0; i < rounds; i++) {
        atomic_int posted = 0;
        struct timespec nap = {0, (long)(mix((uint64_t)i) % 1500000)};
        if (!CHECK(weft_submit(executor, post, &posted, NULL) == 0, "submit"))
            break;
        while (!atomic_load(&posted))
            sched_yield();
        nanosleep(&nap, NULL);
    }
    stress_end(pool);
}

/* ---- a pool without threads: who submits finds another taker at the inbox, and runs its task all the same ---- */

static weft_pool *bare;

static void *submit_there(void *posted)
{
    weft_executor *executor;
    if (!weft_pool_executor(bare, &executor))
        (void)weft_submit(executor, post, posted, NULL);
    return NULL;
}

static void crowded_inbox(int rounds)
{
    bare = stress_pool(WEFT_NONE, 2);
    for (int i = 0; i < rounds; i++) {
        pthread_t submitter;
        atomic_int posted = 0;
        wf_inbox *inbox = &bare->inboxes[WF_STRICT];
        wf_store_seq_cst(&inbox->lock, 1u);
        if (!CHECK(pthread_create(&submitter, NULL, submit_there, &posted) == 0, "host thread"))
            break;
        while (!wf_inbox_visible(inbox))
            sched_yield();
        for (int late = 0; late < 20; late++)
            sched_yield();
        wf_store_seq_cst(&inbox->lock, 0u);
        pthread_join(submitter, NULL);
        if (!CHECK(atomic_load(&posted), "round %d: submit returned, and the task stays behind", i))
            exit(tally_end()); /* the pool's end would wait for it */
    }
    stress_end(bare);
}

int main(void)
{
    stress_start("race_submit");
    clients(1, 2, 200);
    clients(2, 3, 200);
    clients(4, 4, 150);
    clients(WEFT_NONE, 2, 50);
    drained(1, 30);
    drained(3, 60);
    gaps(1, 300);
    gaps(3, 500);
    crowded_inbox(200);
    return tally_end();
}
