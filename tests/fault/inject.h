/* SPDX-License-Identifier: MIT */
/* inject.h - what a program finds in the preloaded inject library; see inject.c. */
#ifndef WEFT_TESTS_INJECT_H
#define WEFT_TESTS_INJECT_H

/* Calls that can be made to fail, by the names that WEFT_FAIL=name:n[+] uses. */
enum inject_call {
    INJECT_NONE,
    INJECT_MALLOC, /* malloc, calloc, realloc, aligned_alloc, posix_memalign by libweft itself */
    INJECT_MMAP,   /* mmap by libweft itself */
    INJECT_THREAD, /* pthread_create */
    INJECT_BIND,   /* sched_setaffinity, pthread_setaffinity_np, pthread_attr_setaffinity_np */
    INJECT_ASK,    /* sched_getaffinity */
    INJECT_CALLS
};

struct inject_state {
    long blocks;  /* allocations that libweft made and nobody freed */
    long mapped;  /* bytes that libweft mapped and did not unmap */
    long threads; /* threads created by anybody and not joined */
    long seen;    /* calls of the armed kind so far */
    long fired;   /* how many of them failed */
};

/* What system calls through syscall(2) are answered with, see inject_syscall.c. */
enum inject_futex {
    INJECT_FUTEX_NONE,
    INJECT_FUTEX_EINTR,
    INJECT_FUTEX_WOKEN,
    INJECT_FUTEX_EAGAIN,
    INJECT_FUTEX_ANY
};

struct inject_calls {
    int futex;       /* enum inject_futex: libweft's waits return at once with it */
    unsigned one_in; /* so many; drawn from the seed and the wait's number */
    unsigned long seed;
    long membarrier_after; /* 0: never; n: the n-th and all later ones fail */
    int membarrier_err;    /* with this */
};

struct inject_calls_state {
    long waits, waits_cut; /* since inject_calls() */
    long barriers, barriers_refused;
};

typedef void inject_calls_fn(const struct inject_calls *plan);
typedef void inject_calls_read_fn(struct inject_calls_state *state);

/* inject_arm(call, n, all): from now on the n-th call of that kind fails, and all after it if `all`. */
typedef void inject_arm_fn(int call, long n, int all);
typedef void inject_read_fn(struct inject_state *state);

#endif
