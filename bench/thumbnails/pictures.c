/* SPDX-License-Identifier: MIT */
/*
 * bench/thumbnails/pictures.c - loads or computes the photographs, times the run, verifies it.
 */
#include "pictures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "../../docs/examples/photos.h"

enum { SIZE = 75, PICTURES = 160, QUICK = 32, COMPUTED = 16, WIDTH = 1600, HEIGHT = 1200 };

static void die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

/* ---- photographs: a list that the pictures of a run go round ---- */

struct album {
    struct picture *at;
    size_t n;
};

static struct album load(const char *directory)
{
    struct photos photos = {0};
    struct thumbnailer t = {0};
    if (photos_add(&photos, directory) || photos.n == 0)
        die(directory, "no photographs can be read there");
    struct album album = {bench_alloc(photos.n * sizeof *album.at), photos.n};
    for (size_t i = 0; i < photos.n; i++) {
        if (thumbnail_load(&t, photos.at[i].path))
            die(photos.at[i].path, t.error);
        unsigned char *copy = bench_alloc(t.file.bytes + 1);
        memcpy(copy, t.file.data, t.file.bytes);
        album.at[i] = (struct picture){copy, t.file.bytes};
    }
    thumbnailer_fini(&t);
    photos_fini(&photos);
    return album;
}

/* splitmix64 */
static uint64_t random_bits(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* A line of picture `which`: gradients that differ, and noise of 0 to 60 levels. */
static void draw_line(unsigned char *line, unsigned y, unsigned which, uint64_t *state)
{
    for (unsigned x = 0; x < WIDTH; x++) {
        uint64_t noise = random_bits(state);
        for (unsigned c = 0; c < 3; c++) {
            unsigned slope = x * (which + c + 1) / 16 + y * (17 - which) * (c + 1) / 32;
            line[3 * x + c] = (unsigned char)(slope % 192 + (noise >> (16 * c) & 0xffff) * 4 * which / 65536);
        }
    }
}

static struct picture compute(unsigned which)
{
    static unsigned char line[3 * WIDTH];
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct out = {.err = jpeg_std_error(&errors)};
    unsigned char *jpeg = NULL;
    unsigned long bytes = 0;
    uint64_t state = which;
    JSAMPROW row = line;
    jpeg_create_compress(&out);
    jpeg_mem_dest(&out, &jpeg, &bytes);
    out.image_width = WIDTH;
    out.image_height = HEIGHT;
    out.input_components = 3;
    out.in_color_space = JCS_RGB;
    jpeg_set_defaults(&out);
    jpeg_set_quality(&out, 90, TRUE);
    jpeg_start_compress(&out, TRUE);
    while (out.next_scanline < HEIGHT) {
        draw_line(line, out.next_scanline, which, &state);
        jpeg_write_scanlines(&out, &row, 1);
    }
    jpeg_finish_compress(&out);
    jpeg_destroy_compress(&out);
    return (struct picture){jpeg, bytes};
}

static struct album compute_all(void)
{
    struct album album = {bench_alloc(COMPUTED * sizeof *album.at), COMPUTED};
    for (unsigned i = 0; i < COMPUTED; i++)
        album.at[i] = compute(i);
    return album;
}

/* ---- thumbnails and their sums ---- */

static uint64_t fnv1a(const unsigned char *data, size_t bytes)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ data[i]) * 0x100000001b3;
    return hash;
}

uint64_t picture_sum(const struct picture *picture, struct thumbnailer *t)
{
    if (thumbnail_make(t, picture->jpeg, picture->bytes, SIZE))
        return 0;
    return fnv1a(t->jpeg.data, t->jpeg.bytes);
}

/* The serial loop: once over the album. */
static uint64_t *reference(const struct album *album)
{
    uint64_t *sums = bench_alloc(album->n * sizeof *sums);
    struct thumbnailer t = {0};
    for (size_t i = 0; i < album->n; i++) {
        sums[i] = picture_sum(&album->at[i], &t);
        if (!sums[i])
            die("a photograph cannot be used", t.error);
    }
    thumbnailer_fini(&t);
    return sums;
}

static int verify(const struct pictures *p, const uint64_t *expected, size_t n)
{
    long wrong = 0;
    for (size_t i = 0; i < p->n; i++)
        wrong += p->sums[i] != expected[i % n];
    return bench_check("the number of wrong thumbnails", wrong, 0);
}

/* ---- a run ---- */

/* The threads are started by a few pictures that do not count. */
static double time_run(struct pictures *p, void (*run)(void *pictures))
{
    struct pictures few = *p;
    few.n = p->n < 8 ? p->n : 8;
    run(&few);
    memset(p->sums, 0, p->n * sizeof *p->sums);
    return bench_once(run, p);
}

int pictures_measure(const struct bench *b, void (*run)(void *pictures))
{
    const char *directory = getenv("WEFT_BENCH_PHOTOS");
    struct album album = directory ? load(directory) : compute_all();
    uint64_t *expected = reference(&album);
    struct pictures p = {.n = b->quick ? QUICK : PICTURES};
    p.at = bench_alloc(p.n * sizeof *p.at);
    p.sums = bench_alloc(p.n * sizeof *p.sums);
    for (size_t i = 0; i < p.n; i++)
        p.at[i] = album.at[i % album.n];
    double seconds = time_run(&p, run);
    bench_print("pictures_per_second", (double)p.n / seconds, "1/s");
    int status = verify(&p, expected, album.n);
    for (size_t i = 0; i < album.n; i++)
        free((void *)(uintptr_t)album.at[i].jpeg);
    free(album.at);
    free(expected);
    free(p.at);
    free(p.sums);
    return status;
}
