/* SPDX-License-Identifier: MIT */
/* os/thread.c - see thread.h. */
#include "os/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Synchronous signals are about the thread's own instruction; blocking them would kill the process anyway. */
static void asynchronous(sigset_t *set)
{
    static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    sigfillset(set);
    for (size_t i = 0; i < sizeof synchronous / sizeof *synchronous; i++)
        sigdelset(set, synchronous[i]);
}

int wf_thread_create(wf_thread *thread, void *(*main)(void *arg), void *arg, size_t stack_bytes)
{
    pthread_attr_t attr;
    sigset_t blocked;
    if (pthread_attr_init(&attr))
        return -ENOMEM;
    asynchronous(&blocked);
    int err = pthread_attr_setsigmask_np(&attr, &blocked);
    if (!err && stack_bytes)
        err = pthread_attr_setstacksize(&attr, stack_bytes);
    if (!err)
        err = pthread_create(&thread->id, &attr, main, arg);
    pthread_attr_destroy(&attr);
    return -err;
}

void wf_thread_join(wf_thread *thread)
{
    (void)pthread_join(thread->id, NULL);
}

void wf_thread_name(const char *name)
{
    (void)pthread_setname_np(pthread_self(), name);
}

void wf_thread_exact(void)
{
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

int wf_thread_bind_other(int thread, const cpu_set_t *cpus, size_t bytes)
{
    return sched_setaffinity(thread, bytes, cpus) ? -errno : 0;
}

int wf_thread_cpus_other(int thread, cpu_set_t *cpus, size_t bytes)
{
    return sched_getaffinity(thread, bytes, cpus) ? -errno : 0;
}

int wf_thread_cpus_first(cpu_set_t *cpus, size_t bytes)
{
    return wf_thread_cpus_other(getpid(), cpus, bytes);
}

int wf_thread_bind(const cpu_set_t *cpus, size_t bytes)
{
    return wf_thread_bind_other(0, cpus, bytes);
}

int wf_thread_cpus(cpu_set_t *cpus, size_t bytes)
{
    return wf_thread_cpus_other(0, cpus, bytes);
}

/* Below this address the calling thread's stack is as good as used up; 0: not known yet. */
static __thread uintptr_t stack_low;

/* What the thread's own descriptor, its guard and its first frames take of it. */
#define STACK_TAKEN 16384
#define STACK_KEPT_MAX 262144

static uintptr_t low_of(uintptr_t end, size_t bytes)
{
    return end + (bytes / 4 < STACK_KEPT_MAX ? bytes / 4 : STACK_KEPT_MAX);
}

void wf_thread_stack_is(size_t bytes)
{
    pthread_attr_t attr;
    if (!bytes && !pthread_attr_init(&attr)) {
        (void)pthread_attr_getstacksize(&attr, &bytes);
        pthread_attr_destroy(&attr);
    }
    if (bytes > STACK_TAKEN)
        stack_low = low_of((uintptr_t)__builtin_frame_address(0) - (bytes - STACK_TAKEN), bytes);
}

__attribute__((noinline, cold)) static void ask_stack(void)
{
    pthread_attr_t attr;
    void *end;
    size_t bytes;
    stack_low = 1;
    if (pthread_getattr_np(pthread_self(), &attr))
        return;
    if (!pthread_attr_getstack(&attr, &end, &bytes))
        stack_low = low_of((uintptr_t)end, bytes);
    pthread_attr_destroy(&attr);
}

bool wf_thread_stack_left(void)
{
    if (!stack_low)
        ask_stack();
    return (uintptr_t)__builtin_frame_address(0) > stack_low;
}

void wf_thread_yield(void)
{
    sched_yield();
}

int wf_thread_cpu(void)
{
    return sched_getcpu();
}

/* Its state is the letter behind its name, which may hold anything but ends at the last parenthesis: proc_pid_stat(5). */
bool wf_thread_sleeps(int tid)
{
    char path[48], text[128];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t bytes = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[bytes > 0 ? bytes : 0] = 0;
    const char *name_end = strrchr(text, ')');
    return name_end && (!strncmp(name_end, ") S", 3) || !strncmp(name_end, ") D", 3));
}

int wf_thread_number(uint64_t generation)
{
    static __thread int number;
    static __thread uint64_t known; /* a child's only thread has another number than in the parent */
    if (known != generation) {
        number = gettid();
        known = generation;
    }
    return number;
}
