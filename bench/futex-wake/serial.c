/* SPDX-License-Identifier: MIT */
/*
 * bench/futex-wake/serial.c - the floor below all latencies: what it takes to wake a thread on another PU.
 *
 *  - Two threads, each bound to a PU of its own. One sleeps on a futex, the other wakes it after 2 ms of idleness.
 *  - wake-call: how long FUTEX_WAKE takes its caller. median, p99: from before the call until the other runs.
 *  - Verified: each call woke one thread, and it saw each number in turn.
 */
#include "../common_latency.h"
#include "../common_serial.h"
#include "../common_wake.h"

struct wake {
    unsigned number, answer; /* of the wake; of the sleeper, when it has seen it */
    double woken;            /* published by answer */
    double calls[LATENCY_EVENTS + LATENCY_EVENTS / 10];
    size_t cpus[2];
    int events;
    long wrong;
};

static void *sleeper(void *arg)
{
    struct wake *w = arg;
    wake_bind(w->cpus[1]);
    for (unsigned seen = 0; seen < (unsigned)w->events; seen++) {
        __atomic_store_n(&w->answer, seen, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&w->number, __ATOMIC_SEQ_CST) == seen)
            wake_futex(&w->number, FUTEX_WAIT, seen);
        w->woken = bench_now();
    }
    __atomic_store_n(&w->answer, (unsigned)w->events, __ATOMIC_SEQ_CST);
    return NULL;
}

static double wake_event(void *ctx)
{
    struct wake *w = ctx;
    unsigned before = __atomic_load_n(&w->number, __ATOMIC_SEQ_CST);
    w->wrong += __atomic_load_n(&w->answer, __ATOMIC_SEQ_CST) != before;
    double start = bench_now();
    __atomic_store_n(&w->number, before + 1, __ATOMIC_SEQ_CST);
    w->wrong += wake_futex(&w->number, FUTEX_WAKE, 1) != 1;
    w->calls[before] = bench_now() - start;
    while (__atomic_load_n(&w->answer, __ATOMIC_SEQ_CST) == before)
        continue;
    return w->woken - start;
}

int main(int argc, char **argv)
{
    static struct wake w;
    struct bench b = bench_args(argc, argv);
    pthread_t thread;
    const int n = latency_events(&b);
    bench_serial();
    if (wake_cpus(w.cpus) < 2) {
        fprintf(stderr, "needs two processors\n");
        return 1;
    }
    wake_bind(w.cpus[0]);
    w.events = n + n / 10;
    if (pthread_create(&thread, NULL, sleeper, &w))
        return 1;
    latency_measure(&b, "", latency_idle, wake_event, &w);
    pthread_join(thread, NULL);
    bench_print("wake-call", bench_median(w.calls + n / 10, n) * 1e6, "us");
    return bench_check("the number of wakes that went wrong", w.wrong, 0);
}
