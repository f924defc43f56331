/* SPDX-License-Identifier: MIT */
/* bench/thumbnails/tbb.cpp - parallel_for with the automatic partitioner, down to one picture. */
#include "../common_tbb.h"
#include "pictures.h"

#include <tbb/enumerable_thread_specific.h>

static bench_tbb *tbb_;

static void loop(struct pictures *p)
{
    tbb::enumerable_thread_specific<thumbnailer> thumbnailers([] { return thumbnailer(); });
    tbb::parallel_for(
        tbb::blocked_range<std::size_t>(0, p->n, 1),
        [&](const tbb::blocked_range<std::size_t> &range) {
            thumbnailer &t = thumbnailers.local();
            for (std::size_t i = range.begin(); i != range.end(); i++)
                p->sums[i] = picture_sum(&p->at[i], &t);
        },
        tbb::auto_partitioner());
    for (thumbnailer &t : thumbnailers)
        thumbnailer_fini(&t);
}

static void run(void *pictures)
{
    tbb_->arena.execute([pictures] { loop(static_cast<struct pictures *>(pictures)); });
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    bench_tbb t(b);
    tbb_ = &t;
    return pictures_measure(&b, run);
}
