/* SPDX-License-Identifier: MIT */
/* bench/sim/must.h - what has to hold, in every build, or a sentence and the end. */
#ifndef SIM_MUST_H
#define SIM_MUST_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static inline void sim_must(bool holds, const char *otherwise)
{
    if (holds)
        return;
    fprintf(stderr, "sim: %s\n", otherwise);
    exit(1);
}

/* Zeroed. */
static inline void *sim_alloc(size_t bytes)
{
    void *memory = calloc(1, bytes);
    sim_must(memory, "no memory");
    return memory;
}

#endif
