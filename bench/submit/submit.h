/* SPDX-License-Identifier: MIT */
/*
 * bench/submit/submit.h - one thread outside the pool submits tasks and collects their statuses.
 *
 *  - BENCH_MEASURE (a flag in benchmarks.txt) is one of the four submit_measure_ functions below.
 *  - The pool has N threads beside the one outside.
 *  - share: how many of the tasks ran in another thread than the one outside.
 *  - wake-call, over-wake: in round-trip-idle each round trip is preceded by a bare FUTEX_WAKE, after as long an
 *    idleness; what that took, and what the round trip took more (medians).
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
 * after get. */
struct submit_api {
    const char *prefix; /* of the metrics' names */
    void (*submit)(long i);
    int (*get)(long i); /* waits, gives the status and the memory back */
    int gates;          /* tasks that keep all workers busy, for `bytes`; 0: that is not measured */
};

static __thread bool submit_is_outside;
static uint32_t submit_ran[SUBMIT_TASKS]; /* each entry is the running task's own */
static long submit_ran_outside;           /* owned by the thread outside */
static long submit_submitted, submit_wrong;

static int submit_gates, submit_at_gate; /* how many tasks wait at a closed gate: the first ones */
static bool submit_timed, submit_started;
static double submit_when; /* published by submit_started */

static inline int submit_status(long i)
{
    return (int)(i % 64);
}

static inline void submit_wait_at_gate(void)
{
    __atomic_fetch_add(&submit_at_gate, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&submit_gates, __ATOMIC_RELAXED))
        sched_yield();
}

static inline int submit_task(long i)
{
    if (submit_timed) {
        submit_when = bench_now();
        __atomic_store_n(&submit_started, true, __ATOMIC_RELEASE);
    }
    if (i < __atomic_load_n(&submit_gates, __ATOMIC_RELAXED))
        submit_wait_at_gate();
    submit_ran[i]++;
    if (submit_is_outside)
        submit_ran_outside++;
    return submit_status(i);
}

static inline void submit_one(const struct submit_api *api, long i)
{
    submit_submitted++;
    api->submit(i);
}

static inline void submit_get(const struct submit_api *api, long i)
{
    submit_wrong += api->get(i) != submit_status(i);
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
    int status = bench_check("the number of tasks that ran", ran, submit_submitted);
    return bench_check("the number of wrong statuses", submit_wrong, 0) | status;
}

static inline void submit_print_share(const struct submit_api *api)
{
    double outside = (double)submit_ran_outside / (double)submit_submitted;
    submit_print(api, "share", 100 * (1 - outside), "%");
}

/* ---- submit: many tasks, then all of them collected ---------------------------------------------- */

static inline double submit_resident(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%*d %ld", &pages) != 1) {
        fprintf(stderr, "cannot read /proc/self/statm\n");
        exit(1);
    }
    fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* The memory of tasks that nobody has begun, while the workers are kept at the gate. */
static inline void submit_measure_bytes(const struct submit_api *api, long n)
{
    __atomic_store_n(&submit_gates, api->gates, __ATOMIC_RELAXED);
    for (long i = 0; i < api->gates; i++)
        submit_one(api, i);
    while (__atomic_load_n(&submit_at_gate, __ATOMIC_RELAXED) < api->gates)
        sched_yield();
    double before = submit_resident();
    for (long i = api->gates; i < n; i++)
        submit_one(api, i);
    submit_print(api, "bytes", (submit_resident() - before) / (double)(n - api->gates), "bytes");
    __atomic_store_n(&submit_gates, 0, __ATOMIC_RELAXED);
    submit_at_gate = 0;
    for (long i = 0; i < n; i++)
        submit_get(api, i);
}

static inline double submit_all(const struct submit_api *api, long n, double *submitting)
{
    double start = bench_now();
    for (long i = 0; i < n; i++)
        submit_one(api, i);
    *submitting = bench_now() - start;
    for (long i = 0; i < n; i++)
        submit_get(api, i);
    return bench_now() - start;
}

__attribute__((unused)) static int submit_measure_many(const struct bench *b, const struct submit_api *api)
{
    const long n = b->quick ? SUBMIT_TASKS_QUICK : SUBMIT_TASKS;
    double all[BENCH_REPEATS], submitting[BENCH_REPEATS], sum = 0;
    int runs = 0;
    memset(submit_ran, 0xff, sizeof submit_ran); /* touched, and no page of zeros */
    memset(submit_ran, 0, sizeof submit_ran);
    if (api->gates)
        submit_measure_bytes(api, n);
    submit_submitted = submit_ran_outside = 0;
    memset(submit_ran, 0, sizeof submit_ran);
    while (runs < BENCH_REPEATS && sum < BENCH_SECONDS) {
        all[runs] = submit_all(api, n, &submitting[runs]);
        sum += all[runs++];
    }
    submit_print(api, "time", bench_median(all, runs) / (double)n * 1e9, "ns");
    submit_print(api, "submit-only", bench_median(submitting, runs) / (double)n * 1e9, "ns");
    submit_print_share(api);
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
    submit_print(api, "time", bench_time_batch(submit_round_trips, &ctx) * 1e6, "us");
    submit_print_share(api);
    return submit_check();
}

struct submit_beside {
    struct submit_api api;
    struct wake_floor floor;
    double calls[LATENCY_EVENTS + LATENCY_EVENTS / 10], over[LATENCY_EVENTS + LATENCY_EVENTS / 10];
    int events;
};

static inline double submit_beside_wake(void *arg)
{
    struct submit_beside *s = (struct submit_beside *)arg;
    double call = s->floor.there ? wake_call(&s->floor, latency_idle) : 0;
    latency_idle();
    double trip = submit_round_trip(&s->api);
    s->calls[s->events] = call;
    s->over[s->events++] = trip - call;
    return trip;
}

__attribute__((unused)) static int submit_measure_idle(const struct bench *b, const struct submit_api *api)
{
    static struct submit_beside s;
    const int n = latency_events(b);
    s.api = *api;
    s.events = 0;
    wake_start(&s.floor);
    latency_measure(b, api->prefix, NULL, submit_beside_wake, &s);
    wake_stop(&s.floor);
    submit_print_share(api);
    if (s.floor.there) {
        submit_print(api, "wake-call", bench_median(s.calls + n / 10, n) * 1e6, "us");
        submit_print(api, "over-wake", bench_median(s.over + n / 10, n) * 1e6, "us");
    }
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
    latency_measure(b, api->prefix, latency_idle, submit_start, &ctx);
    latency_measure(b, hot, NULL, submit_start, &ctx);
    submit_timed = false;
    int status = bench_check("the number of tasks that ran in the submitting thread", submit_ran_outside, 0);
    return submit_check() | status;
}

/* For main: measures one api after the other. */
static inline int submit_measure(const struct bench *b, const struct submit_api *api)
{
    submit_is_outside = true;
    submit_submitted = submit_ran_outside = 0;
    memset(submit_ran, 0, sizeof submit_ran);
    return BENCH_MEASURE(b, api);
}

#endif
