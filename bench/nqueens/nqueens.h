/* SPDX-License-Identifier: MIT */
/*
 * bench/nqueens/nqueens.h - all ways to put 12 queens on a board: a loop of forks at every row.
 *
 *  - A board is three sets of bits: columns taken, and the two diagonals as the next row meets them.
 *  - A child gets its own copy of the board, by value.
 */
#ifndef BENCH_NQUEENS_H
#define BENCH_NQUEENS_H

#include "../common.h"

#define QUEENS_MAX 16

struct board {
    unsigned all; /* a bit for each column */
    unsigned columns, left, right;
};

/* The columns of the next row that no queen attacks. */
static inline unsigned board_free(struct board b)
{
    return b.all & ~(b.columns | b.left | b.right);
}

/* The board with one more row, its queen in the lowest column of `free`. */
static inline struct board board_put(struct board b, unsigned free)
{
    unsigned queen = free & (0U - free);
    b.columns |= queen;
    b.left = (b.left | queen) << 1;
    b.right = (b.right | queen) >> 1;
    return b;
}

static inline bool board_full(struct board b)
{
    return b.columns == b.all;
}

struct queens_run {
    long (*queens)(struct board b);
    int n;
    long result;
};

static inline void queens_once(void *ctx)
{
    struct queens_run *q = (struct queens_run *)ctx;
    struct board empty = {(1U << q->n) - 1, 0, 0, 0};
    BENCH_HIDE(empty.all);
    q->result = q->queens(empty);
}

static inline int queens_measure(const struct bench *b, long (*queens)(struct board b))
{
    struct queens_run q = {queens, b->quick ? 9 : 12, 0};
    double seconds = bench_time(queens_once, &q);
    bench_print("time", seconds * 1e3, "ms");
    return bench_check("the number of solutions", q.result, b->quick ? 352 : 14200);
}

#endif
