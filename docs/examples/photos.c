/* SPDX-License-Identifier: MIT */
/*
 * photos.c - collects paths and gives each a name of its own for its thumbnail.
 */
#include "photos.h"

#include <dirent.h>
#include <libgen.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* 1: the name was free and is in the tree now; 0: it is taken. */
static int claim(struct photos *photos, char *name)
{
    char **found = tsearch(name, &photos->names, compare);
    return found ? *found == name : -1;
}

/* round: the first number worth a try */
static char *new_name(struct photos *photos, const char *path, size_t round)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    size_t stem = dot && dot != base ? (size_t)(dot - base) : strlen(base), room = stem + 32;
    char *name = malloc(room);
    for (int claimed = 0; name && claimed <= 0; round++) {
        int end = snprintf(name, room, "%.*s", (int)stem, base);
        if (round > 1)
            end += snprintf(name + end, room - (size_t)end, "-%zu", round);
        snprintf(name + end, room - (size_t)end, ".jpg");
        claimed = claim(photos, name);
        if (claimed < 0) {
            free(name);
            name = NULL;
        }
    }
    return name;
}

static int add(struct photos *photos, const char *path, size_t round)
{
    if (photos->n == photos->room) {
        size_t room = photos->room ? 2 * photos->room : 64;
        struct photo *at = reallocarray(photos->at, room, sizeof *at);
        if (!at)
            return -1;
        photos->at = at;
        photos->room = room;
    }
    struct photo *photo = &photos->at[photos->n];
    photo->path = strdup(path);
    photo->name = photo->path ? new_name(photos, path, round) : NULL;
    if (!photo->name) {
        free(photo->path);
        return -1;
    }
    photos->n++;
    return 0;
}

static bool is_directory(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static int has_suffix(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && (!strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg") || !strcasecmp(dot, ".jpe"));
}

static int add_entry(struct photos *photos, const char *dir, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", dir, name) < 0)
        return -1;
    int err = is_directory(path) ? 0 : add(photos, path, 1);
    free(path);
    return err;
}

static int add_directory(struct photos *photos, const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, has_suffix, alphasort), err = n < 0 ? -1 : 0;
    for (int i = 0; i < n; i++) {
        if (!err)
            err = add_entry(photos, path, entries[i]->d_name);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return err;
}

int photos_add(struct photos *photos, const char *path)
{
    return is_directory(path) ? add_directory(photos, path) : add(photos, path, 1);
}

static bool is_same(const char *one, const char *other)
{
    struct stat a, b;
    return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool photos_are_in(const char *path, const char *directory)
{
    char *copy = strdup(path);
    bool same = copy && is_same(is_directory(path) ? path : dirname(copy), directory);
    free(copy);
    return same;
}

static void cut(struct photos *photos, size_t n)
{
    while (photos->n > n) {
        struct photo *last = &photos->at[--photos->n];
        tdelete(last->name, &photos->names, compare);
        free(last->path);
        free(last->name);
    }
}

int photos_repeat(struct photos *photos, size_t n)
{
    int err = 0;
    for (size_t once = photos->n, i = once; i < n && !err; i++)
        err = add(photos, photos->at[i % once].path, i / once + 1);
    cut(photos, n);
    return err;
}

void photos_fini(struct photos *photos)
{
    cut(photos, 0);
    free(photos->at);
    *photos = (struct photos){0};
}
