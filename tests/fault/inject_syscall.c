/* SPDX-License-Identifier: MIT */
/* inject_syscall.c - the part of the inject library that stands before syscall(2): futex and membarrier.
 *
 * - A futex wait of libweft's returns at once: interrupted, woken without a reason, or as if the word had changed. A
 *   caller has to look at the word again in every case.
 * - membarrier fails from the n-th call of libweft's on. All else is passed on, also liburcu's membarrier: a refusal that
 *   begins between libweft's look and liburcu's call would end the program.
 */
#include "inject.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

void inject_calls(const struct inject_calls *wanted);
void inject_calls_read(struct inject_calls_state *state);
int inject_ours(const void *caller);
long syscall(long number, ...);

static long (*_Atomic real)(long, ...);
static struct inject_calls plan; /* changes while no pool lives */
static atomic_long waits, waits_cut, barriers, barriers_refused;

void inject_calls(const struct inject_calls *wanted)
{
    plan = wanted ? *wanted : (struct inject_calls){0};
    atomic_store(&waits, 0);
    atomic_store(&waits_cut, 0);
    atomic_store(&barriers, 0);
    atomic_store(&barriers_refused, 0);
}

void inject_calls_read(struct inject_calls_state *state)
{
    *state = (struct inject_calls_state){atomic_load(&waits), atomic_load(&waits_cut), atomic_load(&barriers),
                                         atomic_load(&barriers_refused)};
}

static uint64_t draw(uint64_t x)
{
    x += plan.seed + 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Which answer this wait gets; INJECT_FUTEX_NONE: the kernel's. */
static int cut(long op)
{
    int wait = (op & FUTEX_CMD_MASK) == FUTEX_WAIT || (op & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
    if (!wait || plan.futex == INJECT_FUTEX_NONE)
        return INJECT_FUTEX_NONE;
    uint64_t r = draw((uint64_t)atomic_fetch_add(&waits, 1));
    if ((r >> 32) % plan.one_in)
        return INJECT_FUTEX_NONE;
    atomic_fetch_add(&waits_cut, 1);
    return plan.futex == INJECT_FUTEX_ANY ? (int)(r % 3) + INJECT_FUTEX_EINTR : plan.futex;
}

static int refused(void)
{
    long n = atomic_fetch_add(&barriers, 1) + 1;
    if (!plan.membarrier_after || n < plan.membarrier_after)
        return 0;
    atomic_fetch_add(&barriers_refused, 1);
    return 1;
}

static long fail(int err)
{
    errno = err;
    return -1;
}

long syscall(long number, ...)
{
    long a[6];
    va_list args;
    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    if (!atomic_load(&real)) {
        void *found = dlsym(RTLD_NEXT, "syscall");
        long (*next)(long, ...);
        memcpy(&next, &found, sizeof next);
        atomic_store(&real, next);
    }
    int mine = inject_ours(__builtin_return_address(0));
    if (mine && number == SYS_membarrier && refused())
        return fail(plan.membarrier_err);
    switch (mine && number == SYS_futex ? cut(a[1]) : INJECT_FUTEX_NONE) {
    case INJECT_FUTEX_EINTR:
        return fail(EINTR);
    case INJECT_FUTEX_WOKEN:
        return 0;
    case INJECT_FUTEX_EAGAIN:
        return fail(EAGAIN);
    default:
        return atomic_load(&real)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}
