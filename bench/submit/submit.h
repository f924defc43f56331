/* SPDX-License-Identifier: MIT */
/*
 * bench/submit/submit.h - threads submit tasks and collect their statuses: one or two outside the pool, or a worker.
 *
 *  - BENCH_MEASURE (a flag in benchmarks.txt) is one of the submit_measure_ functions below.
 *  - The pool has N threads beside those outside.
 *  - share: how many of the tasks ran in another thread than those that submit.
 *  - wake-call, over-wake: in round-trip-idle each round trip is preceded by a bare FUTEX_WAKE, after as long an
 *    idleness; what that took, and what the round trip took more (medians). alone-: the pool was idle so long, but the
 *    submitter computed: what it needs lies in its caches.
 *  - Verified: each task ran once a submission and its status came back to the right place.
 */
#ifndef BENCH_SUBMIT_H
#define BENCH_SUBMIT_H

#include "../common_latency.h"
#include "../common_wake.h"

#include <sched.h>
#include <stdint.h>
#include <unistd.h>

#define SUBMIT_TASKS 1000000
#define SUBMIT_TASKS_QUICK 100000

/* What a runtime does. Task i is a call of submit_task(i); numbers below SUBMIT_TASKS, each submitted again only
 * after get, by the thread that submitted it. */
struct submit_api {
    const char *prefix; /* of the metrics' names */
    void (*submit)(long i);
    int (*get)(long i);                                /* waits, gives the status and the memory back */
    void (*begin)(void);                               /* what a thread that submits needs first, */
    void (*end)(void);                                 /* and last; NULL: nothing */
    void (*inside)(void (*run)(void *arg), void *arg); /* on a worker, and waits; NULL: that cannot be done */
};

struct submit_counts {
    long submitted, ran, wrong;
};

static __thread struct submit_counts submit_mine; /* of each thread */
static struct submit_counts submit_sum;           /* of those that submit */
static uint32_t submit_ran[SUBMIT_TASKS];         /* each entry is the running task's own */

static bool submit_timed, submit_started;
static double submit_when; /* published by submit_started */

static inline int submit_status(long i)
{
    return (int)(i % 64);
}

static inline int submit_task(long i)
{
    if (submit_timed) {
        submit_when = bench_now();
        __atomic_store_n(&submit_started, true, __ATOMIC_RELEASE);
    }
    submit_ran[i]++;
    submit_mine.ran++;
    return submit_status(i);
}

static inline void submit_one(const struct submit_api *api, long i)
{
    submit_mine.submitted++;
    api->submit(i);
}

static inline void submit_get(const struct submit_api *api, long i)
{
    submit_mine.wrong += api->get(i) != submit_status(i);
}

static inline void submit_begin(const struct submit_api *api)
{
    memset(&submit_mine, 0, sizeof submit_mine);
    if (api->begin)
        api->begin();
}

static inline void submit_end(const struct submit_api *api)
{
    if (api->end)
        api->end();
    __atomic_fetch_add(&submit_sum.submitted, submit_mine.submitted, __ATOMIC_RELAXED);
    __atomic_fetch_add(&submit_sum.ran, submit_mine.ran, __ATOMIC_RELAXED);
    __atomic_fetch_add(&submit_sum.wrong, submit_mine.wrong, __ATOMIC_RELAXED);
}

static inline void submit_reset(void)
{
    memset(&submit_sum, 0, sizeof submit_sum);
    memset(submit_ran, 0, sizeof submit_ran);
}

static inline void submit_print(const struct submit_api *api, const char *metric, double value,
                                const char *unit)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", api->prefix, metric);
    bench_print(name, value, unit);
}

static inline int submit_check(void)
{
    long ran = 0;
    for (long i = 0; i < SUBMIT_TASKS; i++)
        ran += (long)submit_ran[i];
    int status = bench_check("the number of tasks that ran", ran, submit_sum.submitted);
    return bench_check("the number of wrong statuses", submit_sum.wrong, 0) | status;
}

static inline void submit_print_share(const struct submit_api *api)
{
    double own = (double)submit_sum.ran / (double)submit_sum.submitted;
    submit_print(api, "share", 100 * (1 - own), "%");
}

/* ---- submit: many tasks, then all of them collected ---------------------------------------------- */

/* What one thread submits and collects, and when it had submitted all. */
struct submit_part {
    const struct submit_api *api;
    long from, to;
    double submitted;
    pthread_barrier_t *start, *stop;
    pthread_t thread;
};

