/* SPDX-License-Identifier: MIT */
/*
 * bench/mpi/farm.c - the floor below tasks one by one: bare sends and receives of MPI, a number there and back, also with many
 * bytes, at most so many on the way to each rank; and below the skewed items: equal parts of that work, one for each rank.
 */
#include <mpi.h>

#include "ranks.h"

enum { AHEAD = 64, TAG = 1, WORK = 2, END = 3, WORDS = LONG / sizeof(long) };

struct farm {
    int ranks; /* that serve: 1 to ranks */
    bool quick;
    long wrong;
};

static void serve(void)
{
    static long number[WORDS];
    MPI_Status from;
    int words;
    for (;;) {
        MPI_Recv(number, WORDS, MPI_LONG, 0, MPI_ANY_TAG, MPI_COMM_WORLD, &from);
        if (from.MPI_TAG == END)
            return;
        if (from.MPI_TAG == WORK)
            ranks_work(number[0]);
        number[0]++;
        MPI_Get_count(&from, MPI_LONG, &words);
        MPI_Send(number, words, MPI_LONG, 0, TAG, MPI_COMM_WORLD);
    }
}

static void send(int rank, long number, int tag)
{
    MPI_Send(&number, 1, MPI_LONG, rank, tag, MPI_COMM_WORLD);
}

/* From whom it came. */
static int receive(long *number)
{
    MPI_Status from;
    MPI_Recv(number, 1, MPI_LONG, MPI_ANY_SOURCE, TAG, MPI_COMM_WORLD, &from);
    return from.MPI_SOURCE;
}

static void there_and_back(long calls, void *farm)
{
    struct farm *f = farm;
    for (long i = 0, back; i < calls; i++) {
        send(1 + (int)(i % f->ranks), i, TAG);
        (void)receive(&back);
        f->wrong += back != i + 1;
    }
}

static void long_there_and_back(long calls, void *farm)
{
    static long number[WORDS];
    struct farm *f = farm;
    for (long i = 0; i < calls; i++) {
        int rank = 1 + (int)(i % f->ranks);
        number[0] = i;
        MPI_Send(number, WORDS, MPI_LONG, rank, TAG, MPI_COMM_WORLD);
        MPI_Recv(number, WORDS, MPI_LONG, rank, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        f->wrong += number[0] != i + 1;
    }
}

static void all(void *farm)
{
    struct farm *f = farm;
    long sent = 0, sum = 0, back;
    for (; sent < (long)AHEAD * f->ranks; sent++)
        send(1 + (int)(sent % f->ranks), sent, TAG);
    for (long came = 0; came < TASKS; came++) {
        int rank = receive(&back);
        sum += back;
        if (sent < TASKS)
            send(rank, sent++, TAG);
    }
    f->wrong += sum != (long)TASKS * (TASKS + 1) / 2;
}

static void work_equally(void *farm)
{
    struct farm *f = farm;
    long cost = ranks_total(f->quick) / f->ranks, back;
    for (int rank = 1; rank <= f->ranks; rank++)
        send(rank, cost, WORK);
    for (int rank = 1; rank <= f->ranks; rank++) {
        (void)receive(&back);
        f->wrong += back != cost + 1;
    }
}

static int lead(const struct bench *b)
{
    struct farm f = {.ranks = b->workers, .quick = b->quick};
    char version[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    MPI_Get_library_version(version, &length);
    version[strcspn(version, ",\n")] = '\0';
    bench_version(version);
    bench_print("hot-time", bench_time_batch(there_and_back, &f) * 1e6, "us");
    bench_print("long-time", bench_time_batch(long_there_and_back, &f) * 1e6, "us");
    bench_print("task-time", bench_time(all, &f) / TASKS * 1e6, "us");
    bench_print("equal-parts", ranks_equal_parts(work_equally, &f, b), "x");
    for (int rank = 1; rank <= f.ranks; rank++)
        send(rank, 0, END);
    return bench_check("what came back wrong", f.wrong, 0);
}

int main(int argc, char **argv)
{
    int rank, status = 0;
    MPI_Init(&argc, &argv);
    struct bench b = bench_args(argc, argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0)
        status = lead(&b);
    else
        serve();
    MPI_Finalize();
    return status;
}
