/* SPDX-License-Identifier: MIT */
/* bench/nqueens/weft.c - queens with an array of handles, joined in reverse. */
#include "../common_weft.h"
#include "nqueens.h"

static weft_pool *pool;

WEFT_TASK(long, queens, struct board)

long queens(struct board b)
{
    weft_handle(queens) children[QUEENS_MAX];
    int n = 0;
    long sum = 0;
    if (board_full(b))
        return 1;
    for (unsigned free = board_free(b); free; free &= free - 1)
        weft_fork_at(queens, &children[n++], board_put(b, free));
    while (n-- > 0)
        sum += weft_join(queens, children[n]);
    return sum;
}

struct call {
    struct board board;
    long sum;
};

static void root(void *ctx)
{
    struct call *c = ctx;
    c->sum = queens(c->board);
}

static long enter(struct board b)
{
    struct call c = {b, 0};
    bench_must("weft_run", weft_run(pool, root, &c));
    return c.sum;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    pool = bench_weft(&b);
    int status = queens_measure(&b, enter);
    bench_must("weft_pool_destroy", weft_pool_destroy(pool));
    return status;
}
