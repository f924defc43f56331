/* SPDX-License-Identifier: MIT */
/* bench/nqueens/serial.c - queens without a runtime. */
#include "../common_serial.h"
#include "nqueens.h"

static long queens(struct board b)
{
    if (board_full(b))
        return 1;
    long sum = 0;
    for (unsigned free = board_free(b); free; free &= free - 1)
        sum += queens(board_put(b, free));
    return sum;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_serial();
    return queens_measure(&b, queens);
}
