/* SPDX-License-Identifier: MIT */
/* os/thread: signal mask, stack, name, binding, and what the creator keeps. */
#include "os/thread.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct seen {
    const cpu_set_t *bind; /* NULL: do not */
    int bound, told;
    sigset_t blocked;
    cpu_set_t cpus;
    char name[16];
    size_t stack_bytes;
} seen;

static void *look(void *arg)
{
    seen *s = arg;
    pthread_attr_t attr;
    wf_thread_name("weft-test");
    if (s->bind)
        s->bound = wf_thread_bind(s->bind, sizeof *s->bind);
    pthread_sigmask(SIG_BLOCK, NULL, &s->blocked);
    s->told = wf_thread_cpus(&s->cpus, sizeof s->cpus);
    pthread_getname_np(pthread_self(), s->name, sizeof s->name);
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstacksize(&attr, &s->stack_bytes);
    pthread_attr_destroy(&attr);
    return NULL;
}

Test(thread, is_as_asked_and_leaves_its_creator_alone)
{
    cpu_set_t before, after, one;
    sigset_t mask_before, mask_after;
    sched_getaffinity(0, sizeof before, &before);
    pthread_sigmask(SIG_BLOCK, NULL, &mask_before);
    size_t cpu = 0;
    while (!CPU_ISSET(cpu, &before))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    seen s = {.bind = &one};
    wf_thread thread;
    cr_assert_eq(wf_thread_create(&thread, look, &s, 256 * 1024), 0);
    wf_thread_join(&thread);
    cr_assert_eq(s.bound, 0);
    cr_assert_eq(s.told, 0);
    cr_assert(CPU_EQUAL(&s.cpus, &one));
    cr_assert_str_eq(s.name, "weft-test");
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

Test(thread, runs_on_where_it_was_when_a_binding_is_refused)
{
    cpu_set_t impossible, own;
    CPU_ZERO(&impossible);
    CPU_SET(CPU_SETSIZE - 1, &impossible);
    sched_getaffinity(0, sizeof own, &own);
    seen s = {.bind = &impossible};
    wf_thread thread;
    cr_assert_eq(wf_thread_create(&thread, look, &s, 0), 0);
    wf_thread_join(&thread);
    cr_assert_eq(s.bound, -EINVAL);
    cr_assert(CPU_EQUAL(&s.cpus, &own));
}

Test(thread, a_stack_that_cannot_be_had_is_an_error)
{
    seen s = {0};
    wf_thread thread;
    cr_assert_lt(wf_thread_create(&thread, look, &s, (size_t)1 << 60), 0);
}

static void *number_of_another(void *out)
{
    *(int *)out = wf_thread_number(1);
    return NULL;
}

Test(thread, has_the_number_that_the_kernel_gave_it)
{
    wf_thread thread;
    int other = 0;
    cr_assert_eq(wf_thread_number(1), (int)gettid());
    cr_assert_eq(wf_thread_number(1), (int)gettid(), "also the one that it remembers");
    cr_assert_eq(wf_thread_create(&thread, number_of_another, &other, 0), 0);
    wf_thread_join(&thread);
    cr_assert(other > 0 && other != (int)gettid());
}

Test(thread, in_a_child_of_fork_has_the_childs_number)
{
    int status;
    (void)wf_thread_number(1);
    pid_t child = fork();
    if (child == 0)
        _exit(wf_thread_number(2) == (int)getpid() ? 42 : 1);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}
