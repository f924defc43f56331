/* SPDX-License-Identifier: MIT */
/*
 * os/usage.h - what a thread's time went into: running, waiting for a CPU, sleeping.
 *
 * How long it waited for a CPU is told by /proc/thread-self/schedstat, where the kernel has it; a reader keeps the file open
 * and is the thread's own.
 */
#ifndef WF_OS_USAGE_H
#define WF_OS_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "os/thread.h"

typedef struct wf_usage {
    int64_t wall_ns, cpu_ns;
    int64_t delay_ns; /* waited for a CPU; 0 if the kernel does not tell */
    uint64_t sleeps;  /* times that it gave its CPU up by itself */
} wf_usage;

typedef struct wf_usage_reader {
    int fd; /* negative: delays are not known */
} wf_usage_reader;

void wf_usage_open(wf_usage_reader *reader);
void wf_usage_close(wf_usage_reader *reader);
/* Since some time; to be subtracted. */
wf_usage wf_usage_now(const wf_usage_reader *reader);
wf_usage wf_usage_between(const wf_usage *from, const wf_usage *to);

/* The time that all threads of the process have run; or another one that lives. */
int64_t wf_usage_process_ns(void);
int64_t wf_usage_thread_ns(const wf_thread *thread);

#endif
