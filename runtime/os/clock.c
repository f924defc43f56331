/* SPDX-License-Identifier: MIT */
/* os/clock.c - see clock.h. */
#include "os/clock.h"

#include <time.h>

#include "base/atomic.h"

/* Ticks per 1,024 ns; 0: not measured yet. */
static uint64_t ticks_per_1024ns;

int64_t wf_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t wf_thread_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The kernel's number for the CPU clock of one thread: clock_getcpuclockid(3), with a thread's number. */
static clockid_t clock_of(int tid)
{
    return (clockid_t)(~(unsigned)tid << 3 | 6u);
}

int64_t wf_thread_ns_of(int tid)
{
    struct timespec t;
    if (tid <= 0 || clock_gettime(clock_of(tid), &t))
        return -1;
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#if defined(__x86_64__)
typedef struct moment {
    int64_t ns;
    uint64_t ticks;
} moment;

/* Both clocks at one moment: of some looks the quickest, so that nothing has come between the two. */
static moment look(void)
{
    moment best = {0, 0};
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 8; i++) {
        uint64_t before = wf_ticks();
        int64_t now = wf_now_ns();
        uint64_t took = wf_ticks() - before;
        if (took < least) {
            least = took;
            best = (moment){now, before};
        }
    }
    return best;
}
#endif

static uint64_t measure(void)
{
#if defined(__aarch64__)
    uint64_t hz;
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
    return hz * 1024 / 1000000000;
#elif defined(__x86_64__)
    moment from = look(), to;
    do
        to = look();
    while (to.ns - from.ns < 20000);
    return (to.ticks - from.ticks) * 1024 / (uint64_t)(to.ns - from.ns);
#else
    return 1024;
#endif
}

void wf_clock_init(void)
{
    if (wf_load_relaxed(&ticks_per_1024ns)) /* re-checked: any thread may measure, all find about the same */
        return;
    uint64_t rate = measure();
    wf_store_relaxed(&ticks_per_1024ns, rate ? rate : 1); /* statistic: a rate, nothing hangs on its order */
}

uint64_t wf_ticks_cost(void)
{
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 64; i++) {
        uint64_t before = wf_ticks(), passed = wf_ticks() - before;
        best = passed < best ? passed : best;
    }
    return best;
}

uint64_t wf_ticks_of(int64_t ns)
{
    return ((uint64_t)ns * wf_load_relaxed(&ticks_per_1024ns)) / 1024 + 1; /* statistic */
}

int64_t wf_ns_of(uint64_t ticks)
{
    uint64_t rate = wf_load_relaxed(&ticks_per_1024ns); /* statistic */
    if (!rate)
        return 0;
    return (int64_t)(ticks / rate * 1024 + ticks % rate * 1024 / rate);
}
