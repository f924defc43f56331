/* SPDX-License-Identifier: MIT */
/* bench/thumbnails/weft.c - a map; the thumbnailers are worker-local. */
#include "../common_weft.h"
#include "pictures.h"

static weft_pool *pool;

static int item(void *out, const void *in, void *ctx)
{
    struct thumbnailer *t = weft_local_get(ctx);
    uint64_t *sum = out;
    *sum = t ? picture_sum(in, t) : 0;
    return *sum == 0;
}

static void fini(void *thumbnailer, void *ctx)
{
    (void)ctx;
    thumbnailer_fini(thumbnailer);
}

static void run(void *pictures)
{
    struct pictures *p = pictures;
    weft_local *local;
    bench_must("weft_local_create",
               weft_local_create(&local, pool,
                                 WEFT_LOCAL_CONFIG(.bytes = sizeof(struct thumbnailer), .fini = fini)));
    bench_must("weft_parallel_map", weft_parallel_map(pool, item, p->at, sizeof *p->at, p->sums,
                                                      sizeof *p->sums, p->n, WEFT_MAP_CONFIG(.ctx = local)));
    weft_local_destroy(local);
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    pool = bench_weft(&b);
    int status = pictures_measure(&b, run);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}
