/* SPDX-License-Identifier: MIT */
/*
 * test_waits.c - under tests/mpi/launch --eager messages do wait for their receiver, with MPI alone.
 *
 *     test_waits LIMIT
 *
 * A message from rank 0 to rank 1 that is longer than LIMIT is not sent 50 ms later, while nobody receives it, and is as soon as
 * somebody does. That of a few bytes is sent at once, so sent and not sent are told apart. Rank 0 checks and prints.
 */
#include <mpi.h>
#include <stdbool.h>
#include <stdlib.h>

#include "../fault/tally.h"

enum { MESSAGE = 1, GO = 2, LOOK_MS = 50 };

static int rank;

/* For that long, or until it is. */
static bool is_sent(MPI_Request *request)
{
    const double end = MPI_Wtime() + LOOK_MS / 1e3;
    int done = 0;
    while (!done && MPI_Wtime() < end)
        MPI_Test(request, &done, MPI_STATUS_IGNORE);
    return done;
}

static void sends(char *bytes, int count, bool waits)
{
    MPI_Request request;
    MPI_Isend(bytes, count, MPI_BYTE, 1, MESSAGE, MPI_COMM_WORLD, &request);
    bool sent = is_sent(&request);
    CHECK(sent != waits, "%d bytes, without a receiver: %s", count, sent ? "sent" : "not sent");
    MPI_Send(NULL, 0, MPI_BYTE, 1, GO, MPI_COMM_WORLD);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
}

static void receives(char *bytes, int count)
{
    MPI_Recv(NULL, 0, MPI_BYTE, 0, GO, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Recv(bytes, count, MPI_BYTE, 0, MESSAGE, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static void all(const int *count, int counts)
{
    for (int i = 0; i < counts; i++) {
        char *bytes = calloc(1, (size_t)count[i]);
        if (rank == 0)
            sends(bytes, count[i], i > 0);
        else if (rank == 1)
            receives(bytes, count[i]);
        free(bytes);
    }
}

int main(int argc, char **argv)
{
    const int limit = argc > 1 ? atoi(argv[1]) : 0;
    if (limit < 16)
        return 2;
    tally_watch(360);
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    all((int[]){limit / 16, limit + 1, 2 * limit, 16 * limit, 1024 * limit}, 5);
    MPI_Finalize();
    return rank ? atomic_load(&tally_failed) != 0 : tally_end();
}
