/* SPDX-License-Identifier: MIT */
/*
 * tune - what bounds two jobs: thumbnails of photographs (the job of thumbnails.c), and calls that only wait.
 *
 *     tune DIR_OR_FILE...     without photographs: the second job alone
 *
 * Two tables come out, each with a last line that says what bounds the job. Exit status: 0; 1 something failed; 2 usage.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <weft/weft.h>

#include "photos.h"
#include "thumbnail.h"

#define PHOTOS_MOST 48
#define CALLS 24
#define BUDGET_NS INT64_C(6000000000)

/* The thumbnail is made, and not written: ctx has a thumbnailer for each thread. */
static int make_thumbnail(void *out, const void *in, void *ctx)
{
    const struct photo *photo = in;
    struct thumbnailer *t = weft_local_get(ctx);
    (void)out;
    if (!t)
        return -ENOMEM;
    if (!thumbnail_load(t, photo->path) && !thumbnail_make(t, t->file.data, t->file.bytes, 75))
        return 0;
    fprintf(stderr, "%s: %s\n", photo->path, t->error);
    return -EIO;
}

static void fini(void *thumbnailer, void *ctx)
{
    (void)ctx;
    thumbnailer_fini(thumbnailer);
}

/* As a host would that is asked for something. */
static int call_somebody(void *out, const void *in, void *ctx)
{
    struct timespec t = {.tv_nsec = 5000000};
    (void)out;
    (void)in;
    (void)ctx;
    nanosleep(&t, NULL);
    return 0;
}

static int tune(const char *name, weft_item_fn *fn, const void *in, size_t size, size_t n, void *ctx)
{
    weft_tuning t = {.size = sizeof t};
    int err = weft_tune(fn, in, size, NULL, 0, n, WEFT_TUNE_CONFIG(.ctx = ctx, .budget_ns = BUDGET_NS), &t);
    if (err) {
        fprintf(stderr, "tune: %s: %s\n", name, weft_strerror(err));
        return 1;
    }
    printf("%s: ", name);
    fflush(stdout);
    return weft_tune_print(&t, STDOUT_FILENO) != 0;
}

static int tune_thumbnails(const struct photos *photos)
{
    weft_local *thumbnailers;
    int err = weft_local_create(&thumbnailers, NULL,
                                WEFT_LOCAL_CONFIG(.bytes = sizeof(struct thumbnailer), .fini = fini));
    if (err) {
        fprintf(stderr, "tune: %s\n", weft_strerror(err));
        return 1;
    }
    int failed = tune("thumbnails", make_thumbnail, photos->at, sizeof *photos->at,
                      photos->n < PHOTOS_MOST ? photos->n : PHOTOS_MOST, thumbnailers);
    weft_local_destroy(thumbnailers);
    return failed;
}

static int add(struct photos *photos, const char *path)
{
    struct stat s;
    int err = stat(path, &s) ? -1 : photos_add(photos, path);
    if (err)
        fprintf(stderr, "tune: %s: %s\n", path, strerror(errno));
    return err;
}

int main(int argc, char **argv)
{
    struct photos photos = {0};
    int failed = 0;
    for (int i = 1; i < argc; i++)
        if (add(&photos, argv[i]))
            return 2;
    if (photos.n)
        failed = tune_thumbnails(&photos);
    failed |= tune("calls", call_somebody, NULL, 0, CALLS, NULL);
    photos_fini(&photos);
    return failed;
}
