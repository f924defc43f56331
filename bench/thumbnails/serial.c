/* SPDX-License-Identifier: MIT */
/* bench/thumbnails/serial.c - the pictures one after the other. */
#include "../common_serial.h"
#include "pictures.h"

static void run(void *pictures)
{
    struct pictures *p = pictures;
    struct thumbnailer t = {0};
    for (size_t i = 0; i < p->n; i++)
        p->sums[i] = picture_sum(&p->at[i], &t);
    thumbnailer_fini(&t);
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_serial();
    return pictures_measure(&b, run);
}
