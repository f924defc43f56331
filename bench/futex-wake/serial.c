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

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

struct wake {
    _Atomic unsigned number, answer; /* of the wake; of the sleeper, when it has seen it */
    double woken;                    /* published by answer */
    double calls[LATENCY_EVENTS + LATENCY_EVENTS / 10];
    size_t cpus[2];
    int events;
    long wrong;
};

static long futex(_Atomic unsigned *word, int op, unsigned value)
{
    return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static void bind_to(size_t cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0)
        return;
    fprintf(stderr, "cannot bind a thread to processor %zu\n", cpu);
    exit(1);
}

/* The first two processors that the process may use. */
static void find_cpus(size_t cpus[2])
{
    cpu_set_t set;
    int found = 0;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++)
        if (CPU_ISSET(cpu, &set))
            cpus[found++] = cpu;
    if (found == 2)
        return;
    fprintf(stderr, "needs two processors\n");
    exit(1);
}

static void *sleeper(void *arg)
{
    struct wake *w = arg;
    bind_to(w->cpus[1]);
    for (unsigned seen = 0; seen < (unsigned)w->events; seen++) {
        atomic_store(&w->answer, seen);
        while (atomic_load(&w->number) == seen)
            futex(&w->number, FUTEX_WAIT, seen);
        w->woken = bench_now();
    }
    atomic_store(&w->answer, (unsigned)w->events);
    return NULL;
}

static double wake_event(void *ctx)
{
    struct wake *w = ctx;
    unsigned before = atomic_load(&w->number);
    w->wrong += atomic_load(&w->answer) != before;
    double start = bench_now();
    atomic_store(&w->number, before + 1);
    w->wrong += futex(&w->number, FUTEX_WAKE, 1) != 1;
    w->calls[before] = bench_now() - start;
    while (atomic_load(&w->answer) == before)
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
    find_cpus(w.cpus);
    bind_to(w.cpus[0]);
    w.events = n + n / 10;
    if (pthread_create(&thread, NULL, sleeper, &w))
        return 1;
    latency_measure(&b, "", latency_idle, wake_event, &w);
    pthread_join(thread, NULL);
    bench_print("wake-call", bench_median(w.calls + n / 10, n) * 1e6, "us");
    return bench_check("the number of wakes that went wrong", w.wrong, 0);
}