static inline void submit_collect(void *arg)
{
    struct submit_part *part = (struct submit_part *)arg;
    for (long i = part->from; i < part->to; i++)
        submit_one(part->api, i);
    part->submitted = bench_now();
    for (long i = part->from; i < part->to; i++)
        submit_get(part->api, i);
}

static inline long submit_many(const struct bench *b)
{
    return b->quick ? SUBMIT_TASKS_QUICK : SUBMIT_TASKS;
}

/* seconds(api, n, submitting): of n tasks; the median of some, after a first that warms up, as bench_time() has it: the
 * first touches the memory of all tasks. */
static inline void submit_repeat(const struct bench *b, const struct submit_api *api,
                                 double (*seconds)(const struct submit_api *, long, double *))
{
    double all[BENCH_REPEATS], submitting[BENCH_REPEATS], sum = 0, n = (double)submit_many(b);
    int runs = 0;
    submit_reset();
    submitting[0] = 0;
    all[0] = seconds(api, submit_many(b), &submitting[0]);
    if (all[0] > BENCH_SECONDS)
        sum = all[runs++];
    while (runs < BENCH_REPEATS && sum < BENCH_SECONDS) {
        submitting[runs] = 0;
        all[runs] = seconds(api, submit_many(b), &submitting[runs]);
        sum += all[runs++];
    }
    submit_print(api, "time", bench_median(all, runs) / n * 1e9, "ns");
    if (submitting[0] > 0)
        submit_print(api, "submit-only", bench_median(submitting, runs) / n * 1e9, "ns");
    submit_print_share(api);
}

static inline double submit_by_one(const struct submit_api *api, long n, double *submitting)
{
    struct submit_part part;
    memset(&part, 0, sizeof part);
    part.api = api;
    part.to = n;
    submit_begin(api);
    double start = bench_now();
    submit_collect(&part);
    double took = bench_now() - start;
    *submitting = part.submitted - start;
    submit_end(api);
    return took;
}

/* The memory of the tasks' numbers is touched, and has no page of zeros. */
static inline void submit_touch(void)
{
    memset(submit_ran, 0xff, sizeof submit_ran);
    memset(submit_ran, 0, sizeof submit_ran);
}

__attribute__((unused)) static int submit_measure_many(const struct bench *b, const struct submit_api *api)
{
    submit_touch();
    submit_repeat(b, api, submit_by_one);
    return submit_check();
}

/* ---- the same by two threads, half of the tasks each, and by a worker ------------------------------ */

static inline void *submit_half(void *arg)
{
    struct submit_part *part = (struct submit_part *)arg;
    submit_begin(part->api);
    pthread_barrier_wait(part->start);
    submit_collect(part);
    pthread_barrier_wait(part->stop);
    submit_end(part->api);
    return NULL;
}

static inline double submit_by_two(const struct submit_api *api, long n, double *submitting)
{
    struct submit_part part[2];
    pthread_barrier_t start, stop;
    (void)submitting;
    pthread_barrier_init(&start, NULL, 3);
    pthread_barrier_init(&stop, NULL, 3);
    for (int i = 0; i < 2; i++) {
        part[i].api = api;
        part[i].from = i ? n / 2 : 0;
        part[i].to = i ? n : n / 2;
        part[i].start = &start;
        part[i].stop = &stop;
        if (pthread_create(&part[i].thread, NULL, submit_half, &part[i])) {
            fprintf(stderr, "cannot create a thread\n");
            exit(1);
        }
    }
    pthread_barrier_wait(&start);
    double began = bench_now();
    pthread_barrier_wait(&stop);
    double took = bench_now() - began;
    for (int i = 0; i < 2; i++)
        pthread_join(part[i].thread, NULL);
    pthread_barrier_destroy(&start);
    pthread_barrier_destroy(&stop);
    return took;
}

__attribute__((unused)) static int submit_measure_two(const struct bench *b, const struct submit_api *api)
{
    submit_touch();
    submit_repeat(b, api, submit_by_two);
    return submit_check();
}

struct submit_worker {
    const struct submit_api *api;
    long n;
    double took, submitting;
};

static inline void submit_on_worker(void *arg)
{
    struct submit_worker *w = (struct submit_worker *)arg;
    w->took = submit_by_one(w->api, w->n, &w->submitting);
}

static inline double submit_by_worker(const struct submit_api *api, long n, double *submitting)
{
    struct submit_worker w = {api, n, 0, 0};
    api->inside(submit_on_worker, &w);
    *submitting = w.submitting;
    return w.took;
}

