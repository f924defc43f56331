/* SPDX-License-Identifier: MIT */
/*
 * photos.h - the list of pictures to work on: where each is, and the name that its thumbnail gets.
 *
 * Functions that return int: 0, or -1 with errno set. Names of thumbnails are never the same twice:
 * a.jpg, then a-2.jpg, a-3.jpg.
 */
#ifndef PHOTOS_H
#define PHOTOS_H

#include <stdbool.h>
#include <stddef.h>

struct photo {
    char *path;
    char *name; /* of the thumbnail */
};

struct photos {
    struct photo *at;
    size_t n, room;
    void *names; /* all names given, a tree of tsearch(3) */
};

/* Adds a file, whatever it is, if it is there or not; of a directory the files in it, not below, that end in .jpg, .jpeg or .jpe;
 * sorted. */
int photos_add(struct photos *photos, const char *path);

/* Is it this directory, or a file in it? There its photographs would be replaced by their thumbnails. */
bool photos_are_in(const char *path, const char *directory);

/* Goes round the list until it has n entries, or cuts it to n; n and the list are not empty. */
int photos_repeat(struct photos *photos, size_t n);

/* Frees everything. A list starts as all zeros. */
void photos_fini(struct photos *photos);

#endif
