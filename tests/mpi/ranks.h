/* SPDX-License-Identifier: MIT */
/*
 * ranks.h - what the tests of executors over ranks share: tasks, and files by which ranks tell each other where they are.
 *
 * Rank 0 checks and prints; what other ranks find wrong is their exit status. Run by tests/mpi/launch.
 */
#ifndef WEFT_TESTS_RANKS_H
#define WEFT_TESTS_RANKS_H

#include "../fault/tally.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <weft/bulk.h>
#include <weft/mpi.h>

static int rank, ranks;
static char *place; /* a directory that all ranks see */

/* ---- what other ranks run ------------------------------------------------------------------------ */

__attribute__((unused)) static int add(const void *arg, void *result)
{
    const int *two = arg;
    *(int *)result += two[0] + two[1];
    return 0;
}

__attribute__((unused)) static int square(void *out, const void *in, void *ctx)
{
    long long x = *(const long long *)in;
    (void)ctx;
    *(long long *)out += x * x; /* it begins as zeros */
    return 0;
}

/* Says by a file that it runs, and ends when it is asked to; which rank it was is the result, if one is wanted. */
__attribute__((unused)) static int until_stopped(const void *name, void *result)
{
    if (result)
        *(int *)result = rank;
    int fd = open(name, O_CREAT | O_WRONLY, 0600);
    if (fd < 0)
        return -errno;
    (void)close(fd);
    while (!weft_should_stop())
        ;
    return 7;
}

/* ---- what rank 0 checks -------------------------------------------------------------------------- */

static weft_future *submit(weft_executor *e, int (*fn)(const void *, void *), const void *arg,
                           size_t arg_bytes, size_t result_bytes, const char *label)
{
    weft_future *future = NULL;
    int err = weft_submit_task(e,
                               &(weft_task_spec){.size = sizeof(weft_task_spec),
                                                 .fn2 = fn,
                                                 .arg = (void *)(uintptr_t)arg,
                                                 .arg_bytes = arg_bytes,
                                                 .result_bytes = result_bytes,
                                                 .label = label},
                               &future);
    CHECK(!err && future, "submit: %s", weft_strerror(err));
    return future;
}

static void name_file(char *name, size_t bytes, const char *what)
{
    snprintf(name, bytes, "%s/%s", place, what);
    (void)unlink(name);
}

static void await_file(const char *name)
{
    struct stat found;
    while (stat(name, &found))
        ;
}

/* One that runs, until it is stopped, in its rank. */
__attribute__((unused)) static weft_future *submit_staying(weft_executor *e, const char *what)
{
    char name[300];
    name_file(name, sizeof name, what);
    weft_future *f = submit(e, until_stopped, name, strlen(name) + 1, sizeof(int), what);
    await_file(name);
    return f;
}

__attribute__((unused)) static size_t wrong_squares(weft_executor *e, size_t n)
{
    long long *in = calloc(n + 1, sizeof *in), *out = calloc(n + 1, sizeof *out);
    size_t wrong = 0;
    weft_map_report report = {0};
    for (size_t i = 0; i < n; i++) {
        in[i] = (long long)i;
        out[i] = 99;
    }
    int err =
        weft_executor_map(e, square, in, sizeof *in, out, sizeof *out, n, WEFT_MAP_CONFIG(.report = &report));
    for (size_t i = 0; i < n; i++)
        wrong += out[i] != (long long)(i * i);
    free(in);
    free(out);
    return wrong + (size_t)(err || report.done != n || report.failed);
}

/* ---- jobs ---------------------------------------------------------------------------------------- */

__attribute__((unused)) static void never(weft_executor *e, void *arg)
{
    (void)e;
    (void)arg;
    CHECK(0, "a job that was not to begin");
}

static int begin_ranks(int argc, char **argv, int wanted)
{
    int level;
    MPI_Init_thread(&argc, &argv, wanted, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    return level;
}

static int end_ranks(void)
{
    return rank ? atomic_load(&tally_failed) != 0 : tally_end();
}

#endif
