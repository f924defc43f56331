/* SPDX-License-Identifier: MIT */
/* executors.h - what the tests of executors share: one that is made and ended, and tasks that count. */
#ifndef WEFT_TESTS_EXECUTORS_H
#define WEFT_TESTS_EXECUTORS_H

#include "sem.h"
#include <time.h>

#define MANY 5000

static UNUSED weft_executor *make(const weft_executor_config *config)
{
    weft_executor *executor = NULL;
    int err = weft_executor_create(&executor, config);
    cr_assert_eq(err, 0, "create: %s", weft_strerror(err));
    return executor;
}

static UNUSED void end(weft_executor *executor)
{
    int err = weft_executor_destroy(executor);
    cr_assert_eq(err, 0, "destroy: %s", weft_strerror(err));
}

static UNUSED int get(weft_future *future)
{
    int status = 12345, err = weft_future_get(future, &status);
    cr_assert_eq(err, 0, "get: %s", weft_strerror(err));
    weft_future_release(future);
    return status;
}

static UNUSED int count_up(void *arg)
{
    return atomic_fetch_add((atomic_int *)arg, 1) + 1;
}

/* How many run at the same time. */
struct crowd {
    atomic_int now, most, runs;
};

static UNUSED int crowd_in(void *arg)
{
    struct crowd *c = arg;
    int now = atomic_fetch_add(&c->now, 1) + 1, most = atomic_load(&c->most);
    while (now > most && !atomic_compare_exchange_weak(&c->most, &most, now))
        ;
    for (int i = 0; i < 20; i++)
        sched_yield();
    atomic_fetch_sub(&c->now, 1);
    atomic_fetch_add(&c->runs, 1);
    return 0;
}

struct line {
    int next, order[100];
};

struct stand {
    struct line *line;
    int number;
};

static UNUSED int note(void *arg)
{
    struct stand *s = arg;
    s->line->order[s->line->next++] = s->number;
    return 0;
}

struct nest {
    weft_executor *executor;
    int depth;
};

struct door {
    atomic_int inside, open;
};

static UNUSED int stand_in_the_door(void *arg)
{
    struct door *d = arg;
    atomic_store(&d->inside, 1);
    while (!atomic_load(&d->open))
        sched_yield();
    return 0;
}

static UNUSED int square(const void *arg, void *result)
{
    *(long *)result = *(const int *)arg * (long)*(const int *)arg;
    return 0;
}

static UNUSED atomic_int destroyed;

static UNUSED void destroy(void *arg)
{
    (void)arg;
    atomic_fetch_add(&destroyed, 1);
}

#endif
