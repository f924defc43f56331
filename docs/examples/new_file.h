/* SPDX-License-Identifier: MIT */
/*
 * new_file.h - a file that nobody sees by half: written under another name, renamed when it is complete.
 *
 * One at a time in a thread. Functions return 0, or -1 with errno set.
 */
#ifndef NEW_FILE_H
#define NEW_FILE_H

#include <stddef.h>

struct new_file {
    int dir, fd;
    char temporary[32];
};

/* Begins a file in the directory dir, which stays open meanwhile. */
int new_file_open(struct new_file *file, int dir);

/* Appends all of it. */
int new_file_write(struct new_file *file, const void *data, size_t bytes);

/* Gives it its name, in place of what has it; or NULL: it is removed. Nothing is left of it after an error. */
int new_file_close(struct new_file *file, const char *name);

#endif
