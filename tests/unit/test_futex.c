/* SPDX-License-Identifier: MIT */
/* os/futex: what does not sleep, what ends by itself, one and all that are woken, words that are gone. */
#include "os/futex.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sys/mman.h>

#include "base/atomic.h"
#include "os/clock.h"
#include "surroundings.h"

TestSuite(futex, .timeout = 240);

/* Each of these would sleep for ever if it slept. */
Test(futex, another_value_does_not_sleep)
{
    uint32_t word = 5;
    wf_futex_wait(&word, 4, WF_FOREVER);
    wf_futex_wait(&word, UINT32_MAX, WF_FOREVER);
    wf_futex_wait_until(&word, 4, WF_FOREVER);
    cr_assert_eq(word, 5);
}

Test(futex, no_time_is_no_sleep)
{
    static const int64_t gone[] = {0, -1, INT64_MIN, 1};
    uint32_t word = 5;
    for (int i = 0; i < 4; i++) {
        wf_futex_wait(&word, 5, gone[i]);
        wf_futex_wait_until(&word, 5, gone[i]);
    }
    wf_futex_wait_until(&word, 5, wf_now_ns());
    cr_assert_eq(word, 5);
}

/* How often this thread gave its core away of its own will. */
static long times_off_the_cpu(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) ? -1 : usage.ru_nvcsw;
}

/* Who gets no CPU until the time is over does not sleep any more: once more. One that never sleeps is a hang. */
Test(futex, sleeps_end_by_themselves)
{
    uint32_t word = 5;
    long before = times_off_the_cpu();
    while (times_off_the_cpu() == before)
        wf_futex_wait(&word, 5, 3000000);
    before = times_off_the_cpu();
    while (times_off_the_cpu() == before)
        wf_futex_wait_until(&word, 5, wf_now_ns() + 3000000);
    for (int i = 0; i < 3; i++)
        wf_futex_wait(&word, 5, 1000000);
    cr_assert_eq(word, 5);
}

enum { SLEEPERS = 3 };

typedef struct scene {
    uint32_t word;
    int until; /* a time, though it never comes */
    int number[SLEEPERS];
    int started, ended;
} scene;

static void *sleeper(void *arg)
{
    scene *s = arg;
    int i = __atomic_fetch_add(&s->started, 1, __ATOMIC_ACQ_REL);
    __atomic_store_n(&s->number[i], thread_number(), __ATOMIC_RELEASE);
    while (wf_load_acquire(&s->word) == 7)
        if (s->until)
            wf_futex_wait_until(&s->word, 7, WF_FOREVER - 1);
        else
            wf_futex_wait(&s->word, 7, i % 2 ? WF_FOREVER - 1 : WF_FOREVER);
    __atomic_fetch_add(&s->ended, 1, __ATOMIC_ACQ_REL);
    return NULL;
}

static void start(scene *s, pthread_t threads[SLEEPERS])
{
    for (int i = 0; i < SLEEPERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, sleeper, s), 0);
    for (int i = 0; i < SLEEPERS; i++) {
        while (!__atomic_load_n(&s->number[i], __ATOMIC_ACQUIRE))
            sched_yield();
        until_asleep(s->number[i]);
    }
    cr_assert_eq(__atomic_load_n(&s->ended, __ATOMIC_ACQUIRE), 0);
}

static void join(const pthread_t threads[SLEEPERS])
{
    for (int i = 0; i < SLEEPERS; i++)
        pthread_join(threads[i], NULL);
}

Test(futex, all_are_woken)
{
    for (int until = 0; until < 2; until++) {
        scene s = {.word = 7, .until = until};
        pthread_t threads[SLEEPERS];
        start(&s, threads);
        wf_store_release(&s.word, 8u);
        wf_futex_wake_all(&s.word);
        join(threads);
        cr_assert_eq(s.ended, SLEEPERS);
    }
}

/* As many wakes as sleepers: were one wake lost, the last would not come back. */
Test(futex, one_after_the_other_is_woken)
{
    scene s = {.word = 7};
    pthread_t threads[SLEEPERS];
    start(&s, threads);
    wf_store_release(&s.word, 8u);
    for (int i = 0; i < SLEEPERS; i++)
        wf_futex_wake_one(&s.word);
    join(threads);
    cr_assert_eq(s.ended, SLEEPERS);
}

/* A wake without a change: they look again and sleep on. */
Test(futex, a_wake_alone_ends_nothing)
{
    scene s = {.word = 7};
    pthread_t threads[SLEEPERS];
    start(&s, threads);
    wf_futex_wake_all(&s.word);
    for (int i = 0; i < SLEEPERS; i++)
        until_asleep(s.number[i]);
    cr_assert_eq(__atomic_load_n(&s.ended, __ATOMIC_ACQUIRE), 0);
    wf_store_release(&s.word, 8u);
    wf_futex_wake_all(&s.word);
    join(threads);
}

Test(futex, a_wake_needs_no_word)
{
    uint32_t *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(word, MAP_FAILED);
    cr_assert_eq(munmap(word, 4096), 0);
    wf_futex_wake_one(word);
    wf_futex_wake_all(word);
    cr_assert_not(is_mapped(word));
}
