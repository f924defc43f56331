/* SPDX-License-Identifier: MIT */
/*
 * make_doubles - writes a file of doubles, the same for the same seed: input for batch_stats.
 *
 * Two in three lie evenly from -1 to 1, one in three near 10^6. Numbers by splitmix64 (Steele, Lea, Flood 2014).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static double number(uint64_t *state)
{
    uint64_t bits = next(state);
    double x = (double)(bits >> 11) * 0x1p-52 - 1;
    return bits % 3 ? x : 1e6 + x;
}

int main(int argc, char **argv)
{
    static double values[8192];
    if (argc != 4) {
        fputs("usage: make_doubles FILE BYTES SEED\n", stderr);
        return 2;
    }
    uint64_t left = strtoull(argv[2], NULL, 10), state = strtoull(argv[3], NULL, 10);
    FILE *file = fopen(argv[1], "wb");
    while (file && left) {
        size_t bytes = left < sizeof values ? (size_t)left : sizeof values;
        for (size_t i = 0; i < sizeof values / sizeof *values; i++)
            values[i] = number(&state);
        if (fwrite(values, 1, bytes, file) != bytes)
            break;
        left -= bytes;
    }
    if (file && !fclose(file) && !left)
        return 0;
    perror(argv[1]);
    return 1;
}
