/* SPDX-License-Identifier: MIT */
/* os/thread.c - see thread.h. */
#include "os/thread.h"

#include <errno.h>
#include <signal.h>
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

int wf_thread_bind(const cpu_set_t *cpus, size_t bytes)
{
    return sched_setaffinity(0, bytes, cpus) ? -errno : 0;
}

int wf_thread_cpus(cpu_set_t *cpus, size_t bytes)
{
    return sched_getaffinity(0, bytes, cpus) ? -errno : 0;
}

void wf_thread_yield(void)
{
    sched_yield();
}

int wf_thread_cpu(void)
{
    return sched_getcpu();
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
