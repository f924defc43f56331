/* SPDX-License-Identifier: MIT */
/*
 * bench/common_wake.h - what FUTEX_WAKE takes its caller, as a floor to measure beside other events.
 *
 *  - Two threads, each bound to a PU of its own, sleep on a futex each. The one that is not on the caller's PU is woken.
 *  - The call in another process, or at another time, may take a third more or less: compare what was taken in turn.
 */
#ifndef BENCH_COMMON_WAKE_H
#define BENCH_COMMON_WAKE_H

#include "common.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

struct wake_sleeper {
    unsigned number; /* of the wake; WAKE_END: the last one */
    unsigned seen;   /* by the sleeper */
    size_t cpu;
    pthread_t thread;
} __attribute__((aligned(128)));

#define WAKE_END (~0u)

struct wake_floor {
    struct wake_sleeper sleeper[2];
    bool there; /* needs two processors */
};

static inline long wake_futex(unsigned *word, int op, unsigned value)
{
    return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static inline void wake_bind(size_t cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0)
        return;
    fprintf(stderr, "cannot bind a thread to processor %zu\n", cpu);
    exit(1);
}

/* The first two processors that the process may use; how many there are. */
static inline int wake_cpus(size_t cpus[2])
{
    cpu_set_t set;
    int found = 0;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++)
        if (CPU_ISSET(cpu, &set))
            cpus[found++] = cpu;
    return found;
}

static inline void *wake_sleep(void *arg)
{
    struct wake_sleeper *s = (struct wake_sleeper *)arg;
    unsigned seen = 0;
    wake_bind(s->cpu);
    while (seen != WAKE_END) {
        __atomic_store_n(&s->seen, seen, __ATOMIC_RELEASE);
        while (__atomic_load_n(&s->number, __ATOMIC_ACQUIRE) == seen)
            wake_futex(&s->number, FUTEX_WAIT, seen);
        seen = __atomic_load_n(&s->number, __ATOMIC_ACQUIRE);
    }
    return NULL;
}

static inline void wake_start(struct wake_floor *f)
{
    size_t cpus[2];
    memset(f, 0, sizeof *f);
    f->there = wake_cpus(cpus) == 2;
    for (int i = 0; f->there && i < 2; i++) {
        f->sleeper[i].cpu = cpus[i];
        if (pthread_create(&f->sleeper[i].thread, NULL, wake_sleep, &f->sleeper[i]) == 0)
            continue;
        fprintf(stderr, "cannot create a thread\n");
        exit(1);
    }
}

static inline void wake_stop(struct wake_floor *f)
{
    for (int i = 0; f->there && i < 2; i++) {
        __atomic_store_n(&f->sleeper[i].number, WAKE_END, __ATOMIC_RELEASE);
        wake_futex(&f->sleeper[i].number, FUTEX_WAKE, 1);
        pthread_join(f->sleeper[i].thread, NULL);
    }
}

/* The seconds of one call; before() comes before each. A call that found nobody asleep is repeated. */
static inline double wake_call(struct wake_floor *f, void (*before)(void))
{
    for (;;) {
        before();
        struct wake_sleeper *s = &f->sleeper[(size_t)sched_getcpu() == f->sleeper[0].cpu];
        unsigned next = s->number + 1;
        double start = bench_now();
        __atomic_store_n(&s->number, next, __ATOMIC_SEQ_CST);
        long woken = wake_futex(&s->number, FUTEX_WAKE, 1);
        double took = bench_now() - start;
        while (__atomic_load_n(&s->seen, __ATOMIC_ACQUIRE) != next)
            sched_yield();
        if (woken == 1)
            return took;
    }
}

#endif
