/* SPDX-License-Identifier: MIT */
/*
 * os/thread.h - the library's own threads: born bound, named, deaf to asynchronous signals.
 *
 * Everything is said in the attributes: the creating thread's masks are never changed, not for a moment.
 */
#ifndef WF_OS_THREAD_H
#define WF_OS_THREAD_H

#include <pthread.h>
#include <sched.h>
#include <stddef.h>

typedef struct wf_thread {
    pthread_t id;
} wf_thread;

typedef struct wf_thread_config {
    void *(*main)(void *arg);
    void *arg;
    const cpu_set_t *cpus; /* NULL: like the creator; else where it may run */
    size_t cpus_bytes;
    size_t stack_bytes; /* 0: the system's default */
    const char *name;   /* at most 15 characters */
} wf_thread_config;

/* 0 or a negative errno. A binding that the system refuses is left out: the thread then runs unbound. */
int wf_thread_create(wf_thread *thread, const wf_thread_config *config);
void wf_thread_join(wf_thread *thread);

#endif
