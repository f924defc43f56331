/* SPDX-License-Identifier: MIT */
/*
 * ending.c - a program that ends in one of several ways; tests/mpi/test_endings looks at how.
 *
 *     ending sum | single | kill | exit | kill-map | kill-root | kill-start
 *
 * It maps 100 numbers and prints their sum, and how the call ended on each rank. single: MPI is initialised without threads.
 * kill, exit: a rank ends in the middle of a task; in a map; the submitting one; one that is to begin.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weft/bulk.h>
#include <weft/mpi.h>

#ifdef ANOTHER
const char another[] = "another build-id";
#endif

static int rank;
static const char *how;

static void die(void)
{
    char name[300];
    snprintf(name, sizeof name, "%s/died", getenv("WEFT_TEST_PLACE"));
    int fd = open(name, O_CREAT | O_WRONLY, 0600); /* what it prints now may be lost with it */
    if (fd >= 0)
        (void)close(fd);
    if (!strcmp(how, "exit"))
        _exit(3);
    raise(SIGKILL);
}

static int last_words(const void *arg, void *result)
{
    (void)arg;
    (void)result;
    die();
    return 0;
}

/* It ends only if it is stopped, or its rank is. */
static int for_ever(const void *arg, void *result)
{
    (void)arg;
    (void)result;
    while (!weft_should_stop())
        ;
    return 0;
}

static int copy(void *out, const void *in, void *ctx)
{
    (void)ctx;
    if (!strcmp(how, "kill-map") && *(const int *)in == 50)
        die();
    *(int *)out = *(const int *)in;
    return 0;
}

static void sum(weft_executor *ranks)
{
    int in[100], out[100], all = 0;
    for (int i = 0; i < 100; i++)
        in[i] = i;
    int err = weft_executor_map(ranks, copy, in, sizeof *in, out, sizeof *out, 100, NULL);
    for (int i = 0; i < 100; i++)
        all += out[i];
    if (err)
        printf("no map: %s\n", weft_strerror(err));
    else
        printf("sum %d\n", all);
}

static void submit(weft_executor *ranks, int (*fn)(const void *arg, void *result), int *status)
{
    weft_future *future;
    if (weft_submit_task(ranks, &(weft_task_spec){.size = sizeof(weft_task_spec), .fn2 = fn}, &future))
        return;
    if (status)
        (void)weft_future_get(future, status);
    weft_future_release(future);
}

static void job(weft_executor *ranks, void *arg)
{
    int status;
    (void)arg;
    if (!strcmp(how, "kill-root")) {
        submit(ranks, for_ever, NULL);
        die();
    }
    if (!strcmp(how, "kill") || !strcmp(how, "exit"))
        submit(ranks, last_words, &status);
    sum(ranks);
}

static int start(void *arg)
{
    (void)arg;
    if (rank == 2 && !strcmp(how, "kill-start"))
        die();
    return 0;
}

int main(int argc, char **argv)
{
    int level;
    char said[200] = "";
    how = argc > 1 ? argv[1] : "sum";
    alarm(400); /* later than who looks at it */
    MPI_Init_thread(&argc, &argv, strcmp(how, "single") ? MPI_THREAD_FUNNELED : MPI_THREAD_SINGLE, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    int err = weft_mpi_run(MPI_COMM_WORLD, job, NULL,
                           WEFT_MPI_CONFIG(.start = start, .said = said, .said_bytes = sizeof said));
    printf("rank %d ended %d: %s\n", rank, err, said);
    MPI_Finalize();
    return err != 0;
}
