/* SPDX-License-Identifier: MIT */
/*
 * mpi_map.c - checksums of many files, over the ranks of an MPI program. All ranks see the same files.
 *
 *     mpirun -n 4 mpi_map [-r] FILE...
 *
 * Rank 0 submits, the others read: each file is an item of weft_executor_map, which goes as a name and comes back as a few
 * numbers. A rank runs as many at the same time as its pool has workers. With mpirun -n 1 all is done here.
 *
 * Output, by rank 0, a line for each file in the order of the command line: Adler-32 (RFC 1950), bytes, with -r the rank
 * that has read it, name; or the name and why not.
 * Exit status: 0, 1 if a file could not be read, 2 for a wrong command line or if the ranks could not begin.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weft/bulk.h>
#include <weft/mpi.h>

struct item {
    char name[1024];
};

struct sum {
    uint64_t bytes;
    uint32_t adler;
    int rank;
};

struct request {
    int show_rank, failed, count;
    char **names;
};

static int rank;

/* ---- on any rank --------------------------------------------------------------------------------- */

static uint32_t adler(uint32_t sum, const unsigned char *bytes, size_t count)
{
    uint32_t low = sum & 0xffff, high = sum >> 16;
    for (size_t i = 0; i < count; i++) {
        low = (low + bytes[i]) % 65521;
        high = (high + low) % 65521;
    }
    return high << 16 | low;
}

/* What a file became; the item's status is 0 or errno. */
static int sum_file(void *out, const void *in, void *ctx)
{
    static const size_t at_once = 1 << 16;
    struct sum *sum = out;
    FILE *file = fopen(((const struct item *)in)->name, "rb");
    unsigned char *bytes = malloc(at_once);
    size_t got;
    (void)ctx;
    *sum = (struct sum){.adler = 1, .rank = rank};
    while (file && bytes && (got = fread(bytes, 1, at_once, file)) != 0) {
        sum->adler = adler(sum->adler, bytes, got);
        sum->bytes += got;
    }
    int status = !file || !bytes || ferror(file) ? errno : 0;
    free(bytes);
    if (file)
        (void)fclose(file);
    return status;
}

/* ---- on rank 0 ----------------------------------------------------------------------------------- */

static void show(const struct request *r, int i, const struct sum *sum, int status)
{
    if (status)
        printf("%s: %s\n", r->names[i], status > 0 ? strerror(status) : weft_strerror(status));
    else if (r->show_rank)
        printf("%08x %12llu %4d %s\n", sum->adler, (unsigned long long)sum->bytes, sum->rank, r->names[i]);
    else
        printf("%08x %12llu %s\n", sum->adler, (unsigned long long)sum->bytes, r->names[i]);
}

static int map(weft_executor *ranks, const struct request *r, struct item *items, struct sum *sums,
               int *status)
{
    for (int i = 0; i < r->count; i++)
        snprintf(items[i].name, sizeof items[i].name, "%s", r->names[i]);
    int err = weft_executor_map(ranks, sum_file, items, sizeof *items, sums, sizeof *sums, (size_t)r->count,
                                WEFT_MAP_CONFIG(.on_error = WEFT_COLLECT, .status = status));
    if (err && err != WEFT_EITEM) {
        fprintf(stderr, "mpi_map: %s\n", weft_strerror(err));
        return err;
    }
    for (int i = 0; i < r->count; i++)
        show(r, i, &sums[i], status[i]);
    return err;
}

static void job(weft_executor *ranks, void *arg)
{
    struct request *r = arg;
    size_t n = (size_t)r->count;
    struct item *items = calloc(n, sizeof *items);
    struct sum *sums = calloc(n, sizeof *sums);
    int *status = calloc(n, sizeof *status);
    r->failed = !items || !sums || !status || map(ranks, r, items, sums, status);
    free(items);
    free(sums);
    free(status);
}

/* All ranks have the same command line, and come to the same answer; rank 0 says it. */
static int usage(void)
{
    if (rank == 0)
        fputs("usage: mpirun -n RANKS mpi_map [-r] FILE...\n", stderr);
    return 2;
}

static int run(int argc, char **argv)
{
    struct request r = {.failed = 0};
    char said[200] = "";
    int option;
    while ((option = getopt(argc, argv, "r")) == 'r')
        r.show_rank = 1;
    if (option != -1 || optind == argc)
        return usage();
    r.names = argv + optind;
    r.count = argc - optind;
    int err = weft_mpi_run(MPI_COMM_WORLD, job, &r, WEFT_MPI_CONFIG(.said = said, .said_bytes = sizeof said));
    if (err && rank == 0)
        fprintf(stderr, "mpi_map: %s: %s\n", weft_strerror(err), said);
    return err ? 2 : r.failed;
}

int main(int argc, char **argv)
{
    int level;
    opterr = 0;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    int status = run(argc, argv);
    MPI_Finalize();
    return status;
}
