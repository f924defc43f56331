/* SPDX-License-Identifier: MIT */
/* race_deadlock.c - tasks that wait for each other at the same time, while spares stand in for them.
 *
 * - Each waits for an earlier one, or for a promise that an outside thread fulfils late: no wait is refused.
 * - In a ring one wait at least is refused, and all end.
 * - What a task wrote is plain: who waited for it reads it.
 */
#include "stress.h"

#include <errno.h>

#define TASKS 24

struct net;

struct node {
    struct net *net;
    int number;
    long sum; /* plain: what it and those that it waited for have */
};

struct net {
    atomic_int known; /* all futures are there */
    weft_future *future[TASKS], *late;
    struct node node[TASKS];
    int target[TASKS]; /* whom each waits for; -1: the promise */
    bool ring;
    atomic_long refused;
};

static int run_node(void *arg)
{
    struct node *self = arg;
    struct net *net = self->net;
    int target = net->target[self->number];
    while (!atomic_load(&net->known))
        sched_yield();
    disturb((uint64_t)self->number);
    int err = weft_future_wait(target < 0 ? net->late : net->future[target], WEFT_FOREVER);
    if (err == -EDEADLK)
        atomic_fetch_add(&net->refused, 1);
    else if (!err)
        self->sum = 1 + (target < 0 ? 0 : net->node[target].sum);
    return err == -EDEADLK ? 0 : err;
}

static void targets(struct net *net, uint64_t number)
{
    for (int i = 0; i < TASKS; i++)
        net->target[i] = net->ring ? (i + 1) % TASKS
                         : i       ? (int)(mix(number * TASKS + (uint64_t)i) % (uint64_t)i)
                                   : -1;
}

static int64_t in_a_moment(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec + 20000;
}

static void *wait_thread(void *arg)
{
    struct net *net = arg;
    for (int i = TASKS; i--;) {
        int err;
        while ((err = weft_future_wait(net->future[i], in_a_moment())) == -ETIMEDOUT)
            ;
        CHECK(!err, "wait: %s", weft_strerror(err));
    }
    return NULL;
}

static atomic_long refused;

static void net_of(weft_executor *executor, uint64_t number, bool ring)
{
    struct net net = {.ring = ring};
    weft_promise *promise = NULL;
    pthread_t thread;
    CHECK(!weft_promise_create(&promise, executor, &net.late), "promise");
    targets(&net, number);
    for (int i = 0; i < TASKS; i++) {
        net.node[i] = (struct node){.net = &net, .number = i};
        int err = weft_submit(executor, run_node, &net.node[i], &net.future[i]);
        CHECK(!err, "submit: %s", weft_strerror(err));
    }
    atomic_store(&net.known, 1);
    pthread_create(&thread, NULL, wait_thread, &net);
    for (uint64_t yields = mix(number) % 30; yields; yields--)
        sched_yield();
    CHECK(!weft_promise_fulfil(promise, 0), "fulfil");
    for (int i = 0; i < TASKS; i++) {
        int status = -1;
        CHECK(!weft_future_get(net.future[i], &status) && status == 0, "task %d: %d", i, status);
    }
    pthread_join(thread, NULL);
    CHECK(ring ? atomic_load(&net.refused) > 0 : atomic_load(&net.refused) == 0, "%s: %ld waits refused",
          ring ? "a ring" : "no ring", atomic_load(&net.refused));
    for (int i = 0; i < TASKS && !ring; i++)
        CHECK(net.node[i].sum == 1 + (i ? net.node[net.target[i]].sum : 0), "task %d read something else", i);
    atomic_fetch_add(&refused, atomic_load(&net.refused));
    for (int i = 0; i < TASKS; i++)
        weft_future_release(net.future[i]);
    weft_future_release(net.late);
}

int main(void)
{
    stress_start("race_deadlock");
    for (int workers = 1; workers <= 4; workers++) {
        weft_pool *pool = stress_pool(workers, 6);
        weft_executor *own, *few;
        CHECK(!weft_pool_executor(pool, &own), "its own");
        CHECK(!weft_executor_create(&few, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 2)), "executor");
        for (uint64_t number = 0; number < 300; number++)
            net_of(number % 3 == 2 ? few : own, number, number & 1);
        CHECK(!weft_executor_destroy(few), "destroy");
        stress_end(pool);
    }
    CHECK(atomic_load(&refused) >= 4 * 150, "%ld waits refused", atomic_load(&refused));
    return tally_end();
}
