/* SPDX-License-Identifier: MIT */
/*
 * os/thread.h - the library's own threads: deaf to asynchronous signals from birth, named and bound by
 * themselves, so that creating many is quick and the creating thread's masks are never touched.
 */
#ifndef WF_OS_THREAD_H
#define WF_OS_THREAD_H

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct wf_thread {
    pthread_t id;
} wf_thread;

/* stack_bytes 0: the system's default. 0 or a negative errno. */
int wf_thread_create(wf_thread *thread, void *(*main)(void *arg), void *arg, size_t stack_bytes);
void wf_thread_join(wf_thread *thread);

/* The calling thread's name (15 characters count) and where it may run; 0 or a negative errno: it runs
 * where it could before. */
void wf_thread_name(const char *name);
int wf_thread_bind(const cpu_set_t *cpus, size_t bytes);
/* Where the kernel says that it may run; 0 or a negative errno. */
int wf_thread_cpus(cpu_set_t *cpus, size_t bytes);
/* The same of another thread of the process, as the kernel calls it. */
int wf_thread_bind_other(int thread, const cpu_set_t *cpus, size_t bytes);
int wf_thread_cpus_other(int thread, cpu_set_t *cpus, size_t bytes);
int wf_thread_cpus_first(cpu_set_t *cpus, size_t bytes); /* of the one that main() was called in */

/* A thread of the library's says how much stack it was created with, as deep in its main as here. */
void wf_thread_stack_is(size_t bytes);
/* Is more than a quarter of the calling thread's stack left, or 256 KiB? At the first call in a thread of the host's the
 * C library is asked; unknown: yes. */
bool wf_thread_stack_left(void);

/* Timeouts of the calling thread end when they are due, not up to 50 us later (prctl(2), timer slack). */
void wf_thread_exact(void);

/* Lets another thread of this PU run. */
void wf_thread_yield(void);
/* What the kernel calls the calling thread. A system call once a thread, and generation (os/memory.h). */
int wf_thread_number(uint64_t generation);
/* Does the kernel say that this thread of the process sleeps, and does not only wait for a CPU? Unknown: no. */
bool wf_thread_sleeps(int tid);
/* The PU that the calling thread is on just now; negative: not known. */
int wf_thread_cpu(void);

#endif
