/* SPDX-License-Identifier: MIT */
/*
 * job.h - what programs that map over a list from the command line need besides the map.
 *
 * Errors before the work begins end the program: a sentence on standard error, exit status 2.
 */
#ifndef JOB_H
#define JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <weft/weft.h>

_Noreturn void __attribute__((format(printf, 1, 2))) job_die(const char *format, ...);

/* The number that option --`option` was given as text. */
long job_number(const char *option, const char *text, long low, long high);

/* The directory for the results, opened; created if it is not there. */
int job_output(const char *path);

/* A pool for measurements: so many threads at a time, neither more nor fewer; WEFT_NONE: all runs in the caller.
 * 0: NULL, which is the default pool, and nothing to choose. */
weft_pool *job_pool(int workers);

/* Seconds since some moment. */
double job_now(void);

/* "3 of 13" on a terminal. No thread of its own: who finishes an item redraws the line if nobody did in the last tenth
 * of a second. Starts as n and zeros. */
struct job_progress {
    size_t n;
    bool shown;
    atomic_size_t done;
    _Atomic double drawn; /* when */
};

void job_progress_begin(struct job_progress *progress, bool quiet);

/* One more item is done: any thread. */
void job_progress_step(struct job_progress *progress);

void job_progress_end(const struct job_progress *progress);

#endif
