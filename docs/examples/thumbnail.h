/* SPDX-License-Identifier: MIT */
/*
 * thumbnail.h - one JPEG photograph in, one small square JPEG out; no thread, no runtime.
 *
 *     struct thumbnailer t = {0};
 *     if (thumbnail_load(&t, "in.jpg") || thumbnail_make(&t, t.file.data, t.file.bytes, 75) ||
 *         thumbnail_save(&t, AT_FDCWD, "out.jpg"))
 *         puts(t.error);
 *     thumbnailer_fini(&t);
 *
 * A thumbnailer holds the buffers that one thread at a time works with; they grow to the largest picture
 * it met. Every function returns 0, or -1 with a sentence in `error`.
 */
#ifndef THUMBNAIL_H
#define THUMBNAIL_H

#include <stddef.h>

#define THUMBNAIL_SIZE_MAX 4096              /* pixels on a side */
#define THUMBNAIL_PICTURE_MAX (1UL << 28)    /* pixels; a progressive one needs 6 bytes for each */
#define THUMBNAIL_FILE_MAX ((size_t)1 << 30) /* bytes */
#define THUMBNAIL_SCANS_MAX 100              /* of a progressive picture; usual are 10 */

struct thumbnail_buffer {
    unsigned char *data;
    size_t bytes, room; /* bytes <= room */
};

struct thumbnailer {
    struct thumbnail_buffer file;   /* what thumbnail_load read */
    struct thumbnail_buffer row;    /* one decoded line */
    struct thumbnail_buffer square; /* the middle of the picture, RGB, about as fine as is needed */
    struct thumbnail_buffer small;  /* the thumbnail, RGB */
    struct thumbnail_buffer jpeg;   /* what thumbnail_make made */
    char error[256];
};

/* Frees the buffers. A thumbnailer starts as all zeros. */
void thumbnailer_fini(struct thumbnailer *t);

/* Reads a regular file into t->file. */
int thumbnail_load(struct thumbnailer *t, const char *path);

/* Makes the thumbnail, size x size pixels, of the JPEG at data into t->jpeg: the middle square of the
 * picture, each pixel the mean of the area that it covers. A damaged or truncated picture is an error. */
int thumbnail_make(struct thumbnailer *t, const unsigned char *data, size_t bytes, unsigned size);

/* Writes t->jpeg to the file `name` in the directory `dir`: all of it or nothing. */
int thumbnail_save(struct thumbnailer *t, int dir, const char *name);

#endif
