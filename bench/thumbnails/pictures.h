/* SPDX-License-Identifier: MIT */
/*
 * bench/thumbnails/pictures.h - the project's main job without its files: decode, shrink, encode, in memory.
 *
 *  - 160 pictures a run (32 quick), made of the photographs in the directory WEFT_BENCH_PHOTOS, or, without
 *    it, of 16 that are computed: gradients with more or less noise, 1600 x 1200, the same everywhere.
 *  - Each thumbnail is reduced to a checksum; all are compared with those of a serial loop made before.
 */
#ifndef BENCH_PICTURES_H
#define BENCH_PICTURES_H

#include <stdint.h>

#include "../common.h"

#ifdef __cplusplus
extern "C" {
#endif

#include "../../docs/examples/thumbnail.h"

struct picture {
    const unsigned char *jpeg;
    size_t bytes;
};

struct pictures {
    size_t n;
    struct picture *at;
    uint64_t *sums; /* of the thumbnails: what a run fills in */
};

/* One item: the thumbnail's checksum; 0 if there was an error. */
uint64_t picture_sum(const struct picture *picture, struct thumbnailer *t);

/* Measures run(struct pictures *), which fills in all sums; prints and verifies: the exit status of main. */
int pictures_measure(const struct bench *b, void (*run)(void *pictures));

#ifdef __cplusplus
}
#endif
#endif
