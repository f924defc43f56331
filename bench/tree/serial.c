/* SPDX-License-Identifier: MIT */
/* bench/tree/serial.c - the large tree without a runtime. */
#include "../common_serial.h"
#include "large.h"

static long sum(const struct node *node)
{
    if (!node)
        return 0;
    long left = sum(node->left);
    return left + sum(node->right) + node->value;
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_serial();
    return large_measure(&b, sum);
}
