/* SPDX-License-Identifier: MIT */
/*
 * thumbnail.c - decode, crop, shrink, encode.
 *
 * - libjpeg decodes at 1/8, 1/4, 1/2 or full size, whichever is the smallest that is fine enough: most of
 *   the inverse DCT is never computed. An exact mean over areas does the rest.
 * - libjpeg reports errors by a call that must not return: guarded() is where that call comes out.
 */
#include "thumbnail.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jpeglib.h>

#include <jerror.h>

#include "new_file.h"

/* ---- buffers and errors ---- */

static int fail(struct thumbnailer *t, const char *what, const char *why)
{
    snprintf(t->error, sizeof t->error, "%s%s%s", what, why ? ": " : "", why ? why : "");
    return -1;
}

static int reserve(struct thumbnailer *t, struct thumbnail_buffer *b, size_t bytes)
{
    b->bytes = bytes;
    if (b->data && bytes <= b->room)
        return 0;
    free(b->data);
    b->data = malloc(bytes ? bytes : 1);
    b->room = b->data ? bytes : 0;
    b->bytes = b->room;
    return b->data ? 0 : fail(t, "out of memory", NULL);
}

void thumbnailer_fini(struct thumbnailer *t)
{
    free(t->file.data);
    free(t->row.data);
    free(t->square.data);
    free(t->small.data);
    free(t->jpeg.data);
    memset(t, 0, sizeof *t);
}

/* ---- libjpeg and its errors ---- */

/* A picture on its way through libjpeg. */
struct work {
    struct thumbnailer *t;
    const unsigned char *data;
    size_t bytes;
    unsigned size;
    unsigned side; /* of t->square */
    struct jpeg_decompress_struct in;
    struct jpeg_compress_struct out;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
};

static _Noreturn void give_up(struct work *w)
{
    longjmp(w->failed, 1);
}

static _Noreturn void on_error(j_common_ptr info)
{
    struct work *w = info->client_data;
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    fail(w->t, text, NULL);
    give_up(w);
}

/* Warnings are errors where a part of the picture is missing; the others are odd, but harmless. */
static void on_message(j_common_ptr info, int level)
{
    if (level >= 0)
        return;
    switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
        on_error(info);
    default:
        break;
    }
}

/* A few bytes can ask for thousands of scans over a huge picture. */
static void on_progress(j_common_ptr info)
{
    struct work *w = info->client_data;
    if (info->is_decompressor && w->in.input_scan_number > THUMBNAIL_SCANS_MAX) {
        fail(w->t, "the picture has too many scans", NULL);
        give_up(w);
    }
}

/* Runs one step; comes back with -1 if libjpeg, or the step itself, gave up. */
static int guarded(struct work *w, void (*step)(struct work *w))
{
    if (setjmp(w->failed))
        return -1;
    step(w);
    return 0;
}

/* ---- decode ---- */

/* Of the sizes that libjpeg computes fast, the smallest whose shorter side has `size` pixels. */
static void choose_scale(struct jpeg_decompress_struct *in, unsigned size)
{
    unsigned shorter = in->image_width < in->image_height ? in->image_width : in->image_height;
    in->scale_denom = 8;
    for (in->scale_num = 1; in->scale_num < 8; in->scale_num *= 2)
        if ((uint64_t)shorter * in->scale_num / 8 >= size)
            break;
}

static void read_header(struct work *w)
{
    struct jpeg_decompress_struct *in = &w->in;
    jpeg_create_decompress(in);
    in->progress = &w->progress;
    jpeg_mem_src(in, w->data, (unsigned long)w->bytes);
    jpeg_read_header(in, TRUE);
    if ((uint64_t)in->image_width * in->image_height > THUMBNAIL_PICTURE_MAX) {
        char text[64];
        snprintf(text, sizeof text, "%u x %u pixels", in->image_width, in->image_height);
        fail(w->t, "the picture is too large", text);
        give_up(w);
    }
    int inks = in->jpeg_color_space == JCS_CMYK || in->jpeg_color_space == JCS_YCCK;
    in->out_color_space = inks ? JCS_CMYK : JCS_RGB; /* libjpeg makes RGB of everything but inks */
    choose_scale(in, w->size);
}

/* n pixels of CMYK to RGB. Adobe's programs, which make nearly all of these files, store 255 - ink. */
static void copy_inks(unsigned char *rgb, const unsigned char *cmyk, size_t n, int adobe)
{
    unsigned flip = adobe ? 0 : 255;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            rgb[3 * i + c] = (unsigned char)((cmyk[4 * i + c] ^ flip) * (cmyk[4 * i + 3] ^ flip) / 255);
}

static void decode(struct work *w)
{
    struct jpeg_decompress_struct *in = &w->in;
    struct thumbnailer *t = w->t;
    read_header(w);
    jpeg_start_decompress(in);
    unsigned width = in->output_width, height = in->output_height;
    w->side = width < height ? width : height;
    unsigned left = (width - w->side) / 2, top = (height - w->side) / 2;
    size_t pixel = (size_t)in->output_components, line = 3 * (size_t)w->side;
    if (reserve(t, &t->row, width * pixel) || reserve(t, &t->square, w->side * line))
        give_up(w);
    while (in->output_scanline < height) { /* to the end: only then it is known to be whole */
        unsigned y = in->output_scanline - top;
        jpeg_read_scanlines(in, &t->row.data, 1);
        if (y >= w->side) /* above or below; y is unsigned */
            continue;
        if (pixel == 4)
            copy_inks(t->square.data + y * line, t->row.data + left * pixel, w->side, in->saw_Adobe_marker);
        else
            memcpy(t->square.data + y * line, t->row.data + left * pixel, line);
    }
    jpeg_finish_decompress(in);
}

