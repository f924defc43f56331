/* SPDX-License-Identifier: MIT */
/*
 * numbers.h - what the event loops of the examples work on: lines with numbers in, their prime factors out.
 *
 * No loop and no descriptor is known here. A number is made by the loop's thread, belongs to its task while that lasts,
 * and comes back as the tag of its future.
 */
#ifndef NUMBERS_H
#define NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NUMBERS_MAX 256 /* numbers that are worked on at a time: with more, input waits where it is */

struct number {
    uint64_t value;
    uint64_t factors[64];
    int n;
};

/* The number of a line, to be freed; NULL with errno: it is none. */
struct number *number_parse(const char *line);

/* A task of weft, arg: struct number. Takes up to a minute of processor time; stops early, with -ECANCELED, if asked. */
int number_factor(void *arg);

/* One line: "12 = 2 * 2 * 3", or "12: " and why there is no answer; status: of its task. */
void number_print(const struct number *number, int status);

/* Text that was read, and is cut into lines. Starts as all zeros. */
struct input {
    char text[4096];
    size_t bytes, cut; /* of text; of it, how many were given out */
    bool ended;        /* nothing more will be read */
};

/* Where `*room` bytes may be read to; then bytes += what was read. Lines given out before are gone. */
char *input_room(struct input *input, size_t *room);

/* The next whole line, or what stands before the end, or 4,095 bytes of a longer one; NULL: none now. */
char *input_line(struct input *input);

#endif