__attribute__((unused)) static int submit_measure_inside(const struct bench *b, const struct submit_api *api)
{
    if (!api->inside) {
        fprintf(stderr, "a task that waits for others needs a second worker\n");
        return BENCH_LEFT_OUT;
    }
    submit_touch();
    submit_repeat(b, api, submit_by_worker);
    return submit_check();
}

/* ---- round trips: one task at a time ------------------------------------------------------------- */

static inline double submit_round_trip(void *api)
{
    double start = bench_now();
    submit_one((const struct submit_api *)api, 0);
    submit_get((const struct submit_api *)api, 0);
    return bench_now() - start;
}

static inline void submit_round_trips(long calls, void *api)
{
    for (long i = 0; i < calls; i++) {
        submit_one((const struct submit_api *)api, 0);
        submit_get((const struct submit_api *)api, 0);
    }
}

__attribute__((unused)) static int submit_measure_hot(const struct bench *b, const struct submit_api *api)
{
    struct submit_api ctx = *api;
    (void)b;
    submit_reset();
    submit_begin(api);
    submit_print(api, "time", bench_time_batch(submit_round_trips, &ctx) * 1e6, "us");
    submit_end(api);
    submit_print_share(api);
    return submit_check();
}

struct submit_beside {
    struct submit_api api;
    void (*idle)(void);
    struct wake_floor floor;
    double calls[LATENCY_EVENTS + LATENCY_EVENTS / 10], over[LATENCY_EVENTS + LATENCY_EVENTS / 10];
    int events;
};

static inline double submit_beside_wake(void *arg)
{
    struct submit_beside *s = (struct submit_beside *)arg;
    double call = s->floor.there ? wake_call(&s->floor, s->idle) : 0;
    s->idle();
    double trip = submit_round_trip(&s->api);
    s->calls[s->events] = call;
    s->over[s->events++] = trip - call;
    return trip;
}

static inline void submit_print_beside(struct submit_beside *s, const char *metric, double *seconds, int n)
{
    if (s->floor.there)
        submit_print(&s->api, metric, bench_median(seconds + n / 10, n) * 1e6, "us");
}

__attribute__((unused)) static int submit_measure_idle(const struct bench *b, const struct submit_api *api)
{
    static struct submit_beside s;
    char alone[64];
    const int n = latency_events(b);
    s.api = *api;
    wake_start(&s.floor);
    submit_reset();
    submit_begin(api);
    s.idle = latency_idle;
    s.events = 0;
    latency_measure(b, api->prefix, NULL, submit_beside_wake, &s);
    submit_print_beside(&s, "wake-call", s.calls, n);
    submit_print_beside(&s, "over-wake", s.over, n);
    snprintf(alone, sizeof alone, "%salone-", api->prefix);
    s.idle = latency_alone;
    s.events = 0;
    latency_measure(b, alone, NULL, submit_beside_wake, &s);
    submit_print_beside(&s, "alone-wake-call", s.calls, n);
    submit_print_beside(&s, "alone-over-wake", s.over, n);
    submit_end(api);
    wake_stop(&s.floor);
    submit_print_share(api);
    return submit_check();
}

/* ---- start: from the submission to the task's first instruction, the submitter computing on -------- */

static inline double submit_start(void *arg)
{
    const struct submit_api *api = (const struct submit_api *)arg;
    submit_started = false;
    double start = bench_now();
    submit_one(api, 0);
    while (!__atomic_load_n(&submit_started, __ATOMIC_ACQUIRE))
        (void)bench_now();
    submit_get(api, 0);
    return submit_when - start;
}

__attribute__((unused)) static int submit_measure_start(const struct bench *b, const struct submit_api *api)
{
    struct submit_api ctx = *api;
    char hot[64];
    snprintf(hot, sizeof hot, "%shot-", api->prefix);
    submit_timed = true;
    submit_reset();
    submit_begin(api);
    latency_measure(b, api->prefix, latency_idle, submit_start, &ctx);
    latency_measure(b, hot, NULL, submit_start, &ctx);
    submit_end(api);
    submit_timed = false;
    int status = bench_check("the number of tasks that ran in the submitting thread", submit_sum.ran, 0);
    return submit_check() | status;
}

/* For main: measures one api after the other. */
static inline int submit_measure(const struct bench *b, const struct submit_api *api)
{
    return BENCH_MEASURE(b, api);
}

#endif
