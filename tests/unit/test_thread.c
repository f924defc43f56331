/* SPDX-License-Identifier: MIT */
/* os/thread: binding, signal mask, name, stack, and what the creator keeps. */
#include "os/thread.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

typedef struct seen {
    sigset_t blocked;
    cpu_set_t cpus;
    char name[16];
    size_t stack_bytes;
} seen;

static void *look(void *arg)
{
    seen *s = arg;
    pthread_attr_t attr;
    pthread_sigmask(SIG_BLOCK, NULL, &s->blocked);
    sched_getaffinity(0, sizeof s->cpus, &s->cpus);
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstacksize(&attr, &s->stack_bytes);
    pthread_attr_destroy(&attr);
    return NULL;
}

Test(thread, is_born_as_asked_and_leaves_its_creator_alone)
{
    seen s;
    cpu_set_t before, after, one;
    sigset_t mask_before, mask_after;
    sched_getaffinity(0, sizeof before, &before);
    pthread_sigmask(SIG_BLOCK, NULL, &mask_before);
    size_t cpu = 0;
    while (!CPU_ISSET(cpu, &before))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    wf_thread thread;
    wf_thread_config config = {look, &s, &one, sizeof one, 256 * 1024, "weft-test"};
    cr_assert_eq(wf_thread_create(&thread, &config), 0);
    wf_thread_join(&thread);
    cr_assert(CPU_EQUAL(&s.cpus, &one));
    cr_assert(sigismember(&s.blocked, SIGINT) && sigismember(&s.blocked, SIGUSR1) &&
              sigismember(&s.blocked, SIGTERM));
    cr_assert(!sigismember(&s.blocked, SIGSEGV) && !sigismember(&s.blocked, SIGFPE) &&
              !sigismember(&s.blocked, SIGBUS));
    cr_assert_geq(s.stack_bytes, 256 * 1024);
    cr_assert_lt(s.stack_bytes, 1024 * 1024);
    sched_getaffinity(0, sizeof after, &after);
    pthread_sigmask(SIG_BLOCK, NULL, &mask_after);
    cr_assert(CPU_EQUAL(&before, &after));
    cr_assert_eq(memcmp(&mask_before, &mask_after, sizeof(unsigned long)), 0);
}

Test(thread, runs_unbound_where_the_binding_is_refused)
{
    seen s;
    cpu_set_t impossible, own;
    CPU_ZERO(&impossible);
    CPU_SET(CPU_SETSIZE - 1, &impossible);
    sched_getaffinity(0, sizeof own, &own);
    wf_thread thread;
    wf_thread_config config = {look, &s, &impossible, sizeof impossible, 0, "weft-test"};
    cr_assert_eq(wf_thread_create(&thread, &config), 0);
    wf_thread_join(&thread);
    cr_assert(CPU_EQUAL(&s.cpus, &own));
}

Test(thread, a_stack_that_cannot_be_had_is_an_error)
{
    wf_thread thread;
    wf_thread_config config = {look, NULL, NULL, 0, (size_t)1 << 60, "weft-test"};
    cr_assert_lt(wf_thread_create(&thread, &config), 0);
}
