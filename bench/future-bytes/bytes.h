/* SPDX-License-Identifier: MIT */
/*
 * bench/future-bytes/bytes.h - the memory of a million futures whose tasks nobody has begun, per future.
 *
 *  - What the process's resident memory grows by; the array of handles is there before.
 *  - The workers wait at a gate meanwhile. Each kind is measured in a process of its own.
 *  - Verified: each future ends with its own status when the gate is opened.
 */
#ifndef BENCH_BYTES_H
#define BENCH_BYTES_H

#include "../common.h"

#include <sched.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES_FUTURES 1000000
#define BYTES_FUTURES_QUICK 100000

struct bytes_kind {
    const char *name;
    void (*start)(int workers);
    void (*gate)(void);   /* submits bytes_wait_at_gate */
    void (*make)(long i); /* a pending future */
    void (*open)(long n); /* after the gate is open: lets those end that no worker runs; NULL */
    int (*get)(long i);
};

static int bytes_at_gate;
static bool bytes_gate_open;

static inline void bytes_wait_at_gate(void)
{
    __atomic_fetch_add(&bytes_at_gate, 1, __ATOMIC_RELAXED);
    while (!__atomic_load_n(&bytes_gate_open, __ATOMIC_ACQUIRE))
        sched_yield();
}

static inline int bytes_status(long i)
{
    return (int)(i % 64);
}

static inline double bytes_resident(void)
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

static inline int bytes_of(const struct bench *b, const struct bytes_kind *kind)
{
    const long n = b->quick ? BYTES_FUTURES_QUICK : BYTES_FUTURES;
    long wrong = 0;
    kind->start(b->workers);
    for (int i = 0; i < b->workers; i++)
        kind->gate();
    while (__atomic_load_n(&bytes_at_gate, __ATOMIC_RELAXED) < b->workers)
        sched_yield();
    double before = bytes_resident();
    for (long i = 0; i < n; i++)
        kind->make(i);
    bench_print(kind->name, (bytes_resident() - before) / (double)n, "bytes");
    __atomic_store_n(&bytes_gate_open, true, __ATOMIC_RELEASE);
    if (kind->open)
        kind->open(n);
    for (long i = 0; i < n; i++)
        wrong += kind->get(i) != bytes_status(i);
    return bench_check("the number of wrong statuses", wrong, 0);
}

/* Before there are any threads. */
static inline int bytes_measure(const struct bench *b, const struct bytes_kind *kind)
{
    int status = 1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(bytes_of(b, kind));
    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status))
        return WEXITSTATUS(status);
    fprintf(stderr, "%s: no measurement\n", kind->name);
    return 1;
}

#endif
