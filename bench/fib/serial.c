/* SPDX-License-Identifier: MIT */
/* bench/fib/serial.c - fib without a runtime. */
#include "../common_serial.h"
#include "fib.h"

FIB_CALL static long fib(long n)
{
    if (n < 2)
        return n;
    return fib(n - 1) + fib(n - 2);
}

int main(int argc, char **argv)
{
    struct bench b = bench_args(argc, argv);
    bench_serial();
    return fib_measure(&b, fib);
}
