/* SPDX-License-Identifier: MIT */
/* os/futex.c - see futex.h. */
#include "os/futex.h"

#include "base/atomic.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void wait(uint32_t *word, int op, uint32_t seen, int64_t ns)
{
    int64_t from = ns < 0 ? 0 : ns;
    struct timespec t = {.tv_sec = from / 1000000000, .tv_nsec = from % 1000000000};
    (void)syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, seen, ns == WF_FOREVER ? NULL : &t, NULL,
                  FUTEX_BITSET_MATCH_ANY);
}

void wf_futex_wait(uint32_t *word, uint32_t seen, int64_t ns)
{
    wait(word, FUTEX_WAIT, seen, ns);
}

void wf_futex_wait_until(uint32_t *word, uint32_t seen, int64_t deadline_ns)
{
    wait(word, FUTEX_WAIT_BITSET, seen, deadline_ns); /* bitset: the time is absolute */
}

WF_TOGETHER void wf_futex_wake_one(uint32_t *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void wf_futex_wake_all(uint32_t *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void wf_futex_wait_shared(uint32_t *word, uint32_t seen, int64_t deadline_ns)
{
    int64_t until = deadline_ns < 0 ? 0 : deadline_ns;
    struct timespec t = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
    (void)syscall(SYS_futex, word, FUTEX_WAIT_BITSET, seen, deadline_ns == WF_FOREVER ? NULL : &t, NULL,
                  FUTEX_BITSET_MATCH_ANY);
}

void wf_futex_wake_shared(uint32_t *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
