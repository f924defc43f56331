/* SPDX-License-Identifier: MIT */
/*
 * bench/submit/bare.c - a floor for round-trip-idle: the least that a submission with a future, and its get, can do.
 *
 *  - One slot for one task, and one thread that sleeps, on each of two processors. submit takes a record from its thread's list, puts it
 *    into the slot that is not its own processor's and wakes the thread there by a bare FUTEX_WAKE. get takes the task
 *    back and runs it, or waits for who was quicker; then it puts the record back.
 *  - No pool to find, no executor, no queue: no more than one task at a time, no forks in it, nobody to cancel it. The calls
 *    are functions of their own, as a library's are.
 *  - What it takes over the wake call is what caches that went cold cost any program: about a dozen lines.
 */
#include "submit.h"

struct record {
    struct record *next;
    long i;
    int status;
    unsigned references; /* who has the future, and who runs the task or is to */
} __attribute__((aligned(128)));

struct sleeper {
    unsigned number; /* of the wake; WAKE_END: the last one */
    struct record *slot;
    size_t cpu;
    pthread_t thread;
} __attribute__((aligned(128)));

static struct sleeper sleepers[2];
static __thread struct record *unused;

/* True: that was the last reference. */
static bool give_up(struct record *r)
{
    return __atomic_sub_fetch(&r->references, 1, __ATOMIC_ACQ_REL) == 0;
}

static void run(struct record *r)
{
    r->status = submit_task(r->i);
    (void)give_up(r);
}

static __attribute__((noinline)) struct record *hand_over(long i)
{
    struct record *r = unused;
    struct sleeper *s = &sleepers[(size_t)sched_getcpu() == sleepers[0].cpu];
    unused = r->next;
    r->i = i;
    r->references = 2;
    __atomic_store_n(&s->slot, r, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&s->number, 1, __ATOMIC_SEQ_CST);
    wake_futex(&s->number, FUTEX_WAKE, 1);
    return r;
}

static bool take_back(struct sleeper *s, struct record *r)
{
    return __atomic_load_n(&s->slot, __ATOMIC_RELAXED) == r &&
           __atomic_compare_exchange_n(&s->slot, &r, NULL, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static __attribute__((noinline)) int collect(struct record *r)
{
    if (take_back(&sleepers[0], r) || take_back(&sleepers[1], r))
        run(r);
    while (__atomic_load_n(&r->references, __ATOMIC_ACQUIRE) != 1)
        sched_yield();
    return r->status;
}

static __attribute__((noinline)) void release(struct record *r)
{
    if (!give_up(r))
        return;
    r->next = unused;
    unused = r;
}

static void *sleep_and_run(void *arg)
{
    struct sleeper *s = arg;
    unsigned seen = 0;
    wake_bind(s->cpu);
    while (seen != WAKE_END) {
        while (__atomic_load_n(&s->number, __ATOMIC_ACQUIRE) == seen)
            wake_futex(&s->number, FUTEX_WAIT, seen);
        seen = __atomic_load_n(&s->number, __ATOMIC_ACQUIRE);
        struct record *r = __atomic_exchange_n(&s->slot, NULL, __ATOMIC_ACQ_REL);
        if (r)
            run(r);
    }
    return NULL;
}

static struct record *submitted;

static void submit(long i)
{
    submitted = hand_over(i);
}

static int get(long i)
{
    int status = collect(submitted);
    (void)i;
    release(submitted);
    return status;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    static struct record record;
    size_t cpus[2];
    if (b.workers != 2 || wake_cpus(cpus) != 2) {
        fprintf(stderr, "two threads, on a processor each\n");
        return BENCH_LEFT_OUT;
    }
    unused = &record;
    for (int i = 0; i < 2; i++) {
        sleepers[i].cpu = cpus[i];
        if (pthread_create(&sleepers[i].thread, NULL, sleep_and_run, &sleepers[i])) {
            fprintf(stderr, "cannot create a thread\n");
            return 1;
        }
    }
    const struct submit_api api = {"", submit, get, NULL, NULL, NULL};
    int status = submit_measure(&b, &api);
    for (int i = 0; i < 2; i++) {
        __atomic_store_n(&sleepers[i].number, WAKE_END, __ATOMIC_RELEASE);
        wake_futex(&sleepers[i].number, FUTEX_WAKE, 1);
        pthread_join(sleepers[i].thread, NULL);
    }
    return status;
}
