/* SPDX-License-Identifier: MIT */
/* bench/thumbnails/openmp.c - a dynamic loop, picture by picture; a thumbnailer for each thread. */
#include "../common_openmp.h"
#include "pictures.h"

static void run(void *pictures)
{
    struct pictures *p = pictures;
#pragma omp parallel
    {
        struct thumbnailer t = {0};
#pragma omp for schedule(dynamic)
        for (size_t i = 0; i < p->n; i++)
            p->sums[i] = picture_sum(&p->at[i], &t);
        thumbnailer_fini(&t);
    }
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_openmp(&b);
    return pictures_measure(&b, run);
}
