/* SPDX-License-Identifier: MIT */
/* os/thread.c - see thread.h. */
#include "os/thread.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>

/* Synchronous signals are about the thread's own instruction; blocking them would kill the process anyway. */
static void asynchronous(sigset_t *set)
{
    static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    sigfillset(set);
    for (size_t i = 0; i < sizeof synchronous / sizeof *synchronous; i++)
        sigdelset(set, synchronous[i]);
}

static int create(wf_thread *thread, const wf_thread_config *config, const cpu_set_t *cpus)
{
    pthread_attr_t attr;
    sigset_t blocked;
    if (pthread_attr_init(&attr))
        return -ENOMEM;
    asynchronous(&blocked);
    int err = pthread_attr_setsigmask_np(&attr, &blocked);
    if (!err && cpus)
        err = pthread_attr_setaffinity_np(&attr, config->cpus_bytes, cpus);
    if (!err && config->stack_bytes)
        err = pthread_attr_setstacksize(&attr, config->stack_bytes);
    if (!err)
        err = pthread_create(&thread->id, &attr, config->main, config->arg);
    if (!err)
        (void)pthread_setname_np(thread->id, config->name);
    pthread_attr_destroy(&attr);
    return -err;
}

int wf_thread_create(wf_thread *thread, const wf_thread_config *config)
{
    int err = create(thread, config, config->cpus);
    if (err && config->cpus)
        err = create(thread, config, NULL);
    return err;
}

void wf_thread_join(wf_thread *thread)
{
    (void)pthread_join(thread->id, NULL);
}
