/* SPDX-License-Identifier: MIT */
/*
 * thumbnails - turns photographs into thumbnails on all cores: what weft is for, in one program.
 *
 * - One weft_parallel_map over the list of pictures. It collects: a broken picture is reported, the
 *   others are made.
 * - The buffers of thumbnail.h are worker-local: made once a worker, not once a picture.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weft/weft.h>

#include "job.h"
#include "photos.h"
#include "thumbnail.h"

static const char help[] =
    "usage: thumbnails [options] DIR_OR_FILE... -o OUTDIR\n"
    "Makes a square JPEG thumbnail of each JPEG file: the middle of the picture, scaled down.\n"
    "Of a directory: the files in it, not below, that end in .jpg, .jpeg or .jpe.\n"
    "\n"
    "  -o, --output DIR   where the thumbnails go; is created\n"
    "      --size N       pixels on a side (75)\n"
    "      --workers N    threads that work; 0: the default pool (0)\n"
    "      --serial       no pool: one after the other\n"
    "      --repeat N     go round the pictures until N thumbnails are made: for measurements\n"
    "      --quiet        print nothing but what failed\n"
    "      --help         this text\n"
    "\n"
    "Exit status: 0 all made; 1 some failed, named on standard error; 2 nothing was begun.\n";

struct options {
    const char *output;
    unsigned size;
    int workers;
    size_t repeat;
    bool quiet;
};

/* What all items share. */
struct run {
    weft_local *thumbnailers; /* a struct thumbnailer for each worker */
    int output;               /* the directory */
    unsigned size;
    struct job_progress progress;
};

/* ---- the parallel part ---- */

static int make(struct thumbnailer *t, const struct photo *photo, const struct run *run)
{
    if (thumbnail_load(t, photo->path))
        return -1;
    if (thumbnail_make(t, t->file.data, t->file.bytes, run->size))
        return -1;
    return thumbnail_save(t, run->output, photo->name);
}

/* One item of the map. in: a struct photo; out: where the reason goes if it fails (NULL: no memory). */
static int make_item(void *out, const void *in, void *ctx)
{
    char **reason = out;
    struct run *run = ctx;
    struct thumbnailer *t = weft_local_get(run->thumbnailers);
    int err = t ? make(t, in, run) : -1;
    if (err && t)
        *reason = strdup(t->error);
    job_progress_step(&run->progress);
    return err;
}

static void fini(void *thumbnailer, void *ctx)
{
    (void)ctx;
    thumbnailer_fini(thumbnailer);
}

static int make_all(weft_pool *pool, const struct photos *photos, struct run *run, int *status,
                    char **reasons)
{
    int err = weft_local_create(&run->thumbnailers, pool,
                                WEFT_LOCAL_CONFIG(.bytes = sizeof(struct thumbnailer), .fini = fini));
    if (err)
        return err;
    err =
        weft_parallel_map(pool, make_item, photos->at, sizeof *photos->at, reasons, sizeof *reasons,
                          photos->n, WEFT_MAP_CONFIG(.on_error = WEFT_COLLECT, .ctx = run, .status = status));
    weft_local_destroy(run->thumbnailers);
    return err;
}

/* ---- before it ---- */

static struct options parse(int argc, char **argv)
{
    static const struct option known[] = {{"output", 1, NULL, 'o'},  {"size", 1, NULL, 's'},
                                          {"workers", 1, NULL, 'w'}, {"repeat", 1, NULL, 'r'},
                                          {"serial", 0, NULL, '1'},  {"quiet", 0, NULL, 'q'},
                                          {"help", 0, NULL, 'h'},    {NULL, 0, NULL, 0}};
    struct options o = {.size = 75};
    for (int c; (c = getopt_long(argc, argv, "o:", known, NULL)) != -1;) {
        if (c == 'o')
            o.output = optarg;
        else if (c == 's')
            o.size = (unsigned)job_number("size", optarg, 1, THUMBNAIL_SIZE_MAX);
        else if (c == 'w')
            o.workers = (int)job_number("workers", optarg, 0, WEFT_WORKERS_MAX);
        else if (c == 'r')
            o.repeat = (size_t)job_number("repeat", optarg, 1, 100000000);
        else if (c == '1')
            o.workers = WEFT_NONE;
        else if (c == 'q')
            o.quiet = true;
        else if (c == 'h')
            exit(fputs(help, stdout) < 0 ? 2 : 0);
        else
            exit(2); /* getopt said why */
    }
    if (!o.output || optind == argc)
        job_die("%s is missing; --help tells more", o.output ? "the directory of photographs" : "-o OUTDIR");
    return o;
}

/* Photographs must not be replaced by their thumbnails. What cannot be read will fail as broken pictures do. */
static void add(struct photos *photos, const char *path, const char *output)
{
    if (photos_are_in(path, output))
        job_die("%s holds photographs: the thumbnails must go elsewhere", output);
    if (photos_add(photos, path))
        job_die("cannot read %s: %s", path, strerror(errno));
}

/* ---- after it ---- */

static size_t report_failures(const struct photos *photos, const int *status, char **reasons)
{
    size_t failed = 0;
    for (size_t i = 0; i < photos->n; i++) {
        if (!status[i])
            continue;
        fprintf(stderr, "thumbnails: %s: %s\n", photos->at[i].path,
                reasons[i] ? reasons[i] : "out of memory");
        free(reasons[i]);
        failed++;
    }
    return failed;
}

/* Makes the pool, runs it over the pictures, reports; returns how many failed. */
static size_t run_and_report(const struct options *o, const struct photos *photos, int output)
{
    struct run run = {.output = output, .size = o->size, .progress = {.n = photos->n}};
    int *status = calloc(photos->n, sizeof *status);
    char **reasons = calloc(photos->n, sizeof *reasons);
    if (!status || !reasons)
        job_die("%s", strerror(errno));

    job_progress_begin(&run.progress, o->quiet);
    double start = job_now();
    weft_pool *pool = job_pool(o->workers);
    int err = make_all(pool, photos, &run, status, reasons);
    double seconds = job_now() - start;
    if (err && err != WEFT_EITEM)
        job_die("%s", weft_strerror(err));
    int workers = weft_pool_workers(pool);
    weft_pool_destroy(pool);

    job_progress_end(&run.progress);
    size_t failed = report_failures(photos, status, reasons);
    if (!o->quiet)
        printf("%zu pictures in %.3f s, %.1f pictures/s, %d workers, %zu failed\n", photos->n, seconds,
               (double)photos->n / seconds, workers, failed);
    free(status);
    free(reasons);
    return failed;
}

int main(int argc, char **argv)
{
    struct options o = parse(argc, argv);
    struct photos photos = {0};
    int output = job_output(o.output);
    for (int i = optind; i < argc; i++)
        add(&photos, argv[i], o.output);
    if (!photos.n)
        job_die("no pictures found");
    if (o.repeat && photos_repeat(&photos, o.repeat))
        job_die("%s", strerror(errno));
    size_t failed = run_and_report(&o, &photos, output);
    photos_fini(&photos);
    close(output);
    return failed ? 1 : 0;
}
