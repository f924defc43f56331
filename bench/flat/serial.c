/* SPDX-License-Identifier: MIT */
/* bench/flat/serial.c - a million calls. */
#include "../common_serial.h"
#include "flat.h"

static void spawn(long tasks)
{
    for (long i = 0; i < tasks; i++)
        flat_task();
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_serial();
    return flat_measure(&b, spawn);
}
