/* SPDX-License-Identifier: MIT */
/* bench/quota/openmp.c - the loops alone, guided: fib by tasks takes minutes here. */
#include "../common_openmp.h"
#include "quota.h"

static int threads;

static void run_loop(bool many, long begin, long end)
{
#pragma omp parallel for num_threads(many ? threads : 1) schedule(guided)
    for (long i = begin; i < end; i++)
        quota_items(i, i + 1);
}

static int in_group(const struct bench *b)
{
    static const struct quota_api api = {NULL, run_loop};
    bench_openmp_version();
    omp_set_dynamic(0);
    threads = b->workers;
    return quota_measure(b, &api);
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    return group_run(QUOTA_US, QUOTA_PERIOD_US, in_group, &b);
}
