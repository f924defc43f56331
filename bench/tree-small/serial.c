/* SPDX-License-Identifier: MIT */
/* bench/tree-small/serial.c - the small tree without a runtime. */
#include "../common_serial.h"
#include "small.h"

static long sum(const struct node *node)
{
    if (!node)
        return 0;
    long left = sum(node->left);
    return left + sum(node->right) + node->value;
}

/* The compiler does not see through this: each call is made anew. */
static long (*volatile sum_again)(const struct node *) = sum;

static void calls_of_sum(long calls, void *ctx)
{
    struct small *s = ctx;
    for (long i = 0; i < calls; i++)
        small_note(s, sum_again(s->root));
}

int main(int argc, char **argv)
{
    (void)bench_args(argc, argv);
    bench_serial();
    return small_measure(calls_of_sum, calls_of_sum);
}
