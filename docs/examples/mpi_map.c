/* SPDX-License-Identifier: MIT */
/*
 * mpi_map.c - thumbnails of many photographs, over the ranks of an MPI program. All ranks see the same files.
 *
 *     mpirun -n 4 mpi_map [-r] -o OUTDIR DIR_OR_FILE...
 *
 * Rank 0 makes the list and submits, the others work: each picture is an item of weft_executor_map, which goes as two names and
 * comes back as a number and a sentence. A rank works on as many at the same time as its pool has workers, with a thumbnailer
 * for each. With mpirun -n 1 all is done here.
 *
 * Output, by rank 0: how many were made by how many ranks; with -r before that, in the order of the list, which rank made which
 * thumbnail; on standard error what failed and why.
 * Exit status: 0 all made, 1 some failed, 2 nothing was begun.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weft/bulk.h>
#include <weft/local.h>
#include <weft/mpi.h>

#include "photos.h"
#include "thumbnail.h"

enum { PIXELS = 75 };

struct item {
    char path[1024], name[256];
};

struct made {
    int rank;
    char why_not[256];
};

struct request {
    const char *output;
    int show_rank, failed;
    struct photos photos;
};

static int rank, ranks;

/* ---- on any rank --------------------------------------------------------------------------------- */

static weft_local *thumbnailers; /* a struct thumbnailer for each worker of the rank's pool */
static int directory;

static int make(struct thumbnailer *t, const struct item *item)
{
    return thumbnail_load(t, item->path) || thumbnail_make(t, t->file.data, t->file.bytes, PIXELS) ||
           thumbnail_save(t, directory, item->name);
}

/* in: a struct item; out: a struct made. */
static int make_item(void *out, const void *in, void *ctx)
{
    struct made *made = out;
    struct thumbnailer *t = weft_local_get(thumbnailers);
    (void)ctx;
    made->rank = rank;
    if (!t)
        return -ENOMEM;
    int failed = make(t, in);
    snprintf(made->why_not, sizeof made->why_not, "%s", failed ? t->error : "");
    return 0;
}

static void fini(void *thumbnailer, void *ctx)
{
    (void)ctx;
    thumbnailer_fini(thumbnailer);
}

/* ---- on rank 0 ----------------------------------------------------------------------------------- */

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "mpi_map: %s: %s\n", what, why);
    return 0;
}

/* Photographs must not be replaced by their thumbnails. */
static int add(struct photos *photos, const char *path, const char *output)
{
    if (photos_are_in(path, output))
        return complain(path, "the thumbnails must go elsewhere");
    return photos_add(photos, path) ? complain(path, strerror(errno)) : 1;
}

/* The list, and the directory; 0: it said why not. */
static int prepare(struct request *r, char **paths)
{
    if (mkdir(r->output, 0777) && errno != EEXIST)
        return complain(r->output, strerror(errno));
    for (; *paths; paths++)
        if (!add(&r->photos, *paths, r->output))
            return 0;
    for (size_t i = 0; i < r->photos.n; i++)
        if (strlen(r->photos.at[i].path) >= sizeof((struct item *)0)->path)
            return complain(r->photos.at[i].path, strerror(ENAMETOOLONG));
    return r->photos.n ? 1 : complain(*(paths - 1), "no pictures found");
}

static size_t show(const struct request *r, const struct made *made, const int *status)
{
    size_t failed = 0;
    for (size_t i = 0; i < r->photos.n; i++) {
        const char *why_not = status[i] ? weft_strerror(status[i]) : made[i].why_not;
        failed += *why_not != 0;
        if (*why_not)
            (void)complain(r->photos.at[i].path, why_not);
        else if (r->show_rank)
            printf("%d %s\n", made[i].rank, r->photos.at[i].name);
    }
    printf("%zu pictures, %d ranks, %zu failed\n", r->photos.n, ranks, failed);
    return failed;
}

static int map(weft_executor *executor, const struct request *r, struct item *items, struct made *made,
               int *status)
{
    for (size_t i = 0; i < r->photos.n; i++) {
        snprintf(items[i].path, sizeof items[i].path, "%s", r->photos.at[i].path);
        snprintf(items[i].name, sizeof items[i].name, "%s", r->photos.at[i].name);
    }
    int err = weft_executor_map(executor, make_item, items, sizeof *items, made, sizeof *made, r->photos.n,
                                WEFT_MAP_CONFIG(.on_error = WEFT_COLLECT, .status = status));
    if (!err || err == WEFT_EITEM)
        return show(r, made, status) ? 1 : 0;
    (void)complain("the map", weft_strerror(err));
    return 2;
}

static void job(weft_executor *executor, void *arg)
{
    struct request *r = arg;
    size_t n = r->photos.n;
    struct item *items = calloc(n, sizeof *items);
    struct made *made = calloc(n, sizeof *made);
    int *status = calloc(n, sizeof *status);
    if (items && made && status)
        r->failed = map(executor, r, items, made, status);
    else
        r->failed = 2 + complain("the map", strerror(ENOMEM));
    free(items);
    free(made);
    free(status);
}

/* ---- all of them together ------------------------------------------------------------------------ */

static int run(struct request *r)
{
    char said[200] = "";
    directory = open(r->output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        (void)complain(r->output, strerror(errno)); /* so will each item say that this rank works on */
    int err = weft_local_create(&thumbnailers, NULL,
                                WEFT_LOCAL_CONFIG(.bytes = sizeof(struct thumbnailer), .fini = fini));
    if (!err)
        err = weft_mpi_run(MPI_COMM_WORLD, job, r, WEFT_MPI_CONFIG(.said = said, .said_bytes = sizeof said));
    if (err && rank == 0)
        (void)complain(weft_strerror(err), said);
    weft_local_destroy(thumbnailers);
    (void)close(directory);
    return err ? 2 : r->failed;
}

/* All ranks have the same command line; what rank 0 makes of it all follow. */
static int start(int argc, char **argv)
{
    struct request r = {.failed = 0};
    int option, ready = 0;
    while ((option = getopt(argc, argv, "ro:")) == 'r' || option == 'o') {
        r.show_rank |= option == 'r';
        r.output = option == 'o' ? optarg : r.output;
    }
    if (rank == 0 && (option != -1 || !r.output || optind == argc))
        fputs("usage: mpirun -n RANKS mpi_map [-r] -o OUTDIR DIR_OR_FILE...\n", stderr);
    else if (rank == 0)
        ready = prepare(&r, argv + optind);
    MPI_Bcast(&ready, 1, MPI_INT, 0, MPI_COMM_WORLD);
    int status = ready ? run(&r) : 2;
    photos_fini(&r.photos);
    return status;
}

int main(int argc, char **argv)
{
    int level;
    opterr = 0;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int status = start(argc, argv);
    MPI_Finalize();
    return status;
}