/* ---- shrink ---- */

/* The source pixels under a pixel of the thumbnail, along one axis. Lengths are counted in parts so small
 * that a source pixel has `size` of them and a thumbnail's pixel `side`. */
struct span {
    unsigned first, last;
};

static struct span span_of(unsigned target, unsigned side, unsigned size)
{
    return (struct span){target * side / size, ((target + 1) * side - 1) / size};
}

/* How much of the source pixel lies under the target. */
static uint64_t overlap(unsigned source, unsigned target, unsigned side, unsigned size)
{
    unsigned begin = source * size, end = begin + size;
    unsigned low = target * side, high = low + side;
    return (end < high ? end : high) - (begin > low ? begin : low);
}

static void mean(unsigned char rgb[3], const unsigned char *square, unsigned tx, unsigned ty,
                 const struct work *w)
{
    unsigned side = w->side, size = w->size;
    struct span xs = span_of(tx, side, size), ys = span_of(ty, side, size);
    uint64_t sum[3] = {0}, area = (uint64_t)side * side;
    for (unsigned y = ys.first; y <= ys.last; y++) {
        uint64_t high = overlap(y, ty, side, size);
        for (unsigned x = xs.first; x <= xs.last; x++) {
            const unsigned char *source = square + 3 * ((size_t)y * side + x);
            uint64_t weight = high * overlap(x, tx, side, size);
            for (int c = 0; c < 3; c++)
                sum[c] += weight * source[c];
        }
    }
    for (int c = 0; c < 3; c++)
        rgb[c] = (unsigned char)((sum[c] + area / 2) / area);
}

static int shrink(struct work *w)
{
    struct thumbnailer *t = w->t;
    size_t line = 3 * (size_t)w->size;
    if (reserve(t, &t->small, w->size * line))
        return -1;
    for (unsigned y = 0; y < w->size; y++)
        for (unsigned x = 0; x < w->size; x++)
            mean(t->small.data + y * line + 3 * (size_t)x, t->square.data, x, y, w);
    return 0;
}

/* ---- encode ---- */

static void encode(struct work *w)
{
    struct jpeg_compress_struct *out = &w->out;
    struct thumbnailer *t = w->t;
    size_t padded = w->size + 16; /* the bound of libjpeg-turbo's tjBufSize: the buffer never moves */
    if (reserve(t, &t->jpeg, 6 * padded * padded + 2048))
        give_up(w);
    unsigned long bytes = (unsigned long)t->jpeg.room;
    jpeg_create_compress(out);
    jpeg_mem_dest(out, &t->jpeg.data, &bytes);
    out->image_width = out->image_height = w->size;
    out->input_components = 3;
    out->in_color_space = JCS_RGB;
    jpeg_set_defaults(out);
    jpeg_set_quality(out, 85, TRUE);
    jpeg_start_compress(out, TRUE);
    while (out->next_scanline < w->size) {
        JSAMPROW line = t->small.data + out->next_scanline * 3 * (size_t)w->size;
        jpeg_write_scanlines(out, &line, 1);
    }
    jpeg_finish_compress(out);
    t->jpeg.bytes = bytes;
}

int thumbnail_make(struct thumbnailer *t, const unsigned char *data, size_t bytes, unsigned size)
{
    struct work w = {.t = t, .data = data, .bytes = bytes, .size = size};
    if (size < 1 || size > THUMBNAIL_SIZE_MAX)
        return fail(t, "no such size", NULL);
    w.in.err = w.out.err = jpeg_std_error(&w.errors);
    w.in.client_data = w.out.client_data = &w;
    w.errors.error_exit = on_error;
    w.errors.emit_message = on_message;
    w.progress.progress_monitor = on_progress;
    int err = guarded(&w, decode);
    jpeg_destroy_decompress(&w.in);
    if (err || shrink(&w))
        return -1;
    err = guarded(&w, encode);
    jpeg_destroy_compress(&w.out);
    return err;
}

/* ---- files ---- */

static int read_all(struct thumbnailer *t, int fd)
{
    struct stat s;
    if (fstat(fd, &s))
        return fail(t, strerror(errno), NULL);
    if (!S_ISREG(s.st_mode))
        return fail(t, "not a regular file", NULL);
    if (s.st_size > (off_t)THUMBNAIL_FILE_MAX)
        return fail(t, "the file is too large", NULL);
    if (reserve(t, &t->file, (size_t)s.st_size))
        return -1;
    size_t got = 0;
    ssize_t n = 1;
    while (got < t->file.bytes && n > 0) {
        n = read(fd, t->file.data + got, t->file.bytes - got);
        if (n > 0)
            got += (size_t)n;
    }
    t->file.bytes = got; /* less if somebody cut it meanwhile */
    return n < 0 ? fail(t, strerror(errno), NULL) : 0;
}

int thumbnail_load(struct thumbnailer *t, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* do not wait for a named pipe's writer */
    if (fd < 0)
        return fail(t, strerror(errno), NULL);
    int err = read_all(t, fd);
    close(fd);
    return err;
}

int thumbnail_save(struct thumbnailer *t, int dir, const char *name)
{
    struct new_file file;
    int error = new_file_open(&file, dir) ? errno : 0;
    if (!error) {
        error = new_file_write(&file, t->jpeg.data, t->jpeg.bytes) ? errno : 0;
        if (new_file_close(&file, error ? NULL : name) && !error)
            error = errno;
    }
    return error ? fail(t, "cannot write the thumbnail", strerror(error)) : 0;
}
