/* SPDX-License-Identifier: MIT */
/*
 * slice.h - what one task of batch_stats does: a part of a file is read and summed up.
 */
#ifndef SLICE_H
#define SLICE_H

#include <stdbool.h>
#include <stdint.h>

#include "summary.h"

/* A file, as it was when the job began. */
struct input {
    const char *name;
    int64_t bytes, seconds, nanoseconds; /* its size, -1: it cannot be read; when it was changed */
};

struct slice {
    const struct input *input;
    const struct summary_bounds *bounds;
    int64_t offset, bytes;
    bool done;
    struct summary summary;
};

/* Has a look at the file. error: NULL, or why there is nothing to be read. */
struct input input_of(const char *name, const char **error);

/* A task; its argument is a struct slice, with the summary of nothing. If it fails it has said why. */
int slice_run(void *slice);

#endif
