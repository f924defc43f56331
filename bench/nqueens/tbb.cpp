/* SPDX-License-Identifier: MIT */
/* bench/nqueens/tbb.cpp - queens with a task group a row. */
#include "../common_tbb.h"
#include "nqueens.h"

static bench_tbb *tbb_;

static long queens(board b)
{
    long sums[QUEENS_MAX], sum = 0;
    int n = 0;
    if (board_full(b))
        return 1;
    tbb::task_group group;
    for (unsigned free = board_free(b); free; free &= free - 1) {
        board child = board_put(b, free);
        long *to = &sums[n++];
        group.run([child, to] { *to = queens(child); });
    }
    group.wait();
    while (n-- > 0)
        sum += sums[n];
    return sum;
}

static long enter(board b)
{
    return tbb_->arena.execute([b] { return queens(b); });
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    bench_tbb t(b);
    tbb_ = &t;
    return queens_measure(&b, enter);
}
