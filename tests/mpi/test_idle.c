/* SPDX-License-Identifier: MIT */
/*
 * test_idle.c - ranks that have nothing to do leave the processors to others. Run by tests/mpi/launch.
 *
 * For two seconds nothing is submitted. What each process has used of them says it itself: the submitting rank, whose job
 * sleeps, and all others in the start of an executor beside, one before and one after. It is not a matter of latency, nor of how
 * busy the machine is: who has naps uses little of any.
 * Once the calling thread of rank 0 calls MPI, once a thread of the executor's.
 */
#include "ranks.h"

#include <sys/resource.h>
#include <time.h>

enum { MOST = 20 }; /* per cent of one processor */

static struct {
    double wall, cpu; /* seconds */
} before;

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static int notes(void *arg)
{
    (void)arg;
    before.wall = seconds(CLOCK_MONOTONIC);
    before.cpu = cpu_seconds();
    return 0;
}

static int compares(void *arg)
{
    double wall = seconds(CLOCK_MONOTONIC) - before.wall, cpu = cpu_seconds() - before.cpu;
    (void)arg;
    return before.wall > 0 && 100 * cpu < MOST * wall ? 0 : weft_fail(1, "%.2f s of %.2f s", cpu, wall);
}

static void everywhere(weft_executor *first, int (*start)(void *arg))
{
    char said[200] = "";
    weft_executor *e;
    int err = weft_mpi_executor_beside(
        &e, first, WEFT_MPI_CONFIG(.start = start, .said = said, .said_bytes = sizeof said));
    CHECK(!err, "%s: %s", weft_strerror(err), said);
    if (!err)
        CHECK(!weft_executor_destroy(e), "destroy");
}

static void rests(weft_executor *e, void *arg)
{
    (void)arg;
    CHECK(!wrong_squares(e, 1000), "it works"); /* so all have begun */
    everywhere(e, notes);
    notes(NULL);
    nanosleep(&(struct timespec){.tv_sec = 2}, NULL);
    CHECK(!compares(NULL), "rank 0: %.2f s of %.2f s", cpu_seconds() - before.cpu,
          seconds(CLOCK_MONOTONIC) - before.wall);
    everywhere(e, compares);
}

int main(int argc, char **argv)
{
    weft_executor *e = NULL;
    tally_watch(360);
    int level = begin_ranks(argc, argv, MPI_THREAD_SERIALIZED);
    int err = weft_mpi_run(MPI_COMM_WORLD, rests, NULL, NULL);
    CHECK(!err, "run: %s", weft_strerror(err));
    err = weft_mpi_executor(&e, MPI_COMM_WORLD, NULL);
    CHECK(!err && level >= MPI_THREAD_SERIALIZED, "executor: %s", weft_strerror(err));
    if (e) {
        rests(e, NULL);
        CHECK(!weft_executor_destroy(e), "destroy");
    }
    MPI_Finalize();
    return end_ranks();
}
