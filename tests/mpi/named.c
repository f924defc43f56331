/* SPDX-License-Identifier: MIT */
/*
 * named.c - two programs, compiled from this with another FACTOR each, that have nothing in common but names of functions.
 *
 *     named works | start | nobody | nobody-else
 *
 * works: rank 0 submits by these names, and what it gets is what the other program makes. start: as works, but the other ranks
 * know the names only since .start. nobody, nobody-else: rank 0 registers a name that no other rank has, which runs the same
 * program, or the other one.
 * Rank 0 checks and prints; what other ranks find wrong is their exit status.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <weft/bulk.h>
#include <weft/mpi.h>
#include <weft/process.h>

#include "../fault/tally.h"

static int rank;
static const char *how;

static int times(const void *arg, void *result)
{
    *(int *)result = FACTOR * *(const int *)arg;
    return 0;
}

static int each_times(void *out, const void *in, void *ctx)
{
    (void)ctx;
    *(int *)out = FACTOR * *(const int *)in;
    return 0;
}

static int complains(const void *arg, void *result)
{
    (void)arg;
    (void)result;
    return weft_fail(FACTOR, "program %d", FACTOR);
}

static int nameless(const void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}

static void add(const char *name, weft_process_fn *fn)
{
    int err = weft_process_register(name, fn);
    CHECK(!err, "%s: %s", name, weft_strerror(err));
}

static void add_all(void)
{
    add("times", (weft_process_fn *)times);
    add("each times", (weft_process_fn *)each_times);
    add("complains", (weft_process_fn *)complains);
}

/* ---- rank 0 -------------------------------------------------------------------------------------- */

#define THERE (5 - FACTOR) /* the other program's */

static weft_future *submit(weft_executor *e, int (*fn)(const void *, void *), int *status)
{
    int x = 14;
    weft_future *f = NULL;
    const weft_task_spec spec = {
        .size = sizeof spec, .fn2 = fn, .arg = &x, .arg_bytes = sizeof x, .result_bytes = sizeof x};
    int err = weft_submit_task(e, &spec, &f);
    CHECK(!err, "submit: %s", weft_strerror(err));
    (void)weft_future_get(f, status);
    return f;
}

static void tasks(weft_executor *e)
{
    int status;
    weft_future *f = submit(e, times, &status);
    const int *result = weft_future_result(f);
    CHECK(!status && result && *result == 14 * THERE, "%d, %d", status, result ? *result : 0);
    weft_future_release(f);
    f = submit(e, complains, &status);
    CHECK(status == THERE && strstr(weft_future_error(f), THERE == 2 ? ": program 2" : ": program 3"),
          "%d, %s", status, weft_future_error(f));
    weft_future_release(f);
}

static void map(weft_executor *e)
{
    enum { N = 1000 };
    int in[N], out[N], wrong = 0;
    for (int i = 0; i < N; i++)
        in[i] = i;
    int err = weft_executor_map(e, each_times, in, sizeof *in, out, sizeof *out, N, NULL);
    for (int i = 0; i < N; i++)
        wrong += out[i] != THERE * i;
    CHECK(!err && !wrong, "%s, %d wrong", weft_strerror(err), wrong);
}

static void unknown(weft_executor *e, const char *words)
{
    int status;
    weft_future *f = submit(e, nameless, &status);
    CHECK(status == -ENOENT && strstr(weft_future_error(f), words), "%d, %s", status, weft_future_error(f));
    weft_future_release(f);
}

static void job(weft_executor *e, void *arg)
{
    (void)arg;
    tasks(e);
    map(e);
    unknown(e, "has no name");
    add("late", (weft_process_fn *)nameless);
    unknown(e, "no function is registered there as 'late'");
}

/* ---- all ----------------------------------------------------------------------------------------- */

static int start(void *arg)
{
    (void)arg;
    if (!strcmp(how, "start"))
        add_all();
    return 0;
}

static void see_refused(int err, const char *said, bool others)
{
    CHECK(err == -ELIBBAD && !strncmp(said, "rank 1 (", 8) &&
              strstr(said, "registered as 'nobody', which rank 0 (") &&
              !strstr(said, "it runs another program") == !others,
          "%d, %s", err, said);
}

int main(int argc, char **argv)
{
    char said[200] = "";
    int level;
    how = argc > 1 ? argv[1] : "";
    tally_watch(360);
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (!rank || strcmp(how, "start"))
        add_all();
    if (rank)
        add("more", (weft_process_fn *)nameless); /* to know more than is asked for is no fault */
    else if (!strncmp(how, "nobody", 6))
        add("nobody", (weft_process_fn *)nameless);
    int err = weft_mpi_run(MPI_COMM_WORLD, job, NULL,
                           WEFT_MPI_CONFIG(.start = start, .said = said, .said_bytes = sizeof said));
    if (!strncmp(how, "nobody", 6))
        see_refused(err, said, !strcmp(how, "nobody-else"));
    else
        CHECK(!err, "%d, %s", err, said);
    MPI_Finalize();
    return rank ? atomic_load(&tally_failed) != 0 : tally_end();
}
