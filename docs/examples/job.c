/* SPDX-License-Identifier: MIT */
/* job.c - see job.h. */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

_Noreturn void job_die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(2);
}

long job_number(const char *option, const char *text, long low, long high)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < low || value > high)
        job_die("--%s: '%s' is not a number from %ld to %ld", option, text, low, high);
    return value;
}

int job_output(const char *path)
{
    if (mkdir(path, 0777) && errno != EEXIST)
        job_die("cannot create %s: %s", path, strerror(errno));
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        job_die("cannot open %s: %s", path, strerror(errno));
    return dir;
}

weft_pool *job_pool(int workers)
{
    weft_pool *pool = NULL;
    int err =
        workers ? weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = workers, .spare_max = WEFT_NONE)) : 0;
    if (err)
        job_die("%s", weft_strerror(err));
    return pool;
}

double job_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void job_progress_begin(struct job_progress *progress, bool quiet)
{
    progress->shown = !quiet && isatty(STDERR_FILENO);
}

void job_progress_step(struct job_progress *progress)
{
    size_t done = atomic_fetch_add(&progress->done, 1) + 1;
    if (!progress->shown)
        return;
    double time = job_now(), drawn = atomic_load(&progress->drawn);
    if (time - drawn >= 0.1 && atomic_compare_exchange_strong(&progress->drawn, &drawn, time))
        fprintf(stderr, "\r%zu of %zu ", done, progress->n);
}

void job_progress_end(const struct job_progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
}
